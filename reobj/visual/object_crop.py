"""A small picture of one object of a frame with its surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.types import Instances
from reobj.visual.images import encode_jpeg

#: The crop is this much larger than the box: the surroundings are half of the evidence.
_MARGIN = 1.8
#: Least side of a crop in pixels of the frame.
_LEAST_SIDE = 48


def outlined_crop(
    colour: NDArray[np.uint8], instances: Instances, index: int, outline: tuple[int, int, int], max_side: int
) -> bytes:
    """A JPEG file of a square around the box, moved into the image, with the outline of the mask.

    Args:
        colour: (H, W, 3) uint8 RGB of the frame.
        instances: of the frame.
        index: which one.
        outline: its RGB colour.
        max_side: longer side of the picture in pixels.
    """
    x0, y0, x1, y1 = instances.boxes[index].tolist()
    side = max(int(_MARGIN * max(x1 - x0, y1 - y0)), _LEAST_SIDE)
    rows, columns = colour.shape[:2]
    width, height = min(side, columns), min(side, rows)
    left = int(np.clip((x0 + x1 - width) / 2, 0, columns - width))
    top = int(np.clip((y0 + y1 - height) / 2, 0, rows - height))
    part = np.s_[top : top + height, left : left + width]
    crop = colour[part].copy(order="C")
    mask = (instances.label_image[part] == index + 1).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # Wide enough to be two pixels after the picture was made smaller.
    thickness = max(round(2 * side / max_side), 1)
    cv2.drawContours(crop, outlines, -1, outline, thickness, cv2.LINE_AA)
    return encode_jpeg(crop, max_side)
