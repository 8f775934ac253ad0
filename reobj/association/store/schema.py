"""The tables of a map file, and the way from older versions of them to the present one."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping

from reobj.errors import MapFileError, MapVersionError, mismatch
from reobj.types import DecisionKind

#: "reob": tells a map from other SQLite files
APPLICATION_ID = 0x72656F62

_VISITS = """
CREATE TABLE visits (
    visit_id INTEGER PRIMARY KEY,
    object_id INTEGER NOT NULL,
    track_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    probability REAL NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    views INTEGER NOT NULL,
    votes TEXT NOT NULL,
    x REAL, y REAL, z REAL,
    extent_x REAL, extent_y REAL, extent_z REAL,
    orientation BLOB NOT NULL,
    covariance BLOB NOT NULL,
    moved INTEGER NOT NULL,
    last_pose BLOB NOT NULL
)"""

#: Blobs are little-endian float64, but for the embeddings, which are float32. NULL: not known.
#: Votes, object ids of an event and its details are JSON. A retired object keeps its row.
TABLES = f"""
CREATE TABLE map (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    uuid TEXT NOT NULL,
    model_name TEXT,
    model_hash TEXT,
    model_dim INTEGER,
    next_object_id INTEGER NOT NULL,
    next_event_id INTEGER NOT NULL,
    next_visit_id INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE objects (
    object_id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    state INTEGER NOT NULL,
    votes TEXT NOT NULL,
    x REAL, y REAL, z REAL,
    extent_x REAL, extent_y REAL, extent_z REAL,
    orientation BLOB NOT NULL,
    covariance BLOB NOT NULL,
    first_seen_ns INTEGER NOT NULL,
    last_seen_ns INTEGER NOT NULL,
    views INTEGER NOT NULL,
    visits INTEGER NOT NULL
);
{_VISITS};
CREATE TABLE prototypes (
    object_id INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    embedding BLOB NOT NULL,
    stamp_ns INTEGER NOT NULL,
    pose BLOB NOT NULL,
    visit_id INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (object_id, slot)
);
CREATE TABLE cannot_links (
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (low, high)
) WITHOUT ROWID;
CREATE TABLE redirects (
    old_id INTEGER PRIMARY KEY,
    new_id INTEGER NOT NULL
);
CREATE TABLE events (
    event_id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    stamp_ns INTEGER NOT NULL,
    object_ids TEXT NOT NULL,
    track_id INTEGER NOT NULL,
    probability REAL NOT NULL,
    absence_ns INTEGER NOT NULL,
    name TEXT NOT NULL,
    details TEXT NOT NULL,
    pose_then BLOB,
    pose_now BLOB
);
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
"""

#: (4, 4) NaN as a blob
_NO_POSE = "x'" + 16 * "000000000000f87f" + "'"

#: Version 1 knew no visits: each object gets one, of the same number, that holds all of it.
_TO_VERSION_2 = f"""
{_VISITS};
INSERT INTO visits
    SELECT object_id, object_id, 0, {DecisionKind.NEW:d}, 1.0, first_seen_ns, last_seen_ns, views, votes,
        x, y, z, extent_x, extent_y, extent_z, orientation, covariance, 0, {_NO_POSE} FROM objects;
UPDATE objects SET visits = 1;
ALTER TABLE prototypes ADD COLUMN visit_id INTEGER NOT NULL DEFAULT 0;
UPDATE prototypes SET visit_id = object_id;
ALTER TABLE map ADD COLUMN next_visit_id INTEGER NOT NULL DEFAULT 1;
UPDATE map SET next_visit_id = next_object_id;
ALTER TABLE events ADD COLUMN pose_then BLOB;
ALTER TABLE events ADD COLUMN pose_now BLOB;
"""

#: version to the statements that make the next one of it
MIGRATIONS: Mapping[int, str] = {1: _TO_VERSION_2}

VERSION = 1 + len(MIGRATIONS)


def create(connection: sqlite3.Connection) -> None:
    """Makes an empty map, in one transaction."""
    _in_one_transaction(
        connection,
        f"{TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        f"INSERT INTO map VALUES (1, '{uuid.uuid4()}', NULL, NULL, NULL, 1, 1, 1);",
    )


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever written there, so that a map may be made."""
    tables, application = connection.execute(
        "SELECT (SELECT count(*) FROM sqlite_master), application_id FROM pragma_application_id"
    ).fetchone()
    return bool(tables == 0 and application == 0)


def check_version(connection: sqlite3.Connection, newest: int = VERSION) -> int:
    """The version of the map.

    Raises:
        MapFileError: it is empty, or another kind of SQLite file.
        MapVersionError: it is newer than ``newest``.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        got = "an empty file" if is_empty(connection) else "an SQLite file of something else"
        raise MapFileError(mismatch("content", "an object map", got))
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not 1 <= version <= newest:
        raise MapVersionError(mismatch("version of the object map", f"1 to {newest}", version))
    return version


def migrate(
    connection: sqlite3.Connection, migrations: Mapping[int, str] = MIGRATIONS, newest: int = VERSION
) -> None:
    """Brings the map to the present version, one transaction for each step between two versions.

    Raises:
        MapFileError: as ``check_version``.
    """
    for version in range(check_version(connection, newest), newest):
        step = f"{migrations[version]}; PRAGMA user_version = {version + 1};"
        _in_one_transaction(connection, step)


def _in_one_transaction(connection: sqlite3.Connection, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {script} COMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
