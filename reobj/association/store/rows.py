"""Objects and prototypes as columns: how they travel between the object map and its file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.store.columns import (
    Array,
    Columns,
    Ids,
    check,
    empty,
    joined,
    joined_votes,
    votes_of,
)
from reobj.errors import InputError, mismatch

#: type and shape of a row of each column
_OBJECT_COLUMNS: Columns = {
    "object_ids": (np.int64, ()),
    "states": (np.int64, ()),
    "positions": (np.float64, (3,)),
    "covariances": (np.float64, (3, 3)),
    "extents": (np.float64, (3,)),
    "orientations": (np.float64, (4,)),
    "first_seen_ns": (np.int64, ()),
    "last_seen_ns": (np.int64, ()),
    "views": (np.int64, ()),
    "visits": (np.int64, ()),
    "prototype_counts": (np.int64, ()),
}
_PROTOTYPE_COLUMNS: Columns = {
    "object_ids": (np.int64, ()),
    "slots": (np.int64, ()),
    "visit_ids": (np.int64, ()),
    "stamps_ns": (np.int64, ()),
    "poses": (np.float64, (4, 4)),
}


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRows:
    """M objects as they are at one moment. Raises InputError where columns do not fit together.

    Attributes:
        object_ids: (M,) int64, > 0.
        uuids: M, RFC 4122.
        names: M, given by a person, empty if none.
        states: (M,) int64, values of ``ObjectState``.
        votes: (M, L) float64, votes of each object for each class name.
        words: L class names, all different.
        positions: (M, 3) float64 metres in the map; NaN while unknown, as are the next two.
        covariances: (M, 3, 3) float64 square metres.
        extents: (M, 3) float64 metres, full side lengths of the box.
        orientations: (M, 4) float64 quaternion x, y, z, w of the box in the map; 0 0 0 1 along the axes.
        first_seen_ns, last_seen_ns: (M,) int64 stamps of the first and the last image.
        views, visits: (M,) int64 frames in which it was seen, tracks that were it.
        prototype_counts: (M,) int64, how many prototypes it has: those in the slots below.
    """

    object_ids: Ids
    uuids: tuple[str, ...]
    names: tuple[str, ...]
    states: Ids
    votes: Array
    words: tuple[str, ...]
    positions: Array
    covariances: Array
    extents: Array
    orientations: Array
    first_seen_ns: Ids
    last_seen_ns: Ids
    views: Ids
    visits: Ids
    prototype_counts: Ids

    def __post_init__(self) -> None:
        check(self, "objects", _OBJECT_COLUMNS, len(self.object_ids))
        expected = (len(self), len(self.words))
        if self.votes.shape != expected:
            raise InputError(mismatch("objects: votes", expected, self.votes.shape))
        if not len(self.uuids) == len(self.names) == len(self):
            expected_names = f"{len(self)} uuids and names"
            raise InputError(mismatch("objects", expected_names, (len(self.uuids), len(self.names))))

    def __len__(self) -> int:
        return len(self.object_ids)

    @classmethod
    def empty(cls) -> ObjectRows:
        columns = empty(_OBJECT_COLUMNS)
        return cls(uuids=(), names=(), words=(), votes=np.zeros((0, 0)), **columns)

    def select(self, rows: NDArray[np.intp]) -> ObjectRows:
        """Some of the objects, in this order."""
        columns = {name: getattr(self, name)[rows] for name in (*_OBJECT_COLUMNS, "votes")}
        uuids, names = (tuple(column[i] for i in rows.tolist()) for column in (self.uuids, self.names))
        return dataclasses.replace(self, uuids=uuids, names=names, **columns)

    def votes_of(self, row: int) -> dict[str, float]:
        """Class names of one object and their votes, the most first."""
        return votes_of(self.votes[row], self.words)

    def label_of(self, row: int) -> str:
        """The class name with the most votes; empty when there is none."""
        return next(iter(self.votes_of(row)), "")

    @classmethod
    def joined(cls, parts: Sequence[ObjectRows]) -> ObjectRows:
        """The objects of all parts, over all their class names."""
        if len(parts) == 1:
            return parts[0]
        votes, words = joined_votes([(part.votes, part.words) for part in parts])
        return cls(
            uuids=tuple(uuid for part in parts for uuid in part.uuids),
            names=tuple(name for part in parts for name in part.names),
            words=words,
            votes=votes,
            **joined(parts, _OBJECT_COLUMNS),
        )


@dataclass(frozen=True, slots=True, eq=False)
class PrototypeRows:
    """K prototypes. Raises InputError where columns do not fit together.

    Attributes:
        object_ids: (K,) int64, whose they are.
        slots: (K,) int64, >= 0, place among the prototypes of the object; those that its bank has no
            room for, kept for the day when it is taken apart, come last.
        visit_ids: (K,) int64, the visit that each was seen in.
        embeddings: (K, D) float32, rows of length 1.
        stamps_ns: (K,) int64, of the image.
        poses: (K, 4, 4) float64 camera-to-map of the image, from where it was seen; NaN where not known.
    """

    object_ids: Ids
    slots: Ids
    visit_ids: Ids
    embeddings: NDArray[np.float32]
    stamps_ns: Ids
    poses: Array

    def __post_init__(self) -> None:
        check(self, "prototypes", _PROTOTYPE_COLUMNS, len(self.object_ids))
        found = self.embeddings
        if found.ndim != 2 or len(found) != len(self) or found.dtype != np.float32:
            got = f"{found.shape} {found.dtype}"
            raise InputError(mismatch("prototypes: embeddings", f"({len(self)}, D) float32", got))

    def __len__(self) -> int:
        return len(self.object_ids)

    @classmethod
    def empty(cls, dim: int = 0) -> PrototypeRows:
        return cls(embeddings=np.zeros((0, dim), np.float32), **empty(_PROTOTYPE_COLUMNS))

    def select(self, rows: NDArray[np.intp]) -> PrototypeRows:
        """Some of the prototypes, in this order."""
        return PrototypeRows(*(getattr(self, field.name)[rows] for field in dataclasses.fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[PrototypeRows]) -> PrototypeRows:
        """The prototypes of all parts."""
        parts = [part for part in parts if len(part)] or [cls.empty()]
        embeddings = np.concatenate([part.embeddings for part in parts])
        return cls(embeddings=embeddings, **joined(parts, _PROTOTYPE_COLUMNS))
