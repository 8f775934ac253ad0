"""Small planes: least-squares fits to the square cells of a depth grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_grid import Bools, DepthGrid, Floats

Planes = NDArray[np.float64]  #: (N, 3) a, b, c of a X + b Y + c Z = 1, metres

CELL = 10  #: grid pixels of a cell's side
_FILLED = 0.9  #: part of a cell's pixels with depth from which it is fitted
_FLAT = 0.5  #: deviation from the plane, against the tolerance, up to which a cell is flat
_COSINE = np.cos(np.deg2rad(20))  #: least agreement of the normals of a cell and its plane


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """N flat cells of a grid.

    Attributes:
        left, right: (N, 3, 3) and (N, 3), sums of the normal equations; those of several cells add up.
        planes: (N, 3), one fitted to each.
        centre: (N, 3), means of x, y and 1.
        directions: (N, 3), of length 1 along the planes' normals.
        q: (N,), mean inverse depth.
        tolerance: (N,), 1 / metres.
        rows, columns: (N,), the grid pixel in the middle.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    planes: Planes
    directions: Planes
    centre: NDArray[np.float64]
    q: NDArray[np.float64]
    tolerance: NDArray[np.float64]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.q)

    def plane_of(self, members: Bools) -> NDArray[np.float64]:
        """(3,), the plane of several cells."""
        return np.linalg.solve(self.left[members].sum(0), self.right[members].sum(0))

    def on(self, planes: Planes) -> Bools:
        """(M, N): which cells lie on which of M planes, in place and direction."""
        close = np.abs(planes @ self.centre.T - self.q) < self.tolerance
        return close & (_directions(planes) @ self.directions.T > _COSINE)


def fit_cells(grid: DepthGrid, tolerance: Floats) -> Cells:
    """All cells with enough depth, fitted at once; those that are not flat are left out.

    Args:
        grid: the depth.
        tolerance: (h, w), 1 / metres: how far from a plane a pixel belongs to it.
    """
    known = grid.known.astype(np.float32)
    x, y, q = grid.rays[0] * known, grid.rays[1] * known, grid.q
    terms = (known, x, y, q, x * x, x * y, y * y, x * q, y * q, q * q)
    sums = np.stack([_sums(term) for term in terms])
    full = sums[0] >= _FILLED * CELL**2
    n, sx, sy, sq, sxx, sxy, syy, sxq, syq, sqq = sums[:, full]
    left = np.stack([sxx, sxy, sx, sxy, syy, sy, sx, sy, n], -1).reshape(-1, 3, 3)
    right = np.stack([sxq, syq, sq], -1)
    planes = np.linalg.solve(left, right[..., None])[..., 0]
    spread = np.sqrt(np.maximum(sqq - (planes * right).sum(1), 0) / n)
    rows, columns = (index * CELL + CELL // 2 for index in np.nonzero(full))
    allowed = tolerance[rows, columns].astype(np.float64)
    centre = np.stack([sx / n, sy / n, np.ones_like(n)], -1)
    flat = spread < _FLAT * allowed
    found = (left, right, planes, _directions(planes), centre, sq / n, allowed, rows, columns)
    return Cells(*(values[flat] for values in found))


def _sums(values: Floats) -> NDArray[np.float64]:
    """Sum over each cell; what is left over at the right and below is in none."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    if not rows or not columns:
        return np.zeros((0, 0))
    cut = values[: rows * CELL, : columns * CELL]
    means = cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float64).reshape(rows, columns) * CELL**2


def _directions(planes: Planes) -> Planes:
    return planes / np.linalg.norm(planes, axis=1, keepdims=True)
