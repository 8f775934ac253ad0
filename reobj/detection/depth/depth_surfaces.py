"""What is known of the connected surfaces of a depth grid: size, outline, how sure they are objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_grid import Bools, DepthGrid
from reobj.detection.depth.depth_planes import Structure
from reobj.detection.masks import boxes_of

Values = NDArray[np.float64]

_BEHIND = 0.97  #: inverse depth against one's own, up to which a neighbour is behind


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """N surfaces, number i + 1 in row i.

    Attributes:
        part: (N,), of the image, in [0, 1].
        thickness_px, thickness_m: (N,), twice the area over the outline: the width of a strip, half the
            side of a square. Grid pixels, and metres.
        across_m: (N,), diagonal of the bounding box at the surface's distance.
        near_plane: (N,), part of the pixels that lie on a large plane extended without end.
        clear: (N,), part of the outline that is its own: beyond lies something further away, or a large
            plane. Nothing measured counts as further away: behind an edge is the shadow of the camera's
            light. Elsewhere it is hidden by something nearer, cut off by the image, or touches another
            surface, and may go on.
    """

    part: Values
    thickness_px: Values
    thickness_m: Values
    across_m: Values
    near_plane: Values
    clear: Values


def measure(grid: DepthGrid, labels: NDArray[np.uint16], structure: Structure) -> Surfaces:
    """Measures all surfaces at once.

    Args:
        grid: the depth.
        labels: (h, w), numbers of the surfaces from 1, none left out.
        structure: large planes of the grid.
    """
    count = int(labels.max()) + 1
    seen = labels > 0
    numbers = labels[seen]
    area = np.bincount(numbers, minlength=count)[1:]
    metres = np.bincount(numbers, 1 / np.maximum(grid.q[seen], 1e-6), minlength=count)[1:] / area
    metres *= grid.pixel**0.5  # that a pixel covers at each surface's distance
    near_plane = np.bincount(numbers, structure.near[seen], minlength=count)[1:] / area
    outline, clear = _outlines(grid, labels, structure.part_of, count)
    thickness = 2 * area / outline
    sides = boxes_of(labels, count - 1)
    across = np.hypot(sides[:, 2] - sides[:, 0], sides[:, 3] - sides[:, 1]) * metres
    return Surfaces(area / labels.size, thickness, thickness * metres, across, near_plane, clear / outline)


def _outlines(
    grid: DepthGrid, labels: NDArray[np.uint16], planes: Bools, count: int
) -> tuple[Values, Values]:
    """Sides of pixels on the outline of each surface, and how many are its own, (N,)."""
    total, clear = np.zeros((2, count))
    around, plane = np.pad(labels, 1), np.pad(planes, 1)
    q = np.pad(_walled(grid.q), 1, constant_values=np.inf)
    inside = (slice(1, -1), slice(1, -1))
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        beside = (slice(1 + down, down - 1 or None), slice(1 + right, right - 1 or None))
        rim = (labels != around[beside]) & (labels > 0)
        numbers = labels[rim]
        own = (q[beside][rim] < _BEHIND * q[inside][rim]) | plane[beside][rim]
        total += np.bincount(numbers, minlength=count)
        clear += np.bincount(numbers, own, minlength=count)
    return total[1:], clear[1:]


def _walled(q: NDArray[np.float32]) -> NDArray[np.float32]:
    """``q`` with infinity beyond the rectangle that has depth: like the image's edge, it cuts objects off."""
    known = q > 0
    rows, columns = np.flatnonzero(known.any(1)), np.flatnonzero(known.any(0))
    if not len(rows):
        return q
    walled = np.full_like(q, np.inf)
    view = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    walled[view] = q[view]
    return walled
