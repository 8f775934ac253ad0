"""Camera poses from tf2, where tf2_ros is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time

from reobj.errors import ConfigError
from reobj.scans.message_poses import transform_to_matrix
from reobj_ros.stamp_join import LOOP_NS

try:
    import tf2_ros
    from tf2_msgs.msg import TFMessage
except ImportError:  # the ROS 2 wheels have no tf2: poses come by topic there
    tf2_ros = None


class PoseSource:
    """Looks up the camera's pose in the map at an image's stamp.

    Args:
        node: that listens to /tf and /tf_static.
        map_frame: the fixed frame.
        wait_s: longest wait for a transform; call ``lookup`` off the executor.
        warn: takes one line when there is no transform.

    Raises:
        ConfigError: tf2_ros is not installed.
    """

    def __init__(self, node: Node, map_frame: str, wait_s: float, warn: Callable[[str], None]) -> None:
        if tf2_ros is None:
            raise ConfigError(
                "pose_source: 'tf' needs tf2_ros, which is not installed; use 'topic' or 'none'"
            )
        self._buffer: Any = tf2_ros.Buffer(node=node)
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)
        self._map_frame = map_frame
        self._wait = Duration(seconds=wait_s)
        self._warn = warn
        self._newest_ns = 0

    def lookup(self, stamp_ns: int, frame_id: str) -> NDArray[np.float64] | None:
        """(4, 4) camera-to-map at ``stamp_ns``, or None with a warning that says why."""
        if stamp_ns < self._newest_ns - LOOP_NS:
            self._buffer.clear()  # else tf2 refuses what is older than the last round of a looped bag
            self._newest_ns = stamp_ns
        self._newest_ns = max(self._newest_ns, stamp_ns)
        try:
            found = self._buffer.lookup_transform(
                self._map_frame, frame_id, Time(nanoseconds=stamp_ns), self._wait
            )
        except tf2_ros.TransformException as error:
            self._warn(
                f"no pose for this frame: no transform from {frame_id!r} to {self._map_frame!r}: {error}"
            )
            return None
        return transform_to_matrix(found.transform)


class StaticTransforms:
    """Transforms that never change, from /tf_static alone.

    Args:
        node: that listens.

    Raises:
        ConfigError: tf2_ros is not installed.
    """

    def __init__(self, node: Node) -> None:
        if tf2_ros is None:
            raise ConfigError("needs tf2_ros, which is not installed")
        self._buffer: Any = tf2_ros.Buffer()
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        node.create_subscription(TFMessage, "/tf_static", self._take, latched)

    def lookup(self, target: str, source: str) -> NDArray[np.float64] | None:
        """(4, 4) from ``source`` to ``target``, or None as long as there is none."""
        try:
            found = self._buffer.lookup_transform(target, source, Time())
        except tf2_ros.TransformException:
            return None
        return transform_to_matrix(found.transform)

    def _take(self, message: Any) -> None:
        for transform in message.transforms:
            self._buffer.set_transform_static(transform, "tf_static")
