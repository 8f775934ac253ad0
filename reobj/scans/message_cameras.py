"""CameraInfo messages -> intrinsics, for bags and for live topics alike.

The functions take any object with the fields of ``sensor_msgs/CameraInfo``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from reobj.distortion import Distortion
from reobj.errors import InputError, mismatch
from reobj.types import Intrinsics

#: widths and heights may be scaled by factors that differ by so much; more than that is a part of the image
_SHAPE = 0.02


def intrinsics_from(info: Any, rectified: bool = False) -> Intrinsics:
    """The camera of the images that a CameraInfo comes with.

    Binning and the region of interest, which the message says of the calibrated image, are applied. A
    message that leaves its size out (0x0) gives intrinsics of that size, see ``fitted``.

    Args:
        info: the message.
        rectified: its images were rectified: its P is their camera, and the lens is no longer seen.

    Raises:
        InputError: an uncalibrated camera (K of zeros), or a lens of another model.
    """
    if not (info.k[0] and info.k[4]):
        raise InputError(mismatch("camera_info", "a calibrated camera", "K of zeros: calibrate the camera"))
    use_p = rectified and info.p[0] and info.p[5]
    matrix, places = (info.p, (0, 5, 2, 6)) if use_p else (info.k, (0, 4, 2, 5))
    fx, fy, cx, cy = (float(matrix[i]) for i in places)
    lens = None if rectified else Distortion.of(info.distortion_model, info.d)
    across, down, roi = max(info.binning_x, 1), max(info.binning_y, 1), info.roi
    window = (roi.width, roi.height) if roi.width and roi.height else (info.width, info.height)
    return Intrinsics(
        fx / across,
        fy / down,
        (cx - roi.x_offset + 0.5) / across - 0.5,
        (cy - roi.y_offset + 0.5) / down - 0.5,
        int(window[0]) // across,
        int(window[1]) // down,
        lens,
    )


def is_rectified(topic: str) -> bool:
    """Whether an image topic's name says that its images are rectified, as image_rect_color does."""
    return not {"rect", "rectified"}.isdisjoint(re.split("[/_]", topic))


def fitted(camera: Intrinsics, width: int, height: int) -> Intrinsics:
    """The camera for an image of a size: of 0x0 it is taken as it is, else the image was scaled.

    Raises:
        InputError: the image has another shape, so that it was not only scaled.
    """
    if (camera.width, camera.height) == (width, height):
        return camera
    if not (camera.width and camera.height):
        return replace(camera, width=width, height=height)
    if abs(width * camera.height / (height * camera.width) - 1) > _SHAPE:
        expected = f"the shape of its image of {width}x{height} pixels"
        raise InputError(
            mismatch(
                "camera_info", expected, f"{camera.width}x{camera.height}: is it of another camera or a crop?"
            )
        )
    return camera.resized(width, height)
