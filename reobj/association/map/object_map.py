"""The long-term object map: everything known of every object, in contiguous arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.map import map_edits, map_growth, map_queries, map_rows, pose_correction
from reobj.association.map.map_growth import NewVisit
from reobj.association.map.map_journal import Journal
from reobj.association.map.map_object import ObjectState
from reobj.association.map.map_state import MapState
from reobj.association.map.map_view import MapView
from reobj.association.map.views import Views
from reobj.association.store.changes import MapChanges
from reobj.association.store.snapshot import MapSnapshot
from reobj.errors import InputError, mismatch
from reobj.types import DecisionKind, Event, ModelId

Array = NDArray[np.float64]


class ObjectMap(MapView):
    """All objects. Deleting a track never deletes an object; ids are never reused.

    An object is the sum of its visits. Objects that were merged into others or deleted are retired:
    their rows stay, but they do not count and are no candidates. A method that takes an id raises
    UnknownObjectError unless it is that of a living object, where nothing else is said.

    Args:
        max_prototypes: embeddings per object that tracks are compared with, spread over its views.
        min_novelty: cosine distance from which an embedding counts as another view.

    Attributes:
        edits: how often objects were merged, taken apart, deleted or replaced.
    """

    def __init__(self, max_prototypes: int = 16, min_novelty: float = 0.05) -> None:
        self._limits = max_prototypes, min_novelty
        self._next_id = self._next_visit_id = 1
        self.edits = self.last_track_id = 0
        super().__init__(MapState(*self._limits))

    def clear(self) -> None:
        """Forgets all objects and the model; their ids are still not used again."""
        own_uuid = self._state.uuid
        self._state = MapState(*self._limits)
        self._state.uuid, self._state.journal = own_uuid, Journal(cleared=True)
        self.edits += 1

    def use(self, model: ModelId) -> None:
        """From now on embeddings come from this model. Raises InputError when others came before."""
        self.check_model(model)
        if self.model is None:
            self._state.use(model)

    def create(
        self,
        views: Views,
        labels: Iterable[str],
        stamps_ns: tuple[int, int],
        geometry: InstanceGeometry,
        track_id: int = 0,
        probability: float = 1.0,
        pose: Array | None = None,
    ) -> int:
        """Adds an object and returns its id.

        Args:
            views: different ones of the model in use, at least one.
            labels: one vote for each frame in which it was seen; a ``Counter`` stands for its elements.
            stamps_ns: of the first and the last of them.
            geometry: of one instance, over these frames.
            track_id: the track that it was.
            probability: in [0, 1], that it is new.
            pose: (4, 4) camera to map in the last of the frames.
        """
        object_id, self._next_id = self._next_id, self._next_id + 1
        votes = Counter(labels)
        seen = NewVisit(DecisionKind.NEW, views, votes, stamps_ns, geometry, track_id, probability, pose)
        map_growth.add_object(self._state, object_id, self._new_visit_id(), seen)
        return object_id

    def visit(
        self,
        object_id: int,
        stamp_ns: int,
        views: Views,
        labels: Iterable[str],
        stamps_ns: tuple[int, int],
        geometry: InstanceGeometry,
        track_id: int = 0,
        probability: float = 1.0,
        pose: Array | None = None,
    ) -> int:
        """A new track turned out to be the object. The other arguments are as for ``create``.

        Args:
            object_id: which one.
            stamp_ns: of the frame in which that was found.

        Returns:
            How long it had been away, nanoseconds.
        """
        row = self._state.living_row(object_id)
        absence_ns = max(0, stamp_ns - int(self._state.table["last"][row]))
        votes = Counter(labels)
        seen = NewVisit(DecisionKind.MATCH, views, votes, stamps_ns, geometry, track_id, probability, pose)
        map_growth.add_visit(self._state, row, self._new_visit_id(), seen)
        return absence_ns

    def resume(
        self,
        object_id: int,
        views: Views,
        labels: Iterable[str],
        stamps_ns: tuple[int, int],
        geometry: InstanceGeometry,
        pose: Array | None = None,
    ) -> None:
        """A new track turned out to be the object, which was not away: its running visit goes on.

        The arguments are as for ``create``.
        """
        votes = Counter(labels)
        seen = NewVisit(DecisionKind.MATCH, views, votes, stamps_ns, geometry, 0, 1.0, pose)
        map_growth.resume(self._state, self._state.living_row(object_id), seen)

    def go_on_with(self, visit_ids: Iterable[int]) -> None:
        """``observe`` and ``resume`` add to these visits. Raises InputError when one does not exist."""
        s = self._state
        visits = np.array([s.visits.row(visit_id) for visit_id in visit_ids], np.intp)
        s.table["running"][s.visits.table["owner"][visits]] = visits

    def observe(
        self,
        object_ids: list[int],
        embeddings: NDArray[np.float32],
        labels: list[str],
        stamp_ns: int,
        geometry: InstanceGeometry,
        pose: Array | None = None,
    ) -> None:
        """Updates objects that are in view, each named once, and their running visits.

        Args:
            object_ids: M objects.
            embeddings: (M, D) of the map's model.
            labels: M class names.
            stamp_ns: of the frame.
            geometry: of the M instances.
            pose: (4, 4) camera to map.
        """
        if object_ids:
            rows = self._state.living_rows(object_ids)
            map_growth.observe(self._state, rows, embeddings, labels, stamp_ns, geometry, pose)

    def set_state(self, object_id: int, state: ObjectState) -> None:
        """Present, absent or moved. Raises InputError for retired: see ``merge`` and ``delete``."""
        if state == ObjectState.RETIRED:
            raise InputError(mismatch("state of an object", "present, absent or moved", state.name))
        self._state.set_state(self._state.living_row(object_id), state)

    def move(self, object_id: int, geometry: InstanceGeometry) -> None:
        """The object is somewhere else now: its place starts anew from one instance.

        Raises:
            InputError: the instance has no place.
        """
        if not geometry.located.all():
            raise InputError(mismatch(f"new place of object {object_id}", "a position", "none"))
        map_growth.move(self._state, self._state.living_row(object_id), geometry)

    def rename(self, object_id: int, name: str) -> None:
        """Gives a name; an empty one takes it away."""
        row = self._state.living_row(object_id)
        self._state.names[row] = name
        self._state.journal.objects.add(row)

    def delete(self, object_id: int) -> None:
        """The object is no more; its id stands for nothing from now on."""
        self._state.set_state(self._state.living_row(object_id), ObjectState.RETIRED)
        self.edits += 1

    def merge(self, kept: int, absorbed: Sequence[int], force: bool = False) -> dict[int, tuple[int, ...]]:
        """Objects turned out to be one: the first gets the visits of the others, whose ids stand for it.

        Returns:
            Absorbed id to the visits that moved: what ``unmerge`` needs.

        Raises:
            CannotLinkError: two of them were seen in one image, and it is not forced.
            InputError: there are not at least two different ones.
        """
        moved = map_edits.merge(self._state, kept, absorbed, force)
        self.edits += 1
        return moved

    def unmerge(self, kept: int, moved: Mapping[int, Sequence[int]]) -> None:
        """Undoes ``merge``: the absorbed objects live again, with those of the visits that are still there.

        Merges can be undone in any order: visits are taken from whoever ``kept`` stands for now.

        Raises:
            InputError: it was undone before, or somebody would be left without a visit; all is unchanged.
        """
        map_edits.unmerge(self._state, kept, moved)
        self.edits += 1

    def split(self, object_id: int, visit_ids: Sequence[int]) -> int:
        """Some visits were somebody else. Returns the id of a new object, never the same as the old one.

        Raises:
            InputError: a visit is not one of the object's, or one of both would have none.
        """
        map_edits.split(self._state, object_id, visit_ids, self._next_id)
        self._next_id, self.edits = self._next_id + 1, self.edits + 1
        return self._next_id - 1

    def correct_poses(
        self, stamps_ns: NDArray[np.int64], corrections: Array, visit_ids: Collection[int]
    ) -> int:
        """Moves visits, and where views were seen from, with the camera; objects are placed anew from them.

        Args:
            stamps_ns: (K,) ascending, K > 0.
            corrections: (K, 4, 4) rigid, from places as they were to places as they are; in between in
                proportion of time.
            visit_ids: those that were seen from the corrected poses; others stay where they are.

        Returns:
            How many objects moved.
        """
        mine = np.fromiter(visit_ids, np.int64, len(visit_ids))
        return pose_correction.correct(self._state, stamps_ns, corrections, mine)

    def never_same(self, object_id: int, others: Iterable[int]) -> None:
        """The object was seen in one frame with each of the others: kept for good. Old ids will do."""
        s, here = self._state, self.resolve(object_id)
        for other in map(s.identities.resolve, others):
            if other != here and s.lives(other) and s.identities.link(here, other):
                s.journal.links.append((here, other))

    def snapshot(self, next_event_id: int = 1) -> MapSnapshot:
        """A copy of everything."""
        return map_rows.snapshot(self._state, (self._next_id, self._next_visit_id), next_event_id)

    def restore(self, snapshot: MapSnapshot) -> None:
        """Becomes what a file holds. Ids that were given out here are still not used again.

        Raises:
            MapFileError: the snapshot is not whole; the map is unchanged.
        """
        state = MapState(*self._limits)
        map_rows.fill(state, snapshot)
        state.journal = Journal()
        map_queries.follow(state, range(len(state.table)))
        self._state = state
        self._next_id = max(self._next_id, snapshot.next_object_id)
        self._next_visit_id = max(self._next_visit_id, snapshot.next_visit_id)
        self.last_track_id = max(self.last_track_id, int(snapshot.visits.track_ids.max(initial=0)))
        self.edits += 1

    def take_changes(self, events: Iterable[Event] = (), everything: bool = False) -> MapChanges | None:
        """What happened since the last call; None when nothing did.

        Args:
            events: with their ids, to be written with it.
            everything: all of the map instead, for a file that holds nothing or something else.
        """
        events, journal = tuple(events), self._state.journal
        if everything:
            journal = map_rows.everything(self._state)
        if not journal and not events:
            return None
        self.forget_changes()
        return map_rows.changes(self._state, journal, (self._next_id, self._next_visit_id), events)

    def forget_changes(self) -> None:
        """What happened so far is not to be written: the next ``take_changes`` begins here."""
        map_queries.follow(self._state, self._state.journal.objects)
        self._state.journal = Journal()

    def _new_visit_id(self) -> int:
        self._next_visit_id += 1
        return self._next_visit_id - 1
