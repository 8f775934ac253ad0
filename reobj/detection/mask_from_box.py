"""Masks recovered from boxes, for detectors that give boxes alone (as VS-ReID, Li et al. 2017, does).

With depth: what stands out of floor, walls and table tops and lies for the most part in the box. Else by
colour, with GrabCut (Rother et al. 2004). A box in which neither finds anything is filled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reobj.detection.box_colours import mask_by_colour
from reobj.detection.box_surfaces import Box, BoxSurfaces
from reobj.detection.masks import MAX_INSTANCES
from reobj.errors import InputError, mismatch
from reobj.types import Frame

_LEAST = 0.1  #: part of its box that an object covers; less is a scrap of it


def masks_from_boxes(frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.uint16]:
    """The mask of the object in each box; where two of them meet, the smaller box has the pixel.

    Args:
        frame: by depth where it has depth and intrinsics, else by colour.
        boxes: (N, 4) pixels x0 y0 x1 y1, half-open; what is beyond the image is not looked at.

    Returns:
        (H, W) uint16, 0 = none, i = box i - 1. A box that has no pixel of the image, or whose pixels all
        belong to smaller ones, does not occur.

    Raises:
        InputError: boxes of another shape, or not finite, or more than a label image can number.
    """
    whole = _whole_pixels(boxes, frame.height, frame.width)
    label_image = np.zeros((frame.height, frame.width), np.uint16)
    if not len(whole):
        return label_image
    masks = _mask_maker(frame)
    areas = (whole[:, 2:] - whole[:, :2]).prod(axis=1)
    for row in np.argsort(-areas, kind="stable")[: np.count_nonzero(areas)]:
        x0, y0, x1, y1 = whole[row].tolist()
        label_image[y0:y1, x0:x1][masks((x0, y0, x1, y1))] = row + 1
    return label_image


def _whole_pixels(boxes: NDArray[np.floating], height: int, width: int) -> NDArray[np.int64]:
    """Boxes (N, 4) of whole pixels within the image; those beyond it are empty."""
    if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) > MAX_INSTANCES:
        raise InputError(mismatch("boxes", f"(N, 4), at most {MAX_INSTANCES}", boxes.shape))
    if not np.isfinite(boxes).all():
        raise InputError(mismatch("boxes", "finite values", "NaN or infinity"))
    whole = np.rint(np.clip(boxes, 0, [width, height, width, height])).astype(np.int64)
    whole[:, 2:] = np.maximum(whole[:, 2:], whole[:, :2])
    return whole


def _mask_maker(frame: Frame) -> Callable[[Box], NDArray[np.bool_]]:
    """Gives the mask in a box, (h, w) bool of the box's size, the first that makes sense."""
    makers: list[Callable[[Box], NDArray[np.bool_]]] = [partial(mask_by_colour, frame.colour)]
    if frame.depth is not None and frame.intrinsics is not None:
        makers.insert(0, BoxSurfaces(frame.depth, frame.intrinsics).mask)

    def make(box: Box) -> NDArray[np.bool_]:
        for maker in makers:
            mask = maker(box)
            if mask.mean() >= _LEAST:
                return mask
        return np.ones((box[3] - box[1], box[2] - box[0]), bool)

    return make
