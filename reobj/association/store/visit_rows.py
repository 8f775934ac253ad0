"""Visits as columns: how they travel between the object map and its file."""

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
_COLUMNS: Columns = {
    "visit_ids": (np.int64, ()),
    "object_ids": (np.int64, ()),
    "track_ids": (np.int64, ()),
    "kinds": (np.int64, ()),
    "probabilities": (np.float64, ()),
    "first_ns": (np.int64, ()),
    "last_ns": (np.int64, ()),
    "views": (np.int64, ()),
    "positions": (np.float64, (3,)),
    "covariances": (np.float64, (3, 3)),
    "extents": (np.float64, (3,)),
    "orientations": (np.float64, (4,)),
    "moved": (np.int64, ()),
    "last_poses": (np.float64, (4, 4)),
}


@dataclass(frozen=True, slots=True, eq=False)
class VisitRows:
    """V visits as they are at one moment; see ``Visit``. Raises InputError where columns do not fit together.

    Attributes:
        visit_ids: (V,) int64, > 0.
        object_ids: (V,) int64, whose they are.
        track_ids: (V,) int64, 0 where not known.
        kinds: (V,) int64, values of ``DecisionKind``.
        probabilities: (V,) float64 in [0, 1].
        first_ns, last_ns: (V,) int64 stamps of the first and the last image.
        views: (V,) int64 frames.
        votes: (V, L) float64, votes of each visit for each class name.
        words: L class names, all different.
        positions: (V, 3) float64 metres in the map; NaN while unknown, as are the next two.
        covariances: (V, 3, 3) float64 square metres.
        extents: (V, 3) float64 metres, full side lengths of the box.
        orientations: (V, 4) float64 quaternion x, y, z, w of the box in the map; 0 0 0 1 along the axes.
        moved: (V,) int64, 1 where places of earlier visits of the object say nothing any more, else 0.
        last_poses: (V, 4, 4) float64 camera to map in the last image; NaN where not known.
    """

    visit_ids: Ids
    object_ids: Ids
    track_ids: Ids
    kinds: Ids
    probabilities: Array
    first_ns: Ids
    last_ns: Ids
    views: Ids
    votes: Array
    words: tuple[str, ...]
    positions: Array
    covariances: Array
    extents: Array
    orientations: Array
    moved: Ids
    last_poses: Array

    def __post_init__(self) -> None:
        check(self, "visits", _COLUMNS, len(self.visit_ids))
        expected = (len(self), len(self.words))
        if self.votes.shape != expected:
            raise InputError(mismatch("visits: votes", expected, self.votes.shape))

    def __len__(self) -> int:
        return len(self.visit_ids)

    @classmethod
    def empty(cls) -> VisitRows:
        return cls(words=(), votes=np.zeros((0, 0)), **empty(_COLUMNS))

    def select(self, rows: NDArray[np.intp]) -> VisitRows:
        """Some of the visits, in this order."""
        columns = {name: getattr(self, name)[rows] for name in (*_COLUMNS, "votes")}
        return dataclasses.replace(self, **columns)

    def votes_of(self, row: int) -> dict[str, float]:
        """Class names of one visit and their votes, the most first."""
        return votes_of(self.votes[row], self.words)

    @classmethod
    def joined(cls, parts: Sequence[VisitRows]) -> VisitRows:
        """The visits of all parts, over all their class names."""
        votes, words = joined_votes([(part.votes, part.words) for part in parts])
        return cls(votes=votes, words=words, **joined(parts, _COLUMNS))
