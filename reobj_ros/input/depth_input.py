"""Depth images as the colour camera sees them: taken as they are, or registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.depth_registration import DepthRegistration
from reobj.errors import InputError, mismatch
from reobj.scans.message_cameras import fitted, intrinsics_from
from reobj.types import Frame, Intrinsics
from reobj_ros.input.transforms import FixedTransform, StaticTransforms
from reobj_ros.messages.images import to_depth

Depth = NDArray[np.float32]
Registered = tuple[Intrinsics, Intrinsics, str, str]


class DepthInput:
    """Makes depth of a frame's size of depth messages. It keeps the tables of the last pair of cameras.

    Args:
        settings: ``depth_registration`` and ``depth_to_colour``.
        statics: where the depth camera is looked up from the colour camera.
        rectified: whether the depth images are.

    Raises:
        ConfigError: ``depth_to_colour`` is no transform.
    """

    def __init__(
        self, settings: Mapping[str, Any], statics: StaticTransforms | None, rectified: bool
    ) -> None:
        self._mode: str = settings["depth_registration"]
        self._to_colour = FixedTransform("depth_to_colour", settings["depth_to_colour"], statics)
        self._rectified = rectified
        self._cameras: Registered | None = None
        self._register: DepthRegistration

    def read(self, message: Any, info: Any | None, frame: Frame) -> Depth:
        """(H, W) float32 metres of the frame's size, 0 where unknown.

        Args:
            message: Image or CompressedImage.
            info: CameraInfo of the depth camera; None when there is none.
            frame: with the intrinsics of the colour camera, where they are known.

        Raises:
            InputError: it cannot be read, or neither be taken as it is nor registered.
            ConfigError: where the depth camera is from the colour camera is not known.
        """
        depth = to_depth(message)
        frame_id = message.header.frame_id
        if self._is_registered(depth, frame_id, info, frame):
            return _of_size(depth, frame, frame_id)
        if info is None:
            raise InputError("depth_camera_info: nothing came, and depth_registration is always")
        if frame.intrinsics is None:
            raise InputError("camera_info: nothing that can be used came; depth is registered by it")
        height, width = depth.shape
        source = fitted(intrinsics_from(info, self._rectified), width, height)
        cameras = (source, frame.intrinsics, frame_id, frame.frame_id)
        if cameras != self._cameras:
            pose = self._to_colour.lookup(frame.frame_id, frame_id)
            self._register, self._cameras = DepthRegistration(source, frame.intrinsics, pose), cameras
        return self._register(depth)

    def _is_registered(self, depth: Depth, frame_id: str, info: Any | None, frame: Frame) -> bool:
        if self._mode != "auto":
            return self._mode == "never"
        same_size = depth.shape == (frame.height, frame.width)
        return info is None or (same_size and frame_id == frame.frame_id)


def _of_size(depth: Depth, frame: Frame, frame_id: str) -> Depth:
    """Registered depth in the frame's size; of the colour camera itself it may have been scaled."""
    (height, width), size = depth.shape, (frame.width, frame.height)
    if (width, height) == size:
        return depth
    if frame_id == frame.frame_id and abs(width * frame.height / (height * frame.width) - 1) < 0.02:
        return np.asarray(cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST_EXACT), np.float32)
    expected = f"{size[0]}x{size[1]} pixels, registered to the image, or its CameraInfo on depth_camera_info"
    raise InputError(mismatch("depth image", expected, f"{width}x{height}"))
