"""Values of an image at places of another one."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", np.uint8, np.uint16, np.float32)
Values = NDArray[Value]


def nearest(
    image: Values[Value],
    places: NDArray[np.float32] | NDArray[np.int16],
    outside: float | None = 0.0,
) -> Values[Value]:
    """The image's nearest pixel at each place.

    Args:
        image: (H, W) or (H, W, 2).
        places: (H, W, 2) x and y in pixels, float32 or whole ones as int16.
        outside: what there is outside of the image; None for its nearest pixel.
    """
    mode = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    empty = np.empty(0, np.float32)  # the second map, which x and y in one do without
    value = (0.0 if outside is None else outside,) * 4
    return cv2.remap(image, places, empty, cv2.INTER_NEAREST, borderMode=mode, borderValue=value)  # type: ignore[return-value]
