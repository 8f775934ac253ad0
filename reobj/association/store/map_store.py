"""The file of a living object map."""

from __future__ import annotations

import os
import sqlite3
from itertools import pairwise
from pathlib import Path

from reobj.association.store.changes import MapChanges
from reobj.association.store.opening import explained, open_for_writing
from reobj.association.store.reading import history, read_snapshot
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.store.writer import Writer
from reobj.errors import InputError, MapModelError, ReobjError, mismatch
from reobj.files import atomic_path
from reobj.types import Event, ModelId


class MapStore:
    """One map file, held by this process alone; everything that happens is written as it happens.

    Killed or unplugged at any moment, it opens again with all but the last second.
    A context manager, which closes it.

    Args:
        path: of the file; made when it is not there.
        model: that the embeddings will be of; None takes any.

    Raises:
        MapModelError: the map holds embeddings of another model.
        MapVersionError: it was made by a newer version.
        MapFileError: it is damaged, no object map, or open elsewhere.
        StorageError: it cannot be written, as the disk is full or read-only.
    """

    def __init__(self, path: Path | str, model: ModelId | None = None) -> None:
        self._path = Path(path).absolute()
        self._writer = Writer(open_for_writing(self._path), self._path)
        try:
            loaded = self.load()
            if model is not None:
                loaded.check_model(model)
        except ReobjError:
            self.close()
            raise
        self._model, self._next_event_id = loaded.model, loaded.next_event_id

    def __enter__(self) -> MapStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    @property
    def failure(self) -> ReobjError | None:
        """Why nothing can be written at present; None while all is well."""
        return self._writer.failure

    def put(self, changes: MapChanges) -> None:
        """Hands over what happened; never waits for the disk.

        What cannot be written is logged once, kept, and tried again.

        Raises:
            MapModelError: the changes are of another model.
            InputError: an event has the id of an earlier one.
            MapFileError: the store is closed. In all cases nothing was handed over.
        """
        before = None if changes.cleared else self._model
        if None not in (before, changes.model) and before != changes.model:
            raise MapModelError(mismatch("model of the changes", before, changes.model))
        event_ids = [self._next_event_id - 1, *(event.event_id for event in changes.events)]
        if any(later <= earlier for earlier, later in pairwise(event_ids)):
            raise InputError(mismatch("ids of the events", "larger than all before", event_ids))
        self._writer.put(changes)
        self._model, self._next_event_id = changes.model or before, event_ids[-1] + 1

    def flush(self) -> None:
        """Waits until all that was put is on the disk. Raises StorageError or MapFileError."""
        self._writer.flush()

    def load(self) -> MapSnapshot:
        """All objects, with all that was put. Raises MapFileError."""
        with explained(self._path, "read"):
            return self._writer.call(read_snapshot)

    def events(self) -> tuple[Event, ...]:
        """The whole history, with all that was put. Raises MapFileError."""
        with explained(self._path, "read"):
            return self._writer.call(history)

    def save_as(self, path: Path | str, overwrite: bool = False) -> None:
        """Writes a copy with all that was put; this store stays where it is.

        Raises:
            InputError: there is a file and ``overwrite`` is not set, or it is the file of this store.
            StorageError: the copy, or what was put, cannot be written; what stood there is untouched.
        """
        path = Path(path).absolute()
        if path.exists() and (not overwrite or path.samefile(self._path)):
            raise InputError(mismatch("path of the copy", "no file there", path))
        self.flush()
        with atomic_path(path) as temporary, explained(path):
            self._writer.call(lambda connection: _copy(connection, temporary))

    def close(self) -> None:
        """Writes all that was put and gives the file free. Raises StorageError or MapFileError."""
        self._writer.close()


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("VACUUM INTO ?", (str(path),))
    with path.open("rb") as written:
        os.fsync(written.fileno())
