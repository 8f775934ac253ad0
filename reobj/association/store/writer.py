"""The thread that writes: whoever hands something over never waits for the disk."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from reobj.association.store.changes import MapChanges, joined
from reobj.association.store.opening import explained, finish
from reobj.association.store.writing import write
from reobj.errors import MapFileError, ReobjError, StorageError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: seconds between two transactions; with the time of one of them it stays below the second that may be lost
_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True)
class _Task:
    """Something to do on the thread that owns the connection, after all that was handed over before."""

    do: Callable[[sqlite3.Connection], Any]
    done: Future[Any]


class Writer:
    """Owns the connection of a map and writes what is handed over, in transactions.

    What cannot be written, as on a full disk, is kept and tried again until it can.

    Args:
        connection: opened for writing; ``close`` closes it.
        path: of the map, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._queue: SimpleQueue[MapChanges | _Task] = SimpleQueue()
        self._wake, self._stopping = threading.Event(), False
        self._gate = threading.Lock()  # nothing gets into the queue behind the last look into it
        self._unwritten: list[MapChanges] = []
        self._failure: ReobjError | None = None
        self._thread = threading.Thread(target=self._run, name=f"writer of {path.name}", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> ReobjError | None:
        """Why the last transaction failed; None while all is well."""
        return self._failure

    def put(self, changes: MapChanges) -> None:
        """Hands changes over; returns at once. Raises MapFileError after ``close``."""
        self._enter(changes)

    def flush(self) -> None:
        """Waits until all is written. Raises StorageError or MapFileError when it cannot be."""
        self.call(lambda connection: self._check())

    def call(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """Runs something between two transactions and waits for its answer."""
        done: Future[T] = Future()
        self._enter(_Task(do, done))
        self._wake.set()
        return done.result()

    def close(self) -> None:
        """Writes all and closes the file. Raises StorageError or MapFileError when it cannot be written."""
        with self._gate:
            first, self._stopping = not self._stopping, True
        if first:
            self._wake.set()
            self._thread.join()
            self._check()

    def _enter(self, item: MapChanges | _Task) -> None:
        with self._gate:
            if self._stopping:
                raise MapFileError(f"{self._path} is closed")
            self._queue.put(item)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        stopping = False
        while not stopping:
            self._wake.wait(_INTERVAL_S)
            self._wake.clear()
            stopping = self._stopping
            self._empty_queue()
        finish(self._connection)

    def _empty_queue(self) -> None:
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if isinstance(item, MapChanges):
                self._unwritten.append(item)
            else:
                self._write()
                self._do(item)
        self._write()

    def _do(self, task: _Task) -> None:
        try:
            task.done.set_result(task.do(self._connection))
        except Exception as error:
            task.done.set_exception(error)

    def _write(self) -> None:
        if not self._unwritten:
            return
        self._unwritten = [joined(self._unwritten)]
        try:
            with explained(self._path):
                write(self._connection, self._unwritten[0])
        except Exception as error:  # the thread must live on, or those who wait for it would wait for ever
            if self._failure is None:
                log.error("%s; what happens is kept in memory until it can be written", error)
            unknown = StorageError(f"cannot write {self._path}: {error!r}")
            self._failure = error if isinstance(error, ReobjError) else unknown
            return
        if self._failure is not None:
            log.warning("%s can be written again; nothing was lost", self._path)
        self._unwritten, self._failure = [], None
