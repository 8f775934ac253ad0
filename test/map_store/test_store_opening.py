import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from map_changes import changes

from reobj.association.store import schema
from reobj.association.store.map_store import MapStore
from reobj.association.store.reading import read_map
from reobj.errors import MapFileError, MapVersionError, StorageError

NOBODY = 65534

OPEN = """
import sys
from reobj.association.store.map_store import MapStore
from reobj.association.store.reading import read_map
from reobj.errors import MapFileError
for opened in (MapStore, read_map):
    try:
        opened(sys.argv[1])
    except MapFileError as error:
        print(error)
"""


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "room.map"
    with MapStore(made) as store:
        store.put(changes(1, 2))
    return made


@contextmanager
def without_write_access(folder: Path, file: Path):
    """As somebody who may read, but not write there; even when the tests run as root."""
    root = os.geteuid() == 0
    above = [(p, p.stat().st_mode) for p in (folder, *folder.parents) if p.stat().st_uid == os.geteuid()]
    for place, mode in above:
        place.chmod(mode | 0o555)
    folder.chmod(0o555)
    file.chmod(0o444)
    try:
        if root:
            os.seteuid(NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)
        for place, mode in above:
            place.chmod(mode)


def test_a_second_process_is_told_that_the_map_is_in_use(path):
    with MapStore(path) as store:
        done = subprocess.run([sys.executable, "-c", OPEN, path], capture_output=True, text=True, timeout=60)
        store.put(changes(3))
    said = f"{path}: expected a map that nobody else has open, got one in use by another process"
    assert done.stdout.splitlines() == [said, said], done.stderr
    assert len(read_map(path).objects) == 3


def test_a_second_store_in_the_same_process_is_refused(path):
    with MapStore(path), pytest.raises(MapFileError, match="in use"):
        MapStore(path)


def test_a_map_that_is_not_there_is_not_made_by_reading_it(tmp_path):
    with pytest.raises(MapFileError, match="expected a map file, got nothing there"):
        read_map(tmp_path / "no.map")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("opened", [MapStore, read_map])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path, opened):
    path = tmp_path / "notes.txt"
    path.write_text("not a map " * 500)
    with pytest.raises(MapFileError, match="expected an undamaged object map, got file is not a database"):
        opened(path)
    assert path.read_text() == "not a map " * 500


@pytest.mark.parametrize("opened", [MapStore, read_map])
def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path, opened):
    path = tmp_path / "bag.db3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE messages (data BLOB)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(MapFileError, match="expected an object map, got an SQLite file of something else"):
        opened(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opened", [MapStore, read_map])
def test_a_newer_version_is_refused_and_left_alone(path, opened):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(MapVersionError, match=f"expected 1 to {schema.VERSION}, got {schema.VERSION + 1}"):
        opened(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opened", [MapStore, read_map])
def test_damaged_pages_are_found(path, opened):
    data = bytearray(path.read_bytes())
    data[4096 + 100 : 5 * 4096] = os.urandom(4 * 4096 - 100)
    path.write_bytes(data)
    with pytest.raises(MapFileError, match=r"room\.map"):
        opened(path)


@pytest.mark.parametrize("opened", [MapStore, read_map])
def test_a_file_that_was_cut_off_is_damaged(path, opened):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MapFileError, match=r"room\.map"):
        opened(path)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE prototypes SET embedding = x'00'",
        "UPDATE objects SET votes = '[1]'",
        "UPDATE objects SET votes = '{'",
        "UPDATE objects SET views = 'many'",
        "DELETE FROM objects WHERE object_id = 1",
        "DELETE FROM map",
        "INSERT INTO redirects VALUES (1, 1)",
    ],
)
def test_tables_that_hold_nonsense_are_damage(path, damage):
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(MapFileError, match=r"room\.map"):
        MapStore(path)
    with pytest.raises(MapFileError, match=r"room\.map"):
        read_map(path)


def test_an_empty_file_becomes_a_map(tmp_path):
    path = tmp_path / "empty.map"
    path.touch()
    MapStore(path).close()
    assert read_map(path).next_object_id == 1


def test_on_a_read_only_disk_a_map_can_be_read_but_not_opened(path):
    with without_write_access(path.parent, path):
        with pytest.raises(StorageError, match=r"cannot write .*room\.map"):
            MapStore(path)
        with pytest.raises(StorageError, match=r"cannot write .*new\.map"):
            MapStore(path.with_name("new.map"))
        assert len(read_map(path).objects) == 2


def test_a_folder_is_no_map(tmp_path):
    with pytest.raises(StorageError, match="cannot write"):
        MapStore(tmp_path)
