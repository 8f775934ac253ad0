"""Moves the borders of masks to where the colour changes, and fills in what came into view."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint16]


def refine_borders(
    labels: Labels, trusted: NDArray[np.uint8], colour: NDArray[np.uint8], band_px: int
) -> Labels:
    """Floods what is uncertain from what is not, along the least change of colour.

    All masks and the background are the sources of one watershed (Meyer, "Color image segmentation", 1992, as
    in OpenCV), so that an object that comes into view further pulls its mask with it up to its border.

    Args:
        labels: (H, W) uint16 label image.
        trusted: (H, W) uint8; what is 0 is uncertain, and
        band_px: so are pixels up to so far from a border.
        colour: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) uint16; an instance of which nothing is certain is gone.
    """
    around = np.ones((2 * band_px + 1, 2 * band_px + 1), np.uint8)
    certain = (cv2.dilate(labels, around) == cv2.erode(labels, around)) & (trusted != 0)
    if not certain.any():
        return np.zeros_like(labels)
    regions = np.where(certain, labels.astype(np.int32) + 1, 0)
    # CIE Lab: equal steps look equally different, so that one measure fits dark and bright borders
    cv2.watershed(cv2.cvtColor(colour, cv2.COLOR_RGB2LAB), regions)
    found = np.maximum(regions - 1, 0).astype(np.uint16)
    # between regions, and around the image, the watershed leaves a line that is nobody's
    beside = cv2.dilate(found, np.ones((3, 3), np.uint8))
    return np.where(regions < 0, np.where(trusted != 0, labels, beside), found)
