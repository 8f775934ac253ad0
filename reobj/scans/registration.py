"""Brings colour and depth, which ScanNet keeps in two sizes, into one pixel grid."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.types import Intrinsics

Pixel = TypeVar("Pixel", bound=np.generic)

TOLERANCE = 0.5  # pixels; closer than that, a plain resize picks the same or the neighbouring pixel


class Resampler:
    """Images of one pinhole camera seen by another at the same place, looking the same way.

    Pixel (u, v) of the target looks along ((u - cx) / fx, (v - cy) / fy, 1); the source is sampled where
    it sees that ray. What the source does not see is 0. The maps are computed once.

    Args:
        source: camera of the images that come.
        target: camera of the images that go.
    """

    def __init__(self, source: Intrinsics, target: Intrinsics) -> None:
        self.same = source == target
        self._size = (target.width, target.height)
        scaled = source.resized(*self._size)
        self._resize_only = _farthest(scaled, target) < TOLERANCE
        if self._resize_only:
            return
        self._nearest = _maps(source, target, nearest=True)
        self._smooth = _maps(scaled, target, nearest=False)

    def nearest(self, image: NDArray[Pixel]) -> NDArray[Pixel]:
        """For depth and ids, (H, W): values are picked, never mixed."""
        if self.same:
            return image
        pixels: Any = image
        if self._resize_only:
            pixels = cv2.resize(pixels, self._size, interpolation=cv2.INTER_NEAREST_EXACT)
        else:
            pixels = cv2.remap(pixels, *self._nearest, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return pixels

    def smooth(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """For colour, (H, W, 3): averaged over the area that a target pixel covers."""
        if self.same:
            return image
        # Resizing first, by area, keeps fine texture from flickering; the rest of the way is about 1:1.
        pixels: Any = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        if not self._resize_only:
            pixels = cv2.remap(pixels, *self._smooth, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return pixels


def _positions(source: Intrinsics, target: Intrinsics) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where in ``source`` each column and each row of ``target`` lies, pixels."""
    columns = (np.arange(target.width) - target.cx) / target.fx * source.fx + source.cx
    rows = (np.arange(target.height) - target.cy) / target.fy * source.fy + source.cy
    return columns, rows


def _farthest(source: Intrinsics, target: Intrinsics) -> float:
    """Largest distance, along one axis, between a pixel's places in two cameras of one size."""
    columns, rows = _positions(source, target)
    return float(
        max(np.abs(columns - np.arange(target.width)).max(), np.abs(rows - np.arange(target.height)).max())
    )


def _maps(source: Intrinsics, target: Intrinsics, *, nearest: bool) -> tuple[Any, Any]:
    """The positions in OpenCV's fixed-point form, which its remap reads fastest."""
    columns, rows = (grid.astype(np.float32) for grid in np.meshgrid(*_positions(source, target)))
    return cv2.convertMaps(columns, rows, cv2.CV_16SC2, nninterpolation=nearest)
