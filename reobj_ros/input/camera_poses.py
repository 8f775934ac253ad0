"""Where the camera is when an image is taken: from tf, a pose topic or odometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from rclpy.node import Node

from reobj.scans.message_poses import interpolate, pose_to_matrix
from reobj.types import check_pose
from reobj_ros.input.stamp_join import Around
from reobj_ros.input.transforms import FixedTransform, PoseSource, StaticTransforms

Matrix = NDArray[np.float64]

POSE_TOPICS = {"topic": (PoseStamped, "pose"), "odometry": (Odometry, "odom")}
"""Message type and topic of the pose sources that are topics."""


class CameraPoses:
    """Gives the camera's pose in the map.

    Args:
        node: that listens to tf where the source is tf.
        settings: ``pose_source``, ``pose_frame``, ``camera_in_pose_frame``, ``map_frame`` and ``tf_wait``.
        statics: where the camera is looked up in the frame that the poses are of.
        warn: takes one line when poses are in another frame than the map.

    Raises:
        ConfigError: tf2_ros is needed and not installed, or a parameter is no transform.
    """

    def __init__(
        self,
        node: Node,
        settings: Mapping[str, Any],
        statics: StaticTransforms | None,
        warn: Callable[[str], None],
    ) -> None:
        self._tf = PoseSource(node, settings) if settings["pose_source"] == "tf" else None
        self._pose_frame: str = settings["pose_frame"]
        self._map_frame: str = settings["map_frame"]
        given = settings["camera_in_pose_frame"]
        self._camera = FixedTransform("camera_in_pose_frame", given, statics)
        self._warn = warn
        self._told: set[str] = set()

    def pose(self, stamp_ns: int, frame_id: str, found: Any | None) -> Matrix | None:
        """(4, 4) camera to map, None where it is not known.

        Args:
            stamp_ns, frame_id: of the image.
            found: PoseStamped, Odometry, or Around two of them; None when none came.

        Raises:
            InputError: a pose that is not rigid, or no transform in tf; with the cure.
            ConfigError: where the camera is in the frame of the poses is not known.
        """
        if self._tf is not None:
            return self._tf.lookup(stamp_ns, frame_id)
        if found is None:
            return None
        message = found.after if isinstance(found, Around) else found
        self._check_frame(message.header.frame_id)
        body = self._pose_frame or getattr(message, "child_frame_id", "")
        pose = _interpolated(found)
        if body or self._camera.is_given:
            pose = pose @ self._camera.lookup(body, frame_id)
        check_pose(pose)
        return pose

    def _check_frame(self, frame_id: str) -> None:
        """Says once when the poses are in another frame than the map."""
        if frame_id == self._map_frame or frame_id in self._told:
            return
        self._told.add(frame_id)
        self._warn(
            f"poses are in {frame_id!r} and not in {self._map_frame!r} (map_frame), in which their objects "
            f"are published: set map_frame to {frame_id}, or pose_source to tf where tf leads to the map"
        )


def _interpolated(found: Any) -> Matrix:
    if isinstance(found, Around):
        return interpolate(_matrix(found.before), _matrix(found.after), found.fraction)
    return _matrix(found)


def _matrix(message: Any) -> Matrix:
    posed = message.pose.pose if isinstance(message, Odometry) else message.pose
    return pose_to_matrix(posed)
