"""Masks recovered from boxes, for detectors that give boxes alone (as VS-ReID, Li et al. 2017, does).

By colour, with GrabCut; with depth it starts from the surfaces that lie in the box for the most part. A box
in which nothing can be told apart is filled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.detection.boxes.box_cut import cut_out
from reobj.detection.boxes.box_surfaces import BoxSurfaces
from reobj.detection.masks import MAX_INSTANCES
from reobj.errors import InputError, mismatch
from reobj.types import Frame


def masks_from_boxes(frame: Frame, boxes: NDArray[np.floating]) -> NDArray[np.uint16]:
    """The mask of the object in each box; where two of them meet, the smaller box has the pixel.

    Args:
        frame: colour is looked at, and depth where it has depth and intrinsics of the image's size.
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
    surfaces = _surfaces(frame)
    areas = (whole[:, 2:] - whole[:, :2]).prod(axis=1)
    for row in np.argsort(-areas, kind="stable")[: np.count_nonzero(areas)]:
        x0, y0, x1, y1 = whole[row].tolist()
        label_image[y0:y1, x0:x1][cut_out(frame, (x0, y0, x1, y1), surfaces)] = row + 1
    return label_image


def _surfaces(frame: Frame) -> BoxSurfaces | None:
    """Those of the frame's depth, where there is any and its lines of sight are known."""
    depth, camera = frame.depth, frame.intrinsics
    if depth is None or camera is None or (camera.height, camera.width) != depth.shape:
        return None
    return BoxSurfaces(depth, camera)


def _whole_pixels(boxes: NDArray[np.floating], height: int, width: int) -> NDArray[np.int64]:
    """Boxes (N, 4) of whole pixels within the image; those beyond it are empty."""
    if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) > MAX_INSTANCES:
        raise InputError(mismatch("boxes", f"(N, 4), at most {MAX_INSTANCES}", boxes.shape))
    if not np.isfinite(boxes).all():
        raise InputError(mismatch("boxes", "finite values", "NaN or infinity"))
    whole = np.rint(np.clip(boxes, 0, [width, height, width, height])).astype(np.int64)
    whole[:, 2:] = np.maximum(whole[:, 2:], whole[:, :2])
    return whole
