import sqlite3
from pathlib import Path

import pytest
from map_changes import MODEL, assert_same, changes, event, links, objects, prototypes, visits

from reobj.association.store import schema
from reobj.association.store.map_store import MapStore
from reobj.association.store.reading import read_events, read_map
from reobj.errors import MapVersionError

#: a map as version 1 wrote it; it stays as it is when the tables change
VERSION_1 = Path(__file__).parent / "version_1.sql"

#: two later versions that never were
LATER = {
    schema.VERSION: "ALTER TABLE map ADD COLUMN frame_id TEXT; UPDATE map SET frame_id = 'map'",
    schema.VERSION + 1: "CREATE TABLE rooms (name TEXT); INSERT INTO rooms SELECT frame_id FROM map",
}


@pytest.fixture
def connection(tmp_path):
    path = tmp_path / "room.map"
    with MapStore(path) as store:
        store.put(changes(1))
    made = sqlite3.connect(path, isolation_level=None)
    yield made
    made.close()


@pytest.mark.parametrize("opened", [MapStore, read_map], ids=["writing", "reading"])
def test_a_map_of_version_1_opens(tmp_path, opened):
    path = tmp_path / "old.map"
    made = sqlite3.connect(path)
    made.executescript(VERSION_1.read_text())
    made.close()
    if opened is MapStore:
        MapStore(path).close()
    found = read_map(path)
    assert_same(found.objects, objects(1, 2))
    assert_same(found.visits, visits(1, 2))
    assert_same(found.prototypes, prototypes((1, 0), (2, 0)))
    assert found.cannot_links.tolist() == links((1, 2)).tolist()
    assert (found.model, found.redirects) == (MODEL, {9: 2})
    assert (found.next_object_id, found.next_event_id, found.next_visit_id) == (3, 2, 3)
    assert read_events(path) == (event(1, 2, kind=1, why="new"),)


def test_every_step_to_the_newest_version_is_made_in_turn(connection):
    schema.migrate(connection, LATER, schema.VERSION + 2)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION + 2,)
    assert connection.execute("SELECT name FROM rooms").fetchall() == [("map",)]
    assert connection.execute("SELECT object_id FROM objects").fetchall() == [(1,)]


def test_a_step_that_fails_leaves_the_version_before_it(connection):
    broken = {**LATER, schema.VERSION + 1: "CREATE TABLE rooms (name TEXT); SELECT nonsense FROM nowhere"}
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        schema.migrate(connection, broken, schema.VERSION + 2)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION + 1,)
    assert connection.execute("SELECT frame_id FROM map").fetchone() == ("map",)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'rooms'").fetchone() == (0,)


def test_a_migrated_map_is_too_new_for_the_program_before(connection):
    schema.migrate(connection, LATER, schema.VERSION + 2)
    with pytest.raises(MapVersionError):
        schema.migrate(connection)


def test_there_is_a_step_from_each_version_before_the_present_one():
    assert sorted(schema.MIGRATIONS) == list(range(1, schema.VERSION))
