import logging
import shutil
import threading
import time

import pytest
from map_changes import changes, event

from reobj.association.store import writer as writer_module
from reobj.association.store.map_store import MapStore
from reobj.association.store.opening import open_for_writing
from reobj.association.store.reading import read_map, read_snapshot
from reobj.association.store.writer import Writer
from reobj.errors import MapFileError, StorageError

#: pages: enough for the tables of an empty map, but not for the objects below
FULL, ROOM = 16, 10_000
MANY = range(1, 400)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "room.map"


@pytest.fixture
def writer(path):
    made = Writer(open_for_writing(path), path)
    yield made
    allow(made, ROOM)
    made.close()


def allow(writer, pages):
    writer.call(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())


def ids_in(writer):
    return writer.call(read_snapshot).objects.object_ids.tolist()


def test_what_is_put_is_written_without_being_asked_for(path, tmp_path):
    copy = tmp_path / "as found after a crash"
    with MapStore(path) as store:
        store.flush()
        beside = path.with_name("room.map-wal")
        before = beside.stat().st_size
        store.put(changes(1))
        until = time.monotonic() + 30
        while beside.stat().st_size == before and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.2)  # one transaction may be several writes
        copy.mkdir()
        for file in (path, beside):
            shutil.copy(file, copy)
    assert read_map(copy / "room.map").objects.object_ids.tolist() == [1]


def test_handing_over_does_not_wait_for_a_busy_disk(writer):
    busy, free = threading.Event(), threading.Event()

    def stuck(connection):
        busy.set()
        assert free.wait(60)

    waiting = threading.Thread(target=lambda: writer.call(stuck))
    waiting.start()
    assert busy.wait(60)
    for i in range(1, 100):
        writer.put(changes(i))  # a put that waited would wait for ever
    free.set()
    waiting.join()
    assert ids_in(writer) == list(range(1, 100))


def test_on_a_full_disk_nothing_is_lost_and_all_is_written_later(writer, caplog):
    allow(writer, FULL)
    with caplog.at_level(logging.WARNING):
        writer.put(changes(*MANY, events=(event(1, 1),)))
        for _ in range(2):
            with pytest.raises(StorageError, match=r"cannot write .*room.map: database or disk is full"):
                writer.flush()
        assert isinstance(writer.failure, StorageError)
        writer.put(changes(1000))
        allow(writer, ROOM)
        writer.flush()
    assert writer.failure is None
    assert ids_in(writer) == [*MANY, 1000]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_half_a_transaction_is_never_seen(writer):
    writer.put(changes(1000))
    writer.flush()
    allow(writer, FULL)
    writer.put(changes(*MANY))
    assert ids_in(writer) == [1000]


def test_closing_on_a_full_disk_says_so_and_frees_the_file(path):
    writer = Writer(open_for_writing(path), path)
    allow(writer, FULL)
    writer.put(changes(*MANY))
    with pytest.raises(StorageError, match="full"):
        writer.close()
    assert len(read_map(path).objects) == 0


def test_the_thread_survives_a_bug(writer, monkeypatch):
    def broken(connection, some):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "write", broken)
        writer.put(changes(1))
        with pytest.raises(StorageError, match="a bug"):
            writer.flush()
    writer.flush()
    assert ids_in(writer) == [1]


def test_an_error_of_a_task_is_the_callers(writer):
    def broken(connection):
        raise MapFileError("broken")

    with pytest.raises(MapFileError, match="broken"):
        writer.call(broken)
    writer.put(changes(1))
    assert ids_in(writer) == [1]
