"""The contents of an object map: what its queries read and its edits change."""

from __future__ import annotations

import uuid
from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.label_votes import LabelVotes
from reobj.association.map.map_identities import Identities
from reobj.association.map.map_journal import Journal
from reobj.association.map.map_object import ObjectState
from reobj.association.map.map_places import PLACE, fused, places_in, put_places
from reobj.association.map.map_prototypes import MapPrototypes, Prototypes
from reobj.association.map.visit_log import VisitLog
from reobj.association.table import Table
from reobj.errors import UnknownObjectError, mismatch
from reobj.types import ModelId

Indices = NDArray[np.intp]


class MapState:
    """All objects by row, the retired ones too: no row ever leaves.

    Args:
        max_prototypes, min_novelty: see ``ObjectMap``.

    Attributes:
        uuid: of the map.
        model: that makes the embeddings, None before the first.
        table: columns of the objects; ``running`` is the row of the visit that was opened last.
        votes: by row.
        uuids, names: by row.
        visits, prototypes, identities, journal: see there.
    """

    def __init__(self, max_prototypes: int, min_novelty: float) -> None:
        codes: dict[str, int] = {}
        self.uuid = str(uuid.uuid4())
        self.model: ModelId | None = None
        self.table = Table(
            {
                "id": ((), np.int64),
                "state": ((), np.int64),
                "position": ((3,), np.float64),
                "covariance": ((3, 3), np.float64),
                "extent": ((3,), np.float64),
                "orientation": ((4,), np.float64),
                "first": ((), np.int64),
                "last": ((), np.int64),
                "views": ((), np.int64),
                "running": ((), np.intp),
            }
        )
        self.votes = LabelVotes(codes)
        self.uuids: list[str] = []
        self.names: list[str] = []
        self.visits = VisitLog(codes)
        self.prototypes = MapPrototypes(max_prototypes, 0, min_novelty)
        self.identities = Identities()
        self.journal = Journal()
        self._retired: set[int] = set()
        self._rows: dict[int, int] = {}
        self._limits = max_prototypes, min_novelty

    def use(self, model: ModelId) -> None:
        """The first model of an empty map."""
        self.model, self.journal.model = model, model
        self.prototypes = MapPrototypes(self._limits[0], model.dim, self._limits[1])

    @property
    def row_of(self) -> dict[int, int]:
        """Object id to row, of all objects, in the order of the rows."""
        return self._rows

    def row(self, object_id: int) -> int:
        """Where an object stands, retired or not. Raises UnknownObjectError when there is none of that id."""
        if object_id not in self._rows:
            raise self._unknown(object_id)
        return self._rows[object_id]

    @property
    def living(self) -> int:
        """How many objects are not retired."""
        return len(self._rows) - len(self._retired)

    def lives(self, object_id: int) -> bool:
        """Whether there is an object of that id that is not retired."""
        return object_id in self._rows and object_id not in self._retired

    def living_among(self, object_ids: Set[int]) -> frozenset[int]:
        """Those of these ids that stand for living objects."""
        return frozenset(object_ids & self._rows.keys()) - self._retired

    def living_row(self, object_id: int) -> int:
        """Where a living object stands. Raises UnknownObjectError when there is none of that id."""
        if not self.lives(object_id):
            raise self._unknown(object_id)
        return self._rows[object_id]

    def living_rows(self, object_ids: list[int]) -> Indices:
        """As ``living_row``, of M objects."""
        return np.array([self.living_row(object_id) for object_id in object_ids], dtype=np.intp)

    def _unknown(self, object_id: int) -> UnknownObjectError:
        expected = f"one of the {self.living} living objects of the map"
        return UnknownObjectError(mismatch("object_id", expected, object_id))

    def append(
        self, object_id: int, state: ObjectState, own_uuid: str, name: str, prototypes: Prototypes
    ) -> int:
        """A new object without visits; ``recompute`` tells what they say. Returns its row."""
        row = self._rows[object_id] = len(self.table)
        self.table.append(1, id=object_id, state=state)
        put_places(self.table, np.array([row]), InstanceGeometry.unknown(1))
        self.votes.append(np.zeros(0))
        self.uuids.append(own_uuid)
        self.names.append(name)
        self.visits.new_owner()
        self.prototypes.append(prototypes)
        if state == ObjectState.RETIRED:
            self._retired.add(object_id)
        return row

    def set_state(self, row: int, state: ObjectState) -> None:
        """The object is present, absent, moved or retired."""
        object_id = int(self.table["id"][row])
        self._retired.discard(object_id)
        if state == ObjectState.RETIRED:
            self._retired.add(object_id)
        self.table["state"][row] = state
        self.journal.objects.add(row)

    def recompute(self, rows: list[int]) -> None:
        """Objects with visits are what their visits are together."""
        table, log = self.table, self.visits.table
        for row in rows:
            own = np.array(self.visits.of(row), np.intp)
            self.votes.put(row, self.visits.votes.counts(own).sum(axis=0))
            table["views"][row] = log["views"][own].sum()
            table["first"][row], table["last"][row] = log["first"][own].min(), log["last"][own].max()
            table["running"][row] = own[np.lexsort((own, log["last"][own]))[-1]]
        self.recompute_places(rows)
        self.journal.objects.update(rows)

    def recompute_places(self, rows: list[int]) -> None:
        """Objects are where their visits were, one visit after the other, since they were moved last."""
        valid = [_since_moved(self.visits.of(row), self.visits.table["moved"]) for row in rows]
        at = np.array(rows, np.intp)
        place = InstanceGeometry.unknown(len(rows))
        views = np.zeros(len(rows))
        for turn in range(max(map(len, valid), default=0)):
            some = np.array([k for k, own in enumerate(valid) if turn < len(own)])
            visits = np.array([valid[k][turn] for k in some], np.intp)
            now = places_in(self.visits.table, visits)
            counts = np.maximum(self.visits.table["views"][visits], 1).astype(np.float64)
            better = fused(place.select(some), now, np.maximum(views[some], 1), counts)
            for name in PLACE.values():
                getattr(place, name)[some] = getattr(better, name)
            views[some] += np.where(now.located, counts, 0)
        put_places(self.table, at, place)


def _since_moved(visits: list[int], moved: NDArray[np.int64]) -> list[int]:
    last = max((k for k, row in enumerate(visits) if moved[row]), default=0)
    return visits[last:]
