"""Image messages to arrays.

The common encodings are read by ``reobj.scans.message_arrays``, the same with and without ROS.
cv_bridge, where it is installed, reads all others (as rgb16); without it they are a clear error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.scans import message_arrays as arrays

try:
    from cv_bridge import CvBridge

    _bridge: Any = CvBridge()
except ImportError:
    _bridge = None


def to_rgb(message: Any) -> NDArray[np.uint8]:
    """Colour of an Image or CompressedImage, (H, W, 3) uint8 RGB.

    Raises:
        InputError: an encoding that nobody here can read, or data that do not fit the header.
    """
    if hasattr(message, "format"):
        return arrays.compressed_to_rgb(message)
    if message.encoding in arrays.COLOUR_ENCODINGS or _bridge is None:
        return arrays.image_to_array(message)
    if not (message.height and message.width):
        raise InputError(mismatch("image size", "width and height > 0", f"{message.width}x{message.height}"))
    try:
        return np.asarray(_bridge.imgmsg_to_cv2(message, "rgb8"))
    except Exception as error:  # beside its own, cv_bridge lets those of numpy and OpenCV through
        raise InputError(f"image of encoding {message.encoding!r}: cv_bridge says: {error}") from error


def to_depth(message: Any) -> NDArray[np.float32]:
    """Depth of an Image or a compressedDepth CompressedImage, (H, W) float32 metres.

    Raises:
        InputError: another encoding than 16UC1 (millimetres) or 32FC1 (metres).
    """
    if hasattr(message, "format"):
        return arrays.compressed_depth_to_metres(message)
    return arrays.depth_to_metres(message)
