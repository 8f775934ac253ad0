"""Connections to map files: one process at a time, and clear words when one cannot be opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

from reobj.association.store import schema
from reobj.errors import MapFileError, ReobjError, StorageError, mismatch

#: three embeddings of 512 numbers fit on a page, and little else is written with one that changed
_PAGE_BYTES = 8192
#: beginnings of SQLite's messages
_BUSY = ("database is locked", "database table is locked")
_UNWRITABLE = (
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
    "UNIQUE constraint failed",
)
#: ids left out after a crash: more than are given out in the moment that is lost
SKIPPED_IDS = 1000
_SKIP = (
    "UPDATE map SET next_object_id = next_object_id + ?1, next_event_id = next_event_id + ?1, "
    "next_visit_id = next_visit_id + ?1"
)


@contextmanager
def explained(path: Path, access: Literal["read", "write"] = "write") -> Iterator[None]:
    """Turns the errors of SQLite and of the operating system into those of reobj.

    Raises:
        MapFileError: the file is damaged, in use by somebody else, or cannot be read.
        StorageError: nothing can be written, as the disk is full or read-only.
    """
    try:
        yield
    except ReobjError as error:
        raise type(error)(f"{path}: {error}") from error
    except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
        text = str(error)
        if text.startswith(_BUSY):
            got = "one in use by another process"
            raise MapFileError(mismatch(str(path), "a map that nobody else has open", got)) from error
        if access == "write" and text.startswith(_UNWRITABLE):
            raise StorageError(f"cannot write {path}: {text}") from error
        raise MapFileError(f"cannot {access} {path}: {text}") from error
    except (sqlite3.Error, UnicodeDecodeError) as error:  # names of damaged tables are no text any more
        raise MapFileError(mismatch(str(path), "an undamaged object map", str(error))) from error
    except OSError as error:
        raise StorageError(f"cannot {access} {path}: {error.strerror or error}") from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Opens a map, or makes an empty one, for this process alone until ``finish``.

    Whatever was committed before a crash is there again; ids that may have been given out since are left
    out. An older version is brought to the present one.

    Raises:
        MapFileError, MapVersionError: it is in use, damaged, no map, or of a newer version.
        StorageError: it cannot be written.
    """
    path = path.absolute()
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")  # from here on nobody else gets in, even between transactions
    new = schema.is_empty(connection)
    # ``finish`` leaves a file without a log: one that has it was not closed in order
    crashed = connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    if not new:
        schema.check_version(connection)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # less would lose commits when the plug is pulled
    if new:
        schema.create(connection)
    _check_pages(connection)
    schema.migrate(connection)
    if crashed:
        connection.execute(_SKIP, (SKIPPED_IDS,))


def finish(connection: sqlite3.Connection) -> None:
    """Closes a map that was opened for writing; afterwards it is one file that any disk can be read from."""
    with suppress(sqlite3.Error):  # what was committed stands in the file beside it and is found there
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


@contextmanager
def opened_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a map that exists, of the present version, while the block runs.

    The file is not changed, unless the process that wrote it was killed: then it is put in order first.

    Raises:
        MapFileError, MapVersionError: there is none, it is in use, damaged, no map, or of a newer version.
        StorageError: it must be put in order but cannot be written.
    """
    path = path.absolute()
    if not path.is_file():
        raise MapFileError(mismatch(str(path), "a map file", "nothing there"))
    if any(_size(path.with_name(path.name + suffix)) for suffix in ("-wal", "-journal")):
        finish(open_for_writing(path))
    with explained(path, "read"):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None)
        with closing(connection), closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            older = schema.check_version(connection) < schema.VERSION
            _check_pages(connection)
            if older:
                connection.backup(copy)
                schema.migrate(copy)
            yield copy if older else connection


def _check_pages(connection: sqlite3.Connection) -> None:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
