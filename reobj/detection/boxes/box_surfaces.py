"""What depth says of the pixels around a box: whose they are."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_cuts import concave_creases, connected_surfaces, give_back
from reobj.detection.depth.depth_grid import Bools, DepthGrid, GridMaker
from reobj.detection.depth.depth_planes import find_structure
from reobj.detection.depth.depth_segments import DepthSegmentsConfig
from reobj.types import Intrinsics

Box = tuple[int, int, int, int]  #: x0 y0 x1 y1 in whole pixels, half-open, not empty, within the image

#: part of a surface that lies in the box of its object; the rest is noise at its outline
_INSIDE = 0.8
_FARTHEST_M = 8.0


class Owner(enum.IntEnum):
    """Whose a pixel is."""

    UNKNOWN = 0  #: no depth there
    BOX = 1  #: of a surface that lies in the box
    OTHER = 2  #: of one that goes on beyond the box


class BoxSurfaces:
    """A depth image cut into surfaces: at depth edges, concave creases, and where large planes end.

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
        structure = find_structure(grid, on_plane, config.plane_area, config.plane_part).part_of
        # A table top is a large plane, and may be what the box is about: planes are surfaces too.
        objects, planes = (_cut(grid, part, config) for part in (grid.known & ~structure, structure))
        self._numbers = np.where(planes > 0, planes + objects.max(), objects)
        self._pixels = np.bincount(self._numbers.ravel())
        self._step = grid.step

    def owners(self, box: Box, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Whose the pixels of these rows (h,) and columns (w,) of the image are, (h, w) of ``Owner``."""
        x0, y0, x1, y1 = (value // self._step for value in box)
        inside = np.bincount(self._numbers[y0 : y1 + 1, x0 : x1 + 1].ravel(), minlength=len(self._pixels))
        owners = np.where(inside >= _INSIDE * self._pixels, np.uint8(Owner.BOX), np.uint8(Owner.OTHER))
        owners[0] = Owner.UNKNOWN
        height, width = self._numbers.shape
        down = np.minimum(rows // self._step, height - 1)
        return owners[self._numbers[np.ix_(down, np.minimum(columns // self._step, width - 1))]]


def _cut(grid: DepthGrid, part: Bools, config: DepthSegmentsConfig) -> NDArray[np.int32]:
    """(h, w), numbers from 1 of the surfaces in a part of the grid."""
    creases = part & concave_creases(grid, grid.tolerance(0, config.noise), config.crease)
    step = np.float32(config.edge) * grid.q + np.float32(config.noise)
    return give_back(connected_surfaces(grid, part & ~creases, step), creases)
