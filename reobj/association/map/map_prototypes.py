"""The prototypes of all objects, and from which visit, when and where each was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.candidate_search import CandidateSearch
from reobj.association.map.diverse import closeness_within, insert_diverse
from reobj.association.map.keyframes import moved_between
from reobj.association.map.views import Views
from reobj.association.table import Table

Indices = NDArray[np.intp]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """K views of an object.

    Attributes:
        views: see there.
        visit_ids: (K,) int64, the visit of each.
    """

    views: Views
    visit_ids: Ids

    def __len__(self) -> int:
        return len(self.views)

    def select(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Prototypes:
        """Some of them, in this order."""
        v = self.views
        return Prototypes(Views(v.embeddings[rows], v.stamps_ns[rows], v.poses[rows]), self.visit_ids[rows])

    @classmethod
    def joined(cls, parts: Sequence[Prototypes]) -> Prototypes:
        """All of them: by visit, then as they came; each look of a moment once."""
        names = ("embeddings", "stamps_ns", "poses")
        views = Views(*(np.concatenate([getattr(part.views, name) for part in parts]) for name in names))
        every = cls(views, np.concatenate([part.visit_ids for part in parts]))
        every = every.select(np.argsort(every.visit_ids, kind="stable"))
        looks = [(s, e.tobytes()) for s, e in zip(every.views.stamps_ns, every.views.embeddings, strict=True)]
        return every.select(np.array([looks.index(look) == i for i, look in enumerate(looks)], bool))


class MapPrototypes:
    """Prototypes by the row of their object.

    An object has a bank of ``size`` that tracks are compared with. What a merged object has beyond
    that is kept in reserve, so that nothing is missing when it is taken apart again.

    Args:
        size: P, prototypes in a bank.
        dim: D, numbers of an embedding.
        min_novelty: cosine distance from which an embedding counts as another view.

    Attributes:
        search: finds objects by their banks; it is told by others where they are.
    """

    def __init__(self, size: int, dim: int, min_novelty: float) -> None:
        self._size, self._min_novelty = size, min_novelty
        self._reserve: dict[int, Prototypes] = {}
        self.search = CandidateSearch(size, dim)
        self._bank = self.search.bank
        self._table = Table(
            {
                "stamp": ((size,), np.int64),
                "pose": ((size, 4, 4), np.float64),
                "visit": ((size,), np.int64),
                "closeness": ((size,), np.float32),  # of full banks; NaN until it is needed
            }
        )

    def count(self, row: int) -> int:
        """How many an object has, those in reserve too."""
        return int(self._bank.counts[row]) + len(self._reserve.get(row, ()))

    def banks(self, rows: Indices) -> NDArray[np.float32]:
        """(C, W, D) copies, W <= P; where an object has fewer than W, the rest repeats one."""
        return self._bank.gather(rows)

    def append(self, prototypes: Prototypes) -> None:
        """Those of the next row."""
        self._table.append(1)
        nothing = np.zeros((1, 0, self._bank.dim), np.float32)
        self.search.append(nothing, np.zeros(1, np.int64), np.full((1, 3), np.nan))
        self.put(len(self._table) - 1, prototypes)

    def put(self, row: int, prototypes: Prototypes) -> None:
        """The object has these and no others; the bank gets as many as fit, as different as can be."""
        order: Indices = np.arange(len(prototypes))
        if len(order) > self._size:
            order = _farthest_first(prototypes.views.embeddings, self._size)
            self._reserve[row] = prototypes.select(np.setdiff1d(np.arange(len(prototypes)), order))
        else:
            self._reserve.pop(row, None)
        self._fill(row, prototypes.select(order))

    def restore(self, row: int, prototypes: Prototypes) -> None:
        """As ``put``, but those that come first are the bank."""
        every = np.arange(len(prototypes))
        if len(every) > self._size:
            self._reserve[row] = prototypes.select(every[self._size :])
        self._fill(row, prototypes.select(every[: self._size]))

    def get(self, row: int, reserve: bool = True) -> Prototypes:
        """Those of the bank, and then those in reserve where asked for."""
        count = int(self._bank.counts[row])
        embeddings = self._bank.gather(np.array([row]), count)[0]
        stamps, poses, visit_ids = (self._table[c][row, :count].copy() for c in ("stamp", "pose", "visit"))
        bank = Prototypes(Views(embeddings, stamps, poses), visit_ids)
        spare = self._reserve.get(row)
        if not reserve or spare is None:
            return bank
        names = ("embeddings", "stamps_ns", "poses")
        both = (np.concatenate([getattr(bank.views, n), getattr(spare.views, n)]) for n in names)
        return Prototypes(Views(*both), np.concatenate([bank.visit_ids, spare.visit_ids]))

    def in_bank(self, rows: Indices, slots: Indices) -> NDArray[np.bool_]:
        """Which of M prototypes, by object and slot, are in a bank."""
        inside: NDArray[np.bool_] = slots < self._bank.counts[rows]
        return inside

    def pick(self, rows: Indices, slots: Indices) -> Prototypes:
        """Copies of one prototype of each of M objects, all of them in the banks."""
        stamps, poses, visit_ids = (self._table[c][rows, slots] for c in ("stamp", "pose", "visit"))
        return Prototypes(Views(self._bank.pick(rows, slots), stamps, poses), visit_ids)

    def add(
        self,
        rows: Indices,
        embeddings: NDArray[np.float32],
        stamp_ns: int,
        pose: NDArray[np.float64] | None,
        visit_ids: Ids,
    ) -> list[tuple[int, int]]:
        """One more view (M, D) for each of M objects, kept where it is another one.

        Returns:
            Row and place of each that was kept.
        """
        table, counts = self._table, self._bank.counts
        width = min(self._size, int(counts[rows].max(initial=0)) + 1)  # a bank with room for one is not full
        banks = self._bank.gather(rows, width)
        closeness = self._closeness(rows, banks) if width == self._size else None
        where = insert_diverse(banks, counts[rows], embeddings, self._min_novelty, closeness)
        new = np.flatnonzero(where >= 0)
        if not len(new):
            return []
        at, slots = rows[new], where[new]
        table["stamp"][at, slots] = stamp_ns
        table["pose"][at, slots] = np.nan if pose is None else pose
        table["visit"][at, slots] = visit_ids[new]
        table["closeness"][at] = np.nan
        counts[at] = np.maximum(counts[at], slots + 1)
        self.search.write(at, slots, embeddings[new])
        return list(zip(at.tolist(), slots.tolist(), strict=True))

    def _closeness(self, rows: Indices, banks: NDArray[np.float32]) -> NDArray[np.float32]:
        """(M, P) as ``closeness_within`` of the full ones of these banks (M, P, D)."""
        full = self._bank.counts[rows] == self._size
        known = self._table["closeness"][rows]
        unknown = np.flatnonzero(full & np.isnan(known[:, 0]))
        if len(unknown):
            known[unknown] = closeness_within(banks[unknown])
            self._table["closeness"][rows[unknown]] = known[unknown]
        return known

    def correct_poses(self, stamps: Ids, corrections: NDArray[np.float64], visit_ids: Ids) -> None:
        """Moves where those of (V,) visits were seen from, as ``moved_between`` says for their moments."""
        poses, seen = self._table["pose"], self._table["stamp"]
        better = moved_between(stamps, corrections, seen.ravel()).reshape(poses.shape)
        own = np.isin(self._table["visit"], visit_ids)[..., None, None]
        poses[:] = np.where(own, better @ poses, poses)
        for row, spare in self._reserve.items():
            views = spare.views
            own = np.isin(spare.visit_ids, visit_ids)[:, None, None]
            poses = np.where(
                own, moved_between(stamps, corrections, views.stamps_ns) @ views.poses, views.poses
            )
            self._reserve[row] = Prototypes(Views(views.embeddings, views.stamps_ns, poses), spare.visit_ids)

    def _fill(self, row: int, bank: Prototypes) -> None:
        count = len(bank)
        self._bank.counts[row] = count
        self._table["closeness"][row] = np.nan
        self.search.write(np.full(count, row), np.arange(count), bank.views.embeddings)
        for column, values in (
            ("stamp", bank.views.stamps_ns),
            ("pose", bank.views.poses),
            ("visit", bank.visit_ids),
        ):
            self._table[column][row, :count] = values


def _farthest_first(embeddings: NDArray[np.float32], count: int) -> Indices:
    """(count,) rows that spread out, from the first on (Gonzalez 1985), in the order they were in."""
    chosen = [0]
    nearest = embeddings @ embeddings[0]
    while len(chosen) < count:
        nearest[chosen[-1]] = np.inf
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, embeddings @ embeddings[chosen[-1]])
    return np.sort(np.array(chosen, np.intp))
