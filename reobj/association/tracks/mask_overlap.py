"""How well masks overlap those of the last frame, moved to where their tracks are predicted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LabelPixels = NDArray[np.uint16]

#: about so many pixels of an image are looked at, whatever its size: a cup 15 pixels wide at 640x480
#: still has some 16 of them
_SAMPLES = 20_000


class LastMasks:
    """The masks of one frame, thinned to points on a regular grid.

    Args:
        label_image: (H, W) uint16, 0 = background, i = instance i - 1.
        centres: (N, 2) pixels, of the boxes of the N instances.
    """

    def __init__(self, label_image: LabelPixels, centres: Array) -> None:
        step = _step(label_image)
        thin = _thin(label_image, step)
        y, x = np.nonzero((thin > 0) & (thin <= len(centres)))
        self._owners = thin[y, x].astype(np.intp) - 1
        self._points = np.stack([x, y], axis=1) * step + step // 2
        self._centres = centres

    def overlap(self, instances: NDArray[np.intp], centres: Array, label_image: LabelPixels, n: int) -> Array:
        """Intersection over union of moved masks and those of the present frame.

        A moved mask counts as far as it lies within the image.

        Args:
            instances: (R,) which instances of the last frame, none of them twice.
            centres: (R, 2) pixels, where their boxes are predicted now.
            label_image: (H, W) of the present frame.
            n: number of instances in it.

        Returns:
            (R, n) in [0, 1]; NaN where one of the two has no mask.
        """
        height, width = label_image.shape
        rows = np.full(len(self._centres), -1)
        rows[instances] = np.arange(len(instances))
        moved = np.zeros_like(self._centres)
        moved[instances] = centres - self._centres[instances]
        row = rows[self._owners]
        x, y = (self._points + np.rint(moved).astype(np.intp)[self._owners]).T
        inside = (row >= 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
        row, now = row[inside], label_image[y[inside], x[inside]].astype(np.intp)
        now[now > n] = 0
        shared = np.bincount(row * (n + 1) + now, minlength=len(instances) * (n + 1))
        shared = shared.reshape(len(instances), n + 1).astype(np.float64)
        before, after = shared.sum(axis=1), _areas(label_image, n)
        union = before[:, None] + after - shared[:, 1:]
        known = (before[:, None] > 0) & (after > 0)
        return np.divide(shared[:, 1:], union, out=np.full(union.shape, np.nan), where=known)


def _areas(label_image: LabelPixels, n: int) -> Array:
    """(n,) points of each mask on the same grid."""
    counts = np.bincount(_thin(label_image, _step(label_image)).ravel(), minlength=n + 1)
    return counts[1 : n + 1].astype(np.float64)


def _step(label_image: LabelPixels) -> int:
    return max(1, round(float(np.sqrt(label_image.size / _SAMPLES))))


def _thin(label_image: LabelPixels, step: int) -> LabelPixels:
    return label_image[step // 2 :: step, step // 2 :: step]
