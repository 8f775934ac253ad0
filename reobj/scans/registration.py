"""Brings colour and depth, which ScanNet keeps in two sizes, into one pixel grid."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.types import Intrinsics

Pixel = TypeVar("Pixel", bound=np.generic)

TOLERANCE = 1 / 32  # pixels; the step of OpenCV's linear remap, which could not show a smaller difference


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
        far = _farthest(scaled, target) >= TOLERANCE
        self._nearest = None if self.same else _maps(source, target, nearest=True)
        self._smooth = _maps(scaled, target, nearest=False) if far else None

    def nearest(self, image: NDArray[Pixel]) -> NDArray[Pixel]:
        """For depth and ids, (H, W): values are picked, never mixed."""
        if self._nearest is None:
            return image
        pixels: Any = image
        return cv2.remap(pixels, *self._nearest, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)

    def smooth(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """For colour, (H, W, 3): averaged over the area that a target pixel covers."""
        if self.same:
            return image
        # Resizing first, by area, keeps fine texture from flickering; the rest of the way is about 1:1.
        pixels: Any = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        if self._smooth is not None:
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
    along_x, along_y = columns - np.arange(target.width), rows - np.arange(target.height)
    return float(max(np.abs(along_x).max(), np.abs(along_y).max()))


def _maps(source: Intrinsics, target: Intrinsics, *, nearest: bool) -> tuple[Any, Any]:
    """The positions in OpenCV's fixed-point form, which its remap reads fastest."""
    columns, rows = np.meshgrid(*(axis.astype(np.float32) for axis in _positions(source, target)))
    return cv2.convertMaps(columns, rows, cv2.CV_16SC2, nninterpolation=nearest)
