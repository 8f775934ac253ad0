"""Depth of one camera as another camera at another place would measure it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.types import Intrinsics, check_pose

Depth = NDArray[np.float32]

#: metres; what is nearer to the target camera than this has no place in its image
_NEAREST_M = 0.01
_CRACK = np.ones((3, 3), np.uint8)  #: cracks between points that were neighbours are one pixel wide


class DepthRegistration:
    """Moves the points of depth images into the image of another camera; the nearest one is seen.

    Where the target is the finer one, it is drawn in the resolution of the source and enlarged, so that
    there are no holes between the points. Cracks of one pixel are closed with the depth around them.
    What the source did not see, as it was hidden from it or out of its view, is 0.

    Args:
        source: camera of the depth images that come.
        target: camera of the depth images that go; their pixels fit those of its colour images.
        pose: (4, 4) from the source's optical frame to the target's, metres.

    Raises:
        InputError: ``pose`` is not rigid.
    """

    def __init__(self, source: Intrinsics, target: Intrinsics, pose: NDArray[np.float64]) -> None:
        check_pose(pose)
        self._source, self._target = source, target
        v, u = np.mgrid[0 : source.height, 0 : source.width]
        x, y = source.rays(u.ravel(), v.ravel())
        rays = pose[:3, :3] @ np.stack([x, y, np.ones(x.shape)])
        self._rays = rays.astype(np.float32)
        self._offset = pose[:3, 3].astype(np.float32)
        finer = max(target.fx / source.fx, target.fy / source.fy, 1.0)
        self._grid = target.resized(round(target.width / finer), round(target.height / finer))

    def __call__(self, depth: Depth) -> Depth:
        """(H, W) float32 metres of the target's size, 0 where unknown.

        Args:
            depth: of the source's size, metres, 0 where unknown.

        Raises:
            InputError: another size.
        """
        shape = (self._source.height, self._source.width)
        if depth.shape != shape:
            got = f"{depth.shape[1]}x{depth.shape[0]}"
            raise InputError(mismatch("depth image", f"{shape[1]}x{shape[0]}, as its camera_info says", got))
        drawn = self._draw(depth.ravel())
        closed = cv2.morphologyEx(
            drawn, cv2.MORPH_CLOSE, _CRACK, borderType=cv2.BORDER_CONSTANT, borderValue=0.0
        )
        drawn = np.where(drawn > 0, drawn, closed).astype(np.float32, copy=False)
        size = (self._target.width, self._target.height)
        if (self._grid.width, self._grid.height) == size:
            return drawn
        return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_NEAREST_EXACT), np.float32)

    def _draw(self, z: Depth) -> Depth:
        """The nearest of all points that fall on each pixel of the grid."""
        grid = self._grid
        x, y, far = self._rays * z + self._offset[:, None]
        seen = (z > 0) & (far > _NEAREST_M)
        np.copyto(far, 1.0, where=~seen)
        u, v = grid.project(x / far, y / far)
        u, v = np.rint(u), np.rint(v)
        seen &= (u >= 0) & (u < grid.width) & (v >= 0) & (v < grid.height)
        rows = np.flatnonzero(seen)
        pixels = v[rows].astype(np.intp) * grid.width + u[rows].astype(np.intp)
        nearest = np.full(grid.width * grid.height, np.inf, np.float32)
        np.minimum.at(nearest, pixels, far[rows])
        nearest[np.isinf(nearest)] = 0.0
        return nearest.reshape(grid.height, grid.width)
