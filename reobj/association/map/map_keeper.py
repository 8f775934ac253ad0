"""The object map together with its history and its file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from reobj.association.map.hand_edits import HandEdits
from reobj.association.map.map_history import MapHistory
from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.map_merging import merge_events, merged_snapshot
from reobj.association.merging.merge_plan import MergeConfig, MergePlan, plan_merge
from reobj.association.store.changes import MapChanges
from reobj.association.store.map_store import MapStore
from reobj.association.store.reading import read_events, read_map
from reobj.association.store.snapshot import MapSnapshot
from reobj.errors import InputError, ReobjError, mismatch
from reobj.files import atomic_path
from reobj.types import Event, EventKind, ModelId


class MapKeeper:
    """Numbers what happens to a map, remembers it, writes it down as it happens, and undoes it.

    Not for several threads at once: who edits holds the associator's lock. Ids that were merged into
    others are resolved.

    Args:
        object_map: the map; nobody else edits it.
        history_length: how many events are kept in memory; a file has them all.

    Attributes:
        object_map: as given.
    """

    def __init__(self, object_map: ObjectMap, history_length: int = 10_000) -> None:
        self.object_map = object_map
        self._history = MapHistory(history_length)
        self._store: MapStore | None = None

    @property
    def events(self) -> deque[Event]:
        """The last ones."""
        return self._history.events

    @property
    def next_event_id(self) -> int:
        """First id that was never given out."""
        return self._history.next_id

    @property
    def path(self) -> Path | None:
        """The file in use."""
        return None if self._store is None else self._store.path

    @property
    def failure(self) -> ReobjError | None:
        """Why nothing can be written at present; None while all is well, or without a file."""
        return None if self._store is None else self._store.failure

    def open(self, path: Path | str, model: ModelId | None = None) -> int:
        """From now on all is written to this file, which is made when it is not there.

        What the file holds becomes the map; a map that has objects goes into a new file.

        Args:
            model: that the embeddings will be of; None takes any.

        Returns:
            How many objects the map has.

        Raises:
            InputError: there is a file in use, or the map has objects and the file is not new.
            MapFileError, MapModelError, MapVersionError, StorageError: as ``MapStore``. In all cases
                the map is unchanged.
        """
        if self._store is not None:
            raise InputError(mismatch("map file", "none in use", self.path))
        store = MapStore(path, model)
        try:
            self._begin(store, store.load())
        except ReobjError:
            store.close()
            raise
        return len(self.object_map)

    def _begin(self, store: MapStore, found: MapSnapshot) -> None:
        if len(self.object_map):
            if found.next_object_id > 1 or found.next_event_id > 1:
                raise InputError(mismatch("map file, as the map has objects", "a new one", store.path))
            changes = self.object_map.take_changes(self.events, everything=True)
            if changes is not None:
                store.put(changes)
        else:
            self.object_map.restore(found)
            self._history.remember(store.events())
            self._history.next_id = max(self.next_event_id, found.next_event_id)
        self._store = store

    def record(self, events: Iterable[Event] = ()) -> tuple[Event, ...]:
        """Numbers events and hands them, with all that changed, to the file. Never waits for the disk.

        Returns:
            The same events with their ids.
        """
        numbered = self._history.number(events)
        if self._store is None:
            self.object_map.forget_changes()
        else:
            self._put(self.object_map.take_changes(numbered))
        return numbered

    def _put(self, changes: MapChanges | None) -> None:
        if self._store is not None and changes is not None:
            self._store.put(changes)

    def event(self, event_id: int) -> Event:
        """One event of the whole history. Raises InputError when there is none of that id."""
        return self._history.find(event_id, lambda: () if self._store is None else self._store.events())

    def hand_edits(self) -> HandEdits:
        """What people decided about which objects are one."""
        return self._history.hand_edits(self.object_map.identity)

    def merge(
        self,
        object_ids: Sequence[int],
        *,
        stamp_ns: int,
        probability: float = 1.0,
        force: bool = False,
        terms: Mapping[str, float] | None = None,
    ) -> Event:
        """Makes objects one; the first stays. Returns the MERGED event. Raises as ``ObjectMap.merge``.

        Args:
            object_ids: at least two.
            stamp_ns: of the event.
            probability: that they are one.
            force: even though they were seen in one image.
            terms: the evidence, where it was not a person who said so.
        """
        kept, *absorbed = map(self.object_map.resolve, object_ids)
        moved = self.object_map.merge(kept, absorbed, force)
        details: dict[str, object] = {"visits": {str(old): list(visits) for old, visits in moved.items()}}
        if terms is not None:
            details["terms"] = dict(terms)
        return self._record(EventKind.MERGED, stamp_ns, (kept, *absorbed), probability, details)

    def split(self, object_id: int, track_id: int, *, stamp_ns: int, probability: float = 1.0) -> Event:
        """Takes the visits of a track out of an object. Returns the SPLIT event.

        Raises:
            InputError: the track is none of the object's, or its only one.
        """
        kept = self.object_map.resolve(object_id)
        visits = [v.visit_id for v in self.object_map.visits(kept) if v.track_id == track_id and track_id]
        if not visits:
            raise InputError(mismatch("track_id", f"a track that was object {kept}", track_id))
        return self.split_visits(kept, visits, stamp_ns=stamp_ns, probability=probability)

    def split_visits(
        self, object_id: int, visit_ids: Sequence[int], *, stamp_ns: int, probability: float = 1.0
    ) -> Event:
        """As ``split``, by visits."""
        kept = self.object_map.resolve(object_id)
        new = self.object_map.split(kept, visit_ids)
        return self._record(EventKind.SPLIT, stamp_ns, (kept, new), probability, {"visits": list(visit_ids)})

    def undo(self, event_id: int, *, stamp_ns: int) -> Event:
        """Undoes a merge or a split, also after a restart, in any order. Returns the UNDONE event.

        Its object ids are those of the objects that it is now: one after a split that was undone.

        Raises:
            InputError: the event is of another kind, or was undone before.
        """
        event = self._history.edit(event_id)
        if event is None:
            got = self.event(event_id).kind.name
            raise InputError(mismatch("event to undo", "MERGED or SPLIT of this map", got))
        kept, *others = event.object_ids
        if event.kind == EventKind.MERGED:
            visits = cast(Mapping[str, Sequence[int]], event.details["visits"])
            self.object_map.unmerge(kept, {int(old): ids for old, ids in visits.items()})
        elif event.kind == EventKind.SPLIT:
            # a new object that was merged or deleted since has nothing to give back
            self.object_map.merge(self.object_map.resolve(kept), others, force=True)
            others = []
        else:
            raise InputError(mismatch("event to undo", "MERGED or SPLIT", event.kind.name))
        ids = (self.object_map.resolve(kept), *others)
        return self._record(EventKind.UNDONE, stamp_ns, ids, 1.0, {"undone": event_id})

    def rename(self, object_id: int, name: str, *, stamp_ns: int) -> Event:
        """Names an object. Returns the RENAMED event."""
        kept = self.object_map.resolve(object_id)
        self.object_map.rename(kept, name)
        return self._record(EventKind.RENAMED, stamp_ns, (kept,), name=name)

    def delete(self, object_id: int, *, stamp_ns: int) -> Event:
        """Removes an object. Returns the DELETED event."""
        kept = self.object_map.resolve(object_id)
        self.object_map.delete(kept)
        return self._record(EventKind.DELETED, stamp_ns, (kept,))

    def reset(self) -> int:
        """Forgets all objects, but not the history. Returns how many they were."""
        count = len(self.object_map)
        self.object_map.clear()
        self.record()
        return count

    def save_as(self, path: Path | str, overwrite: bool = False) -> Path:
        """Writes a copy of all to another file. Returns where it is.

        Raises:
            InputError: there is a file and ``overwrite`` is not set, or it is the file in use.
            StorageError: it cannot be written; what stood there is untouched.
        """
        path = Path(path).absolute()
        if self._store is not None:
            self._store.save_as(path, overwrite)
            return path
        if path.exists() and not overwrite:
            raise InputError(mismatch("path of the copy", "no file there", path))
        with atomic_path(path) as temporary, MapStore(temporary) as store:
            changes = self.object_map.take_changes(self.events, everything=True)
            if changes is not None:
                store.put(changes)
        return path

    def flush(self) -> None:
        """Waits until all is in the file. Raises StorageError or MapFileError when it cannot be."""
        if self._store is not None:
            self._store.flush()

    def load(self, path: Path | str) -> int:
        """A file that nobody has open replaces the map, and becomes the content of the file in use.

        Its history follows what happened here so far, under new event ids, after a RETIRED event: what was
        done before was done to another map and cannot be undone any more.

        Returns:
            How many objects the map has.

        Raises:
            MapFileError, MapVersionError, StorageError: as ``read_map``; the map is unchanged.
            MapModelError: its embeddings are of another model than those that come in.
        """
        found, events = read_map(path), read_events(path)
        if self.object_map.model is not None:
            found.check_model(self.object_map.model)
        gone = Event(
            EventKind.RETIRED,
            max((e.stamp_ns for e in self.events), default=0),
            tuple(self.object_map.object_ids()),
            event_id=self.next_event_id,
            details={"loaded": str(path)},
        )
        shift = self.next_event_id
        self._replace(found, [gone, *(_shifted(event, shift) for event in events)])
        return len(self.object_map)

    def absorb(
        self, other: Path | str | MapSnapshot, *, stamp_ns: int, config: MergeConfig | None = None
    ) -> MergePlan:
        """Merges another map into this one. Returns what was found to be the same.

        Args:
            other: the map, or its file.
            stamp_ns: of the events.
            config: what speaks for two objects being one, best with the calibration of their encoder.

        Raises:
            MapFileError, MapVersionError, MapModelError, StorageError: the other map cannot be read or
                is of another model; the map is unchanged.
        """
        found = other if isinstance(other, MapSnapshot) else read_map(other)
        own = self.object_map.snapshot(self.next_event_id)
        plan = plan_merge(own, found, config)
        self._replace(merged_snapshot(own, found, plan), merge_events(own, found, plan, stamp_ns))
        return plan

    def _replace(self, content: MapSnapshot, events: Sequence[Event]) -> None:
        """All objects become others; the events, already numbered, tell how."""
        self.object_map.restore(content)
        self._history.remember(events)
        if self._store is not None:
            changes = self.object_map.take_changes(events, everything=True)
            self._put(replace(changes or MapChanges(), cleared=True))

    def close(self) -> None:
        """Writes all and gives the file free. Raises StorageError or MapFileError when it cannot be."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _record(
        self,
        kind: EventKind,
        stamp_ns: int,
        object_ids: tuple[int, ...],
        probability: float = 1.0,
        details: Mapping[str, object] | None = None,
        name: str = "",
    ) -> Event:
        event = Event(kind, stamp_ns, object_ids, 0, probability, name=name, details=details or {})
        return self.record([event])[0]


def _shifted(event: Event, shift: int) -> Event:
    """The event under an id that is larger by this much."""
    details = dict(event.details)
    if event.kind == EventKind.UNDONE:
        details["undone"] = cast(int, details["undone"]) + shift
    return replace(event, event_id=event.event_id + shift, details=details)
