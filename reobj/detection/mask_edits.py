"""Changes to all masks of a label image at once: cut in two, grown or shrunk, moved."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def split_masks(masks: NDArray[np.uint16], angles: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Cuts masks in two along a line through their centre of gravity.

    Args:
        masks: (H, W) uint16, values 0 to N.
        angles: (N,) radians of the line's normal, NaN for a mask that stays whole.

    Returns:
        (H, W) uint16; the part of mask i on the normal's side has value i + N.
    """
    cut = np.isfinite(np.concatenate([[np.nan], angles]))
    y, x = np.nonzero(cut[masks])
    if len(y) == 0:
        return masks
    value = masks[y, x]
    count = np.bincount(value).clip(min=1)
    centre_x, centre_y = np.bincount(value, weights=x) / count, np.bincount(value, weights=y) / count
    normal = angles[value - 1]
    beyond = (x - centre_x[value]) * np.cos(normal) + (y - centre_y[value]) * np.sin(normal) > 0
    result = masks.copy()
    result[y[beyond], x[beyond]] += len(angles)
    return result


def move_borders(masks: NDArray[np.uint16], grow_px: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Grows masks into the background, or shrinks them, by a distance of their own each.

    Args:
        masks: (H, W) uint16, values 0 to M.
        grow_px: (M,) pixels, negative to shrink. Growing never takes another mask's pixels.
    """
    if not masks.any():
        return masks
    limit = np.concatenate([[0.0], grow_px])
    result = np.where(_depth_px(masks) < -limit[masks], 0, masks).astype(np.uint16)
    if not masks.all():
        distance, nearest = _nearest_mask(masks)
        grown = (masks == 0) & (distance <= limit[nearest])
        result[grown] = nearest[grown]
    return result


def _depth_px(masks: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(H, W) float32: distance of each pixel to the border of its mask, 0 on the border's own pixels.

    Where the image's edge cuts a mask there is no border.
    """
    inner = np.ones(masks.shape, np.uint8)
    vertical, horizontal = masks[1:] == masks[:-1], masks[:, 1:] == masks[:, :-1]
    inner[1:] &= vertical
    inner[:-1] &= vertical
    inner[:, 1:] &= horizontal
    inner[:, :-1] &= horizontal
    return cv2.distanceTransform(inner, cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.float32, copy=False)


def _nearest_mask(masks: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
    """Distance in pixels to the nearest mask and its value, both (H, W)."""
    outside = (masks == 0).astype(np.uint8)
    distance, nearest = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value_of = np.zeros(int(nearest.max()) + 1, np.uint16)
    value_of[nearest[outside == 0]] = masks[outside == 0]
    return distance, value_of[nearest]


def shift_masks(masks: NDArray[np.uint16], shift_px: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Moves each mask by whole pixels. Where two meet, the one whose pixels came from lower down wins.

    Args:
        masks: (H, W) uint16, values 0 to M.
        shift_px: (M, 2) float64, in x and y, rounded to whole pixels. What leaves the image is lost.
    """
    height, width = masks.shape
    y, x = np.nonzero(masks)
    value = masks[y, x]
    step = np.rint(shift_px).astype(np.int64)[value.astype(np.int64) - 1]
    x, y = x + step[:, 0], y + step[:, 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    result = np.zeros_like(masks)
    result[y[inside], x[inside]] = value[inside]
    return result
