"""An image as a model of fixed size takes it, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_GREY = 114  #: around the image, as YOLO is trained with


@dataclass(frozen=True, slots=True, eq=False)
class ModelImage:
    """An image within the larger or smaller one that a model sees: x_seen = x * scale + shift.

    Attributes:
        pixels: (3, h, w) float32 in [0, 1], what the model sees.
        scale: (2,) float64, of x and y.
        shift: (2,) float64, pixels of what the model sees.
        size: height and width of the image itself.
    """

    pixels: NDArray[np.float32]
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]
    size: tuple[int, int]

    def boxes_of(self, seen: NDArray[np.floating]) -> NDArray[np.float32]:
        """Boxes (N, 4) of what the model sees, in pixels of the image."""
        return ((seen - np.tile(self.shift, 2)) / np.tile(self.scale, 2)).astype(np.float32)

    def mask_part(self, mask: NDArray[np.float32], box: tuple[int, int, int, int]) -> NDArray[np.float32]:
        """A mask of what the model sees, at any resolution, in a part of the image.

        Args:
            mask: (h, w) float32.
            box: x0 y0 x1 y1, whole pixels of the image, not empty.

        Returns:
            (y1 - y0, x1 - x0) float32, sampled bilinearly.
        """
        x0, y0, x1, y1 = box
        finer = np.array(mask.shape[::-1]) / np.array(self.pixels.shape[:0:-1])  # mask pixels per pixel seen
        step = self.scale * finer
        first = ((np.array([x0, y0]) + 0.5) * self.scale + self.shift) * finer - 0.5
        matrix = np.array([[step[0], 0, first[0]], [0, step[1], first[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(mask, matrix, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(part, np.float32)


def letterboxed(colour: NDArray[np.uint8], size: tuple[int, int] | None) -> ModelImage:
    """An image in the middle of a grey one, as large as it fits in without being bent.

    Args:
        colour: (H, W, 3) uint8 RGB.
        size: height and width of the grey one; None for the image as it is.
    """
    height, width = colour.shape[:2]
    high, wide = size or (height, width)
    scale = min(high / height, wide / width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.full((high, wide, 3), _GREY, np.uint8)
    left, top = (wide - inner[0]) // 2, (high - inner[1]) // 2
    small = colour if inner == (width, height) else cv2.resize(colour, inner, interpolation=cv2.INTER_LINEAR)
    canvas[top : top + inner[1], left : left + inner[0]] = small
    pixels = np.ascontiguousarray(canvas.transpose(2, 0, 1), np.float32) / np.float32(255)
    factors = np.array([inner[0] / width, inner[1] / height])
    return ModelImage(pixels, factors, np.array([left, top], np.float64), (height, width))
