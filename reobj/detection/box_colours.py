"""The object in a box, by colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.box_surfaces import Box

_SIDE = 64  #: pixels of the longer side of what GrabCut sees: time grows with the area
_MARGIN = 0.2  #: of the box's sides, seen around it: what is surely background
_ROUNDS = 2


def mask_by_colour(colour: NDArray[np.uint8], box: Box) -> NDArray[np.bool_]:
    """What in a box differs in colour from what is around it (GrabCut, Rother et al. 2004).

    Args:
        colour: (H, W, 3) uint8 RGB.
        box: of the object.

    Returns:
        (h, w) bool of the box's size; all True where the box leaves nothing around it to compare with.
    """
    x0, y0, x1, y1 = box
    crop, (left, top) = _surroundings(colour, box)
    scale = min(1.0, _SIDE / max(crop.shape[:2]))
    width, height = (max(1, round(scale * side)) for side in crop.shape[1::-1])
    small = np.ascontiguousarray(cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    inside = np.zeros(crop.shape[:2], np.uint8)
    inside[y0 - top : y1 - top, x0 - left : x1 - left] = 1
    inside = np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    if inside.all() or not inside.any():
        return np.ones((y1 - y0, x1 - x0), bool)
    found = cv2.resize(_cut(small, inside), crop.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    return found[y0 - top : y1 - top, x0 - left : x1 - left]


def _surroundings(colour: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The part of the image that shows a box with a margin, and its left and top."""
    x0, y0, x1, y1 = box
    across, down = (max(2, round(_MARGIN * side)) for side in (x1 - x0, y1 - y0))
    left, top = max(x0 - across, 0), max(y0 - down, 0)
    return colour[top : y1 + down, left : x1 + across], (left, top)


def _cut(image: NDArray[np.uint8], inside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """GrabCut of an image (h, w, 3) with its box as 1 in (h, w): 1 where the object is, else 0."""
    kinds = np.where(inside, np.uint8(cv2.GC_PR_FGD), np.uint8(cv2.GC_BGD))
    models = np.zeros((2, 1, 65))
    cv2.setRNGSeed(0)  # it starts from random clusters: the same box is to give the same mask
    cv2.grabCut(image, kinds, (0, 0, 0, 0), models[0], models[1], _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return (kinds == cv2.GC_PR_FGD).astype(np.float32)
