"""A depth image as inverse depth on a coarse grid, where planes are linear and noise is even."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.types import Intrinsics

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_LONG_SIDE = 320  #: pixels of the grid's longer side, about: enough for a cup at 3 m, fast on one core
_NEAREST_M = 0.1  #: no depth camera measures what is nearer
_CLOSED = np.ones((5, 5), np.uint8)  #: the widest hole that is filled; shadows at depth edges are wider
_EVEN = 0.05  #: largest relative difference of the depth around a hole of one surface
_CAMERAS = 8  #: whose lines of sight are kept


@dataclass(frozen=True, slots=True, eq=False)
class DepthGrid:
    """Inverse depth of every ``step``-th pixel.

    A plane a X + b Y + c Z = 1 is q = a x + b y + c here, and the error of stereo and structured light,
    which grows with the square of the distance, is the same everywhere in q.

    Attributes:
        q: (h, w) float32, 1 / metres, 0 where unknown.
        rays: (2, h, w) float32, lines of sight x / z and y / z.
        pixel: what a grid pixel covers at 1 m, square metres.
        step: pixels of the image from one pixel of the grid to the next.
    """

    q: Floats
    rays: Floats
    pixel: float
    step: int

    @property
    def known(self) -> Bools:
        """(h, w), where there is depth."""
        return self.q > 0

    def tolerance(self, near_m: float, noise: float) -> Floats:
        """(h, w) float32, 1 / metres: an error of ``near_m + noise * z**2`` metres, told in q."""
        return np.asarray(np.float32(near_m) * self.q * self.q + np.float32(noise), np.float32)


class GridMaker:
    """Makes grids of depth images. It keeps the lines of sight of the last few cameras.

    Args:
        farthest_m: what is further away counts as unknown.
    """

    def __init__(self, farthest_m: float) -> None:
        self._farthest = farthest_m
        self._rays = lru_cache(maxsize=_CAMERAS)(_rays)

    def __call__(self, depth: Floats, intrinsics: Intrinsics) -> DepthGrid:
        """The grid of a depth image, with the median of 3 x 3 against single wrong pixels.

        Args:
            depth: (H, W) metres, 0 or NaN where unknown.
            intrinsics: of an image of that size.
        """
        step = max(1, round(max(depth.shape) / _LONG_SIDE))
        z = np.ascontiguousarray(depth[step // 2 :: step, step // 2 :: step])
        seen = (z > _NEAREST_M) & (z < self._farthest)  # False for NaN
        q = np.divide(np.float32(1), z, out=np.zeros_like(z), where=seen)
        q = _closed(np.asarray(cv2.medianBlur(q, 3), np.float32))
        return DepthGrid(q, self._rays(intrinsics, step), step**2 / (intrinsics.fx * intrinsics.fy), step)


def _closed(q: Floats) -> Floats:
    """Small holes filled where the depth around them is even: dark and shiny patches of one surface."""
    nearest = np.asarray(cv2.dilate(q, _CLOSED), np.float32)
    farthest = np.asarray(cv2.erode(np.where(q > 0, q, np.float32(np.inf)), _CLOSED), np.float32)
    fill = (q == 0) & (nearest > 0)
    fill[fill] = nearest[fill] - farthest[fill] < _EVEN * nearest[fill]
    q[fill] = 0.5 * (nearest[fill] + farthest[fill])
    return q


def _rays(intrinsics: Intrinsics, step: int) -> Floats:
    """Lines of sight of the grid's pixels, (2, h, w)."""
    first = step // 2
    v, u = np.mgrid[first : intrinsics.height : step, first : intrinsics.width : step]
    rays = np.stack(intrinsics.rays(u, v)).astype(np.float32)
    rays.flags.writeable = False
    return rays
