"""Which objects of the map a track may be: by place, by looks, or all, whichever costs least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.nearest import NearestObjects
from reobj.association.map.prototype_bank import PrototypeBank
from reobj.association.map.spatial_grid import SpatialGrid

Indices = NDArray[np.intp]

#: up to so many objects are all compared; of more, each track with this many that look most like it
_ALL, _PER_TRACK = 1_000, 32


class CandidateSearch:
    """Prototypes and places of all objects by row, and which rows a set of tracks is compared with.

    The object map owns one and tells it all that happens; rows are those of the map's table.

    Args:
        slots: P, prototypes per object at most.
        dim: D.

    Attributes:
        bank, grid, nearest: see there.
    """

    def __init__(self, slots: int, dim: int) -> None:
        self.bank = PrototypeBank(slots, dim)
        self.grid = SpatialGrid()
        self.nearest = NearestObjects(self.bank)

    def append(
        self, banks: NDArray[np.float32], counts: NDArray[np.int64], positions: NDArray[np.float64]
    ) -> Indices:
        """New objects, as ``PrototypeBank.append``; at (N, 3) metres, NaN where unknown. Their rows."""
        rows = self.bank.append(banks, counts)
        self.grid.set(rows, positions)
        return rows

    def write(self, rows: Indices, slots: Indices, embeddings: NDArray[np.float32]) -> None:
        """Replaces prototypes, as ``PrototypeBank.write``."""
        self.bank.write(rows, slots, embeddings)
        self.nearest.changed(rows, slots)

    def place(self, rows: Indices, positions: NDArray[np.float64]) -> None:
        """These (M,) objects are there (M, 3) now, NaN where unknown; removed ones are back."""
        self.grid.set(rows, positions)

    def remove(self, rows: Indices) -> None:
        """These objects are retired: no track is compared with them."""
        self.grid.remove(rows)

    def rows(
        self,
        around: NDArray[np.float64] | None = None,
        radius_m: float = np.inf,
        views: NDArray[np.float32] | None = None,
    ) -> tuple[Indices, int]:
        """The objects that T tracks may be.

        Args:
            around: (T, 3) only objects near one of these places, and those without a place.
            radius_m: how near.
            views: (T, V, D) of many objects without a known relation of places, only those that look
                most like one of the tracks; None for all.

        Returns:
            Their rows, ascending, and how many were left out because of their looks.
        """
        if around is None:
            every = np.flatnonzero(self.grid.present())
            alike = self._alike(every, views)
            return alike, len(every) - len(alike)
        unplaced = self.grid.unplaced()
        alike = self._alike(unplaced, views)
        return np.union1d(self.grid.near(around, radius_m), alike), len(unplaced) - len(alike)

    def _alike(self, rows: Indices, views: NDArray[np.float32] | None) -> Indices:
        if views is None or len(rows) <= _ALL:
            return rows
        among = np.zeros(len(self.bank), dtype=bool)
        among[rows] = True
        return self.nearest.near(views, _PER_TRACK, among)
