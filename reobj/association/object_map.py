"""The long-term object map: everything known of every object, in contiguous arrays."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from reobj.association.candidates import Candidates
from reobj.association.diverse import insert_diverse
from reobj.association.fusion import fuse
from reobj.association.geometry import InstanceGeometry
from reobj.association.label_votes import LabelVotes
from reobj.association.map_object import MapObject, ObjectState
from reobj.association.table import Table
from reobj.errors import InputError, mismatch
from reobj.types import ModelId

Indices = NDArray[np.intp]

#: the extent follows a larger measurement quickly and a smaller (partly hidden) one slowly
_EXTENT_GROWTH, _EXTENT_DECAY = 0.3, 0.02


class ObjectMap:
    """All objects. Deleting a track never deletes an object; ids are never reused.

    Args:
        max_prototypes: embeddings kept per object, spread over its views.
        min_novelty: cosine distance from which an embedding counts as another view.
    """

    def __init__(self, max_prototypes: int = 16, min_novelty: float = 0.05) -> None:
        self._max_prototypes = max_prototypes
        self._min_novelty = min_novelty
        self._next_id = 1
        self.clear()

    def clear(self) -> None:
        """Forgets all objects and the model; their ids are still not used again."""
        self._model: ModelId | None = None
        self._table = _new_table(self._max_prototypes, 0)
        self._votes = LabelVotes()
        self._rows: dict[int, int] = {}
        self._uuids: list[str] = []
        self._cannot_link: list[set[int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def model(self) -> ModelId | None:
        """The network that makes the embeddings; None before the first one."""
        return self._model

    def check_model(self, model: ModelId) -> None:
        """Raises InputError unless this is the first model or the same as before."""
        if self._model is not None and self._model != model:
            raise InputError(
                mismatch("model of the embeddings", f"{self._model} as in the object map", model)
            )

    def use(self, model: ModelId) -> None:
        """From now on embeddings come from this model. Raises InputError when others came before."""
        self.check_model(model)
        if self._model is None:
            self._model, self._table = model, _new_table(self._max_prototypes, model.dim)

    def label_shares(self, labels: list[str]) -> NDArray[np.float64]:
        """(L,) the votes of a track as shares over the vocabulary of the map."""
        histogram = self._votes.histogram(labels)
        return histogram / max(histogram.sum(), 1.0)

    def create(
        self,
        views: NDArray[np.float32],
        labels: list[str],
        stamps_ns: tuple[int, int],
        geometry: InstanceGeometry,
    ) -> int:
        """Adds an object and returns its id.

        Args:
            views: (V, D) unit rows of the model in use, V > 0, different views.
            labels: one vote for each frame in which it was seen.
            stamps_ns: of the first and the last of them.
            geometry: of one instance.
        """
        object_id, self._next_id = self._next_id, self._next_id + 1
        kept = views[: self._max_prototypes]
        bank = np.concatenate([kept, np.repeat(kept[:1], self._max_prototypes - len(kept), axis=0)])
        first, last = stamps_ns
        self._rows[object_id] = len(self._table)
        self._votes.append(self._votes.histogram(labels))
        self._uuids.append(str(uuid.uuid4()))
        self._cannot_link.append(set())
        self._table.append(
            1,
            id=object_id,
            prototypes=bank,
            prototype_count=len(kept),
            position=geometry.positions,
            covariance=geometry.covariances,
            extent=geometry.extents,
            first_seen=first,
            last_seen=last,
            views=len(labels),
            visits=1,
        )
        return object_id

    def visit(self, object_id: int, stamp_ns: int, views: NDArray[np.float32]) -> int:
        """A new track with these views (V, D) turned out to be the object.

        Returns:
            How long it had been away, nanoseconds.
        """
        table, row = self._of(object_id)
        table["visits"][row] += 1
        for view in views:
            self._add_views(table, np.array([row]), view[None])
        return max(0, stamp_ns - int(table["last_seen"][row]))

    def observe(
        self,
        object_ids: list[int],
        embeddings: NDArray[np.float32],
        labels: list[str],
        stamp_ns: int,
        geometry: InstanceGeometry,
    ) -> None:
        """Updates objects that are in view, each named once.

        Args:
            object_ids: M objects.
            embeddings: (M, D) of the map's model.
            labels: M class names.
            stamp_ns: of the frame.
            geometry: of the M instances.
        """
        if not object_ids:
            return
        table, _ = self._of(object_ids[0])
        rows = np.array([self._rows[i] for i in object_ids], dtype=np.intp)
        table["last_seen"][rows] = np.maximum(table["last_seen"][rows], stamp_ns)
        table["views"][rows] += 1
        self._votes.add(rows, labels)
        self._add_views(table, rows, embeddings)
        _place(table, rows, geometry)

    def cannot_link(self, object_id: int) -> frozenset[int]:
        """The objects that were seen in the same frame as this one."""
        return frozenset(self._cannot_link[self._rows[object_id]])

    def never_same(self, object_id: int, others: Iterable[int]) -> None:
        """The object was seen in one frame with each of the others: kept for good."""
        for other in others:
            if other != object_id:
                self._cannot_link[self._rows[object_id]].add(other)
                self._cannot_link[self._rows[other]].add(object_id)

    def places(self, object_ids: list[int]) -> InstanceGeometry:
        """Of M objects, NaN where unknown; without depths."""
        return self._places([self._rows[i] for i in object_ids])

    def _places(self, rows: Indices | slice | list[int]) -> InstanceGeometry:
        position = self._table["position"][rows]
        unknown = np.full(len(position), np.nan)
        return InstanceGeometry(
            unknown, position, self._table["covariance"][rows], self._table["extent"][rows]
        )

    def similarities(self, object_ids: list[int], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """(M, O) of each embedding (M, D) to the nearest prototype of each of O objects."""
        prototypes = self._table["prototypes"][[self._rows[i] for i in object_ids]]
        flat = prototypes.reshape(-1, prototypes.shape[2])
        nearest = (embeddings @ flat.T).reshape(len(embeddings), *prototypes.shape[:2]).max(axis=2)
        return nearest.astype(np.float64)

    def candidates(self, around: NDArray[np.float64] | None = None, radius_m: float = np.inf) -> Candidates:
        """The objects that a track may be.

        Args:
            around: (T, 3) only objects near one of these places, and those without a place; None for all.
            radius_m: how near.
        """
        table = self._table
        rows: Indices | slice = slice(None)
        if around is not None:
            away = np.linalg.norm(table["position"][:, None] - around[None], axis=2)
            rows = np.flatnonzero(~(away > radius_m).all(axis=1))  # NaN: no place, stays
        every = np.arange(len(table))[rows]
        return Candidates(
            table["id"][rows],
            table["prototypes"][rows],
            self._votes.shares(every),
            self._places(rows),
            len(table),
        )

    def get(self, object_id: int) -> MapObject:
        """A copy of one object. Raises InputError when there is none of that id."""
        table, row = self._of(object_id)
        shares = self._votes.shares(np.array([row]))[0]
        placed = bool(np.isfinite(table["position"][row, 0]))
        position, covariance, extent = (
            _frozen(table[c][row]) if placed else None for c in ("position", "covariance", "extent")
        )
        return MapObject(
            object_id=object_id,
            uuid=self._uuids[row],
            name="",
            label=self._votes.words[int(shares.argmax())],
            label_share=float(shares.max()),
            position=position,
            covariance=covariance,
            extent=extent,
            views=int(table["views"][row]),
            visits=int(table["visits"][row]),
            prototypes=int(table["prototype_count"][row]),
            first_seen_ns=int(table["first_seen"][row]),
            last_seen_ns=int(table["last_seen"][row]),
            state=ObjectState.PRESENT,
            cannot_link=frozenset(self._cannot_link[row]),
        )

    def objects(self) -> tuple[MapObject, ...]:
        """Copies of all objects, in the order of their ids."""
        return tuple(self.get(object_id) for object_id in self._rows)

    def _of(self, object_id: int) -> tuple[Table, int]:
        if object_id not in self._rows:
            raise InputError(mismatch("object_id", f"one of the {len(self)} objects of the map", object_id))
        return self._table, self._rows[object_id]

    def _add_views(self, table: Table, rows: Indices, embeddings: NDArray[np.float32]) -> None:
        counts = table["prototype_count"]
        where = insert_diverse(table["prototypes"][rows], counts[rows], embeddings, self._min_novelty)
        new = where >= 0
        table["prototypes"][rows[new], where[new]] = embeddings[new]
        counts[rows[new]] = np.maximum(counts[rows[new]], where[new] + 1)


def _place(table: Table, rows: Indices, geometry: InstanceGeometry) -> None:
    """Fuses positions where the object already has one, and sets the first one elsewhere."""
    position, covariance, extent = table["position"], table["covariance"], table["extent"]
    had = np.isfinite(position[rows, 0])
    first, again = geometry.located & ~had, geometry.located & had
    for column, measured in (
        (position, geometry.positions),
        (covariance, geometry.covariances),
        (extent, geometry.extents),
    ):
        column[rows[first]] = measured[first]
    old = rows[again]
    position[old], covariance[old] = fuse(
        position[old], covariance[old], geometry.positions[again], geometry.covariances[again]
    )
    change = geometry.extents[again] - extent[old]
    extent[old] += np.where(change > 0, _EXTENT_GROWTH, _EXTENT_DECAY) * change


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    copy = values.copy()
    copy.setflags(write=False)
    return copy


def _new_table(max_prototypes: int, dim: int) -> Table:
    return Table(
        {
            "id": ((), np.int64),
            "prototypes": ((max_prototypes, dim), np.float32),
            "prototype_count": ((), np.int64),
            "position": ((3,), np.float64),
            "covariance": ((3, 3), np.float64),
            "extent": ((3,), np.float64),
            "first_seen": ((), np.int64),
            "last_seen": ((), np.int64),
            "views": ((), np.int64),
            "visits": ((), np.int64),
        }
    )
