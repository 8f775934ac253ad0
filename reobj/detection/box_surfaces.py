"""The object in a box, by depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth_cuts import connected_surfaces
from reobj.detection.depth_grid import GridMaker
from reobj.detection.depth_planes import find_structure
from reobj.detection.depth_segments import DepthSegmentsConfig
from reobj.types import Intrinsics

Box = tuple[int, int, int, int]  #: x0 y0 x1 y1 in whole pixels, half-open, not empty, within the image

_INSIDE = 0.6  #: part of a surface that lies in the box of its object
_FARTHEST_M = 8.0


class BoxSurfaces:
    """Cuts a depth image at depth edges, without its large planes, and says which pieces lie in a box.

    Args:
        depth: (H, W) float32 metres, 0 or NaN where unknown.
        intrinsics: of an image of that size.
        config: where it is cut, and what is a large plane.
    """

    def __init__(
        self, depth: NDArray[np.float32], intrinsics: Intrinsics, config: DepthSegmentsConfig | None = None
    ) -> None:
        config = config or DepthSegmentsConfig()
        grid = GridMaker(_FARTHEST_M)(depth, intrinsics)
        on_plane = grid.tolerance(config.plane_tolerance, config.noise)
        structure = find_structure(grid, on_plane, config.plane_area, config.plane_part)
        step = np.float32(config.edge) * grid.q + np.float32(config.noise)
        self._numbers = connected_surfaces(grid, grid.known & ~structure.part_of, step)
        self._pixels = np.bincount(self._numbers.ravel())
        self._step = grid.step

    def mask(self, box: Box) -> NDArray[np.bool_]:
        """The surfaces that lie in the box for the most part, (h, w) bool of the box's size."""
        x0, y0, x1, y1 = box
        rows = np.minimum(np.arange(y0, y1) // self._step, self._numbers.shape[0] - 1)
        columns = np.minimum(np.arange(x0, x1) // self._step, self._numbers.shape[1] - 1)
        first, last = (rows[0], columns[0]), (rows[-1] + 1, columns[-1] + 1)
        part = self._numbers[first[0] : last[0], first[1] : last[1]]
        own = np.bincount(part.ravel(), minlength=len(self._pixels)) >= _INSIDE * self._pixels
        own[0] = False
        return own[part][np.ix_(rows - first[0], columns - first[1])]
