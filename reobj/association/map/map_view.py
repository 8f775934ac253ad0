"""What can be asked of the long-term object map; nothing here changes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.map import map_queries
from reobj.association.map.candidates import Candidates
from reobj.association.map.map_object import MapObject, ObjectState
from reobj.association.map.map_places import places_in
from reobj.association.map.map_state import MapState
from reobj.association.map.views import Views
from reobj.association.map.visits import Visit
from reobj.errors import InputError, mismatch
from reobj.types import ModelId

Array = NDArray[np.float64]


class MapView:
    """The questions; ``ObjectMap`` adds what changes the map.

    A method that takes an id raises UnknownObjectError unless it is that of a living object, where
    nothing else is said.

    Args:
        state: the map.
    """

    def __init__(self, state: MapState) -> None:
        self._state = state

    def __len__(self) -> int:
        return self._state.living

    @property
    def model(self) -> ModelId | None:
        """The network that makes the embeddings; None before the first one."""
        return self._state.model

    def check_model(self, model: ModelId) -> None:
        """Raises InputError unless this is the first model or the same as before."""
        if self.model is not None and self.model != model:
            raise InputError(mismatch("model of the embeddings", f"{self.model} as in the object map", model))

    def resolve(self, object_id: int) -> int:
        """The living object that this id stands for, after all merges.

        Raises:
            UnknownObjectError: it was never given out, or deleted.
        """
        final = self._state.identities.resolve(object_id)
        self._state.living_row(final)
        return final

    def identity(self, object_id: int) -> int:
        """As ``resolve``, but an id that stands for no living object is no error."""
        return self._state.identities.resolve(object_id)

    def owner(self, visit_id: int) -> int:
        """The living object that a visit belongs to now; 0 where there is none."""
        s = self._state
        if not s.visits.has(visit_id):
            return 0
        object_id = int(s.table["id"][s.visits.table["owner"][s.visits.row(visit_id)]])
        return object_id if s.lives(object_id) else 0

    def running_visit(self, object_id: int) -> int:
        """The visit that ``observe`` adds to: the one that was opened or gone on with last."""
        s = self._state
        return int(s.visits.table["id"][s.table["running"][s.living_row(object_id)]])

    def last_seen(self, visit_id: int) -> int:
        """Stamp of the last frame of a visit, nanoseconds. Raises InputError when there is no such visit."""
        log = self._state.visits
        return int(log.table["last"][log.row(visit_id)])

    def frames_of(self, visit_id: int) -> int:
        """How many frames a visit has seen. Raises InputError when there is no such visit."""
        log = self._state.visits
        return int(log.table["views"][log.row(visit_id)])

    def visits(self, object_id: int) -> tuple[Visit, ...]:
        """Copies of the visits of an object, retired or not, the oldest first."""
        log = self._state.visits
        return tuple(log.get(row, object_id) for row in log.of(self._state.row(object_id)))

    def visit_places(self, object_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64], InstanceGeometry]:
        """The (V,) visits since it was last moved that know where it was, their frames, and where."""
        return map_queries.visit_places(self._state, self._state.living_row(object_id))

    def last_pose(self, object_id: int) -> Array | None:
        """(4, 4) camera to map when the object was seen last; None where not known."""
        s = self._state
        pose = s.visits.table["last_pose"][s.table["running"][s.living_row(object_id)]]
        return pose.copy() if np.isfinite(pose).all() else None

    def prototypes_of(self, object_id: int) -> Views:
        """The views that tracks are compared with."""
        return self._state.prototypes.get(self._state.living_row(object_id), reserve=False).views

    def cannot_link(self, object_id: int) -> frozenset[int]:
        """The living objects that this one, or one merged into it, was seen together with."""
        return map_queries.linked(self._state, self._state.living_row(object_id))

    def places(self, object_ids: list[int]) -> InstanceGeometry:
        """Of M objects, NaN where unknown; without depths."""
        return places_in(self._state.table, self._state.living_rows(object_ids))

    def object_ids(self) -> list[int]:
        """Of all living objects."""
        return [i for i in self._state.row_of if self._state.lives(i)]

    def state_of(self, object_id: int) -> ObjectState:
        """Whether an object is present, absent or moved."""
        return ObjectState(int(self._state.table["state"][self._state.living_row(object_id)]))

    def absent(self) -> list[int]:
        """The living objects that were missed where they should be."""
        table = self._state.table
        found: list[int] = table["id"][table["state"] == int(ObjectState.ABSENT)].tolist()
        return found

    def shares_of(self, object_ids: list[int]) -> Array:
        """(M, L) votes of each of M objects as shares over the vocabulary of the map."""
        return self._state.votes.shares(self._state.living_rows(object_ids))

    def labels_of(self, object_ids: list[int]) -> list[str]:
        """The class of each of M objects with the most votes."""
        words = self._state.votes.words
        return [words[k] for k in self.shares_of(object_ids).argmax(axis=1).tolist()] if object_ids else []

    def similarities(self, object_ids: list[int], embeddings: NDArray[np.float32]) -> Array:
        """(M, O) of each embedding (M, D) to the nearest prototype of each of O objects."""
        return map_queries.similarities(self._state, object_ids, embeddings)

    def label_shares(self, labels: Iterable[str]) -> Array:
        """(L,) the votes of a track as shares over the vocabulary of the map."""
        histogram = self._state.votes.histogram(labels)
        return histogram / max(histogram.sum(), 1.0)

    def candidates(
        self,
        around: Array | None = None,
        radius_m: float = np.inf,
        views: NDArray[np.float32] | None = None,
        also: Collection[int] = (),
        without: Collection[int] = (),
    ) -> Candidates:
        """The living objects that a track may be.

        Args:
            around: (T, 3) only objects near one of these places, and those without a place; None for all.
            radius_m: how near.
            views: (T, V, D) unit rows of the tracks: of more than 1,000 objects that places do not tell
                apart, just those that look most like one of the tracks; None for all.
            also: ids of objects that are compared wherever they are and whatever they look like.
            without: ids of objects that are left out.
        """
        return map_queries.candidates(self._state, around, radius_m, views, also, without)

    def near(self, around: Array, radius_m: float) -> list[int]:
        """The living objects that are within a radius of one of these places (T, 3)."""
        return map_queries.near(self._state, around, radius_m)

    def get(self, object_id: int) -> MapObject:
        """A copy of one object, retired or not."""
        return map_queries.describe(self._state, self._state.row(object_id))

    def objects(self, retired: bool = False) -> tuple[MapObject, ...]:
        """Copies of all living objects, in the order of their ids; the retired ones too when asked for."""
        row_of = self._state.row_of
        rows = [row_of[i] for i in sorted(row_of) if retired or self._state.lives(i)]
        return map_queries.describe_all(self._state, np.array(rows, np.intp))
