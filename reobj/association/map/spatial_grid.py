"""Which objects are near: a hash grid over their positions."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

#: in place of a cell: the object's place is not known, or it is not to be found at all
_NOWHERE, _REMOVED = -1, -2
#: cells along each axis, so that three numbers fit into one; what is further out counts as at the border
_AXIS_BITS = 20
_HALF_AXIS = 1 << (_AXIS_BITS - 1)


class SpatialGrid:
    """Positions by row, found by place; a change costs the same in a large map as in a small one.

    Args:
        cell_m: side length of a cell; best about two thirds of the radius that is asked for.
    """

    def __init__(self, cell_m: float = 2.0) -> None:
        self._cell_m = cell_m
        self._rows_in: dict[int, list[int]] = {}
        self._cells = np.full(16, _REMOVED, np.int64)
        self._positions = np.full((16, 3), np.nan)
        self._size = self._unplaced = 0

    def set(self, rows: Indices, positions: Array) -> None:
        """These objects are there now; NaN: their place is not known.

        Args:
            rows: (M,) known ones or new ones.
            positions: (M, 3) metres in the map.

        Raises:
            InputError: the positions have another shape.
        """
        if positions.shape != (len(rows), 3):
            raise InputError(mismatch("positions", (len(rows), 3), positions.shape))
        self._reserve(int(rows.max(initial=-1)) + 1)
        self._positions[rows] = positions
        placed = np.asarray(np.isfinite(positions).all(axis=1))
        cells = np.where(placed, _key(self._cell_of(np.where(placed[:, None], positions, 0.0))), _NOWHERE)
        self._move(rows, cells)

    def remove(self, rows: Indices) -> None:
        """These objects are found no more, neither near a place nor among those without one."""
        self._move(rows, np.full(len(rows), _REMOVED))

    def near(self, around: Array, radius_m: float) -> Indices:
        """The rows of all objects within the radius of at least one place, ascending.

        Args:
            around: (T, 3) metres in the map; nothing is near one that is not finite.
            radius_m: how near, inclusive; may be infinite.
        """
        around = around[np.isfinite(around).all(axis=1)]
        rows = self._within_cells(around, radius_m)
        away = np.linalg.norm(self._positions[rows][:, None] - around[None], axis=2)
        return np.sort(rows[(away <= radius_m).any(axis=1)])

    def unplaced(self) -> Indices:
        """The rows of the objects whose place is not known, ascending."""
        return np.flatnonzero(self._cells == _NOWHERE) if self._unplaced else np.zeros(0, np.intp)

    def present(self) -> NDArray[np.bool_]:
        """(R,) which rows up to the highest one there was are placed or without a place, not removed."""
        return self._cells[: self._size] != _REMOVED

    def _within_cells(self, around: Array, radius_m: float) -> Indices:
        """The rows in all cells around the spheres, in any order; all placed ones if that is less work."""
        cells_per_sphere = (2 * radius_m / self._cell_m + 2) ** 3
        if not len(around) or cells_per_sphere > self._cells.size:  # a cell costs as much as a distance
            return np.flatnonzero(self._cells >= 0)
        low, high = self._cell_of(around - radius_m), self._cell_of(around + radius_m)
        box = low.min(axis=0, keepdims=True), high.max(axis=0, keepdims=True)
        if np.prod((box[1] - box[0] + 1).astype(float)) <= len(around) * cells_per_sphere:
            low, high = box  # one box around all of them has fewer cells
        span = np.indices((high - low).max(axis=0) + 1).reshape(3, -1).T
        cells = low[:, None] + span
        touched = cells[(cells <= high[:, None]).all(axis=2)]
        found = (self._rows_in.get(key, ()) for key in np.unique(_key(touched)).tolist())
        return np.fromiter(chain.from_iterable(found), np.intp)

    def _cell_of(self, positions: Array) -> NDArray[np.int64]:
        cells = np.floor(positions / self._cell_m) + _HALF_AXIS
        return np.clip(cells, 0, 2 * _HALF_AXIS - 1).astype(np.int64)

    def _move(self, rows: Indices, cells: NDArray[np.int64]) -> None:
        moved = np.flatnonzero(self._cells[rows] != cells)
        for row, before, after in zip(
            rows[moved].tolist(), self._cells[rows[moved]].tolist(), cells[moved].tolist(), strict=True
        ):
            self._leave(row, before)
            if after >= 0:
                self._rows_in.setdefault(after, []).append(row)
            self._unplaced += after == _NOWHERE
        self._cells[rows] = cells

    def _leave(self, row: int, cell: int) -> None:
        self._unplaced -= cell == _NOWHERE
        if cell < 0:
            return
        self._rows_in[cell].remove(row)
        if not self._rows_in[cell]:
            del self._rows_in[cell]

    def _reserve(self, size: int) -> None:
        self._size = max(self._size, size)
        missing = size - len(self._cells)
        if missing > 0:
            more = max(missing, len(self._cells))
            self._cells = np.concatenate([self._cells, np.full(more, _REMOVED)])
            self._positions = np.concatenate([self._positions, np.full((more, 3), np.nan)])


def _key(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number >= 0 for each cell (..., 3)."""
    return (cells[..., 0] << 2 * _AXIS_BITS) | (cells[..., 1] << _AXIS_BITS) | cells[..., 2]
