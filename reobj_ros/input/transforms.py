"""Transforms: camera poses from tf2, where tf2_ros is installed, and those that never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from scipy.spatial.transform import Rotation

from reobj.errors import ConfigError, InputError, mismatch
from reobj.scans.message_poses import transform_to_matrix
from reobj_ros.input.stamp_join import LOOP_NS

try:
    import tf2_ros
    from tf2_msgs.msg import TFMessage
except ImportError:  # the ROS 2 wheels have no tf2: poses come by topic there
    tf2_ros = None

Matrix = NDArray[np.float64]

FROM_TF = [0.0] * 7
"""The default of a parameter that holds a transform: it is looked up in /tf_static instead."""


class PoseSource:
    """Looks up the camera's pose in the map at an image's stamp.

    Args:
        node: that listens to /tf and /tf_static.
        settings: ``map_frame``, the fixed frame, and ``tf_wait``, the longest wait for a transform in
            seconds; both are read at each ``lookup``, which is to be called off the executor.

    Raises:
        ConfigError: tf2_ros is not installed.
    """

    def __init__(self, node: Node, settings: Mapping[str, Any]) -> None:
        if tf2_ros is None:
            raise ConfigError(
                "pose_source: 'tf' needs tf2_ros, which is not installed; use 'topic', 'odometry' or 'none'"
            )
        self._buffer: Any = tf2_ros.Buffer()
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)
        self._settings = settings
        self._newest_ns = 0
        self._unconnected: set[str] = set()

    def lookup(self, stamp_ns: int, frame_id: str) -> Matrix:
        """(4, 4) camera-to-map at ``stamp_ns``. Without a transform, raises InputError with the cure."""
        if stamp_ns < self._newest_ns - LOOP_NS:
            self._buffer.clear()  # else tf2 refuses what is older than the last round of a looped bag
            self._newest_ns = stamp_ns
        self._newest_ns = max(self._newest_ns, stamp_ns)
        target, source = _plain(self._settings["map_frame"]), _plain(frame_id)
        # Frames that are not there do not come within a moment, and each image would wait in vain.
        wait = Duration(seconds=0.0 if source in self._unconnected else self._settings["tf_wait"])
        try:
            found = self._buffer.lookup_transform(target, source, Time(nanoseconds=stamp_ns), wait)
        except tf2_ros.TransformException as error:
            if not isinstance(error, tf2_ros.ExtrapolationException):
                self._unconnected.add(source)
            else:
                self._unconnected.discard(source)
            what = f"no transform from {source!r} to {target!r} (map_frame)"
            raise InputError(f"{what}: {error}; {self._cure(error)}") from error
        self._unconnected.discard(source)
        return transform_to_matrix(found.transform)

    def _cure(self, error: Exception) -> str:
        if isinstance(error, tf2_ros.ExtrapolationException):
            if "future" in str(error):
                return f"raise tf_wait ({self._settings['tf_wait']:g} s) if transforms come later than images"
            return "check that images and transforms have stamps of one clock"
        if isinstance(error, tf2_ros.ConnectivityException):
            return "check that all transforms between the two are published"
        return "check who publishes that frame on /tf or /tf_static, map_frame and the frame_id of the images"


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

    def lookup(self, target: str, source: str) -> Matrix | None:
        """(4, 4) from ``source`` to ``target``, or None as long as there is none."""
        try:
            found = self._buffer.lookup_transform(_plain(target), _plain(source), Time())
        except tf2_ros.TransformException:
            return None
        return transform_to_matrix(found.transform)

    def _take(self, message: Any) -> None:
        for transform in message.transforms:
            self._buffer.set_transform_static(transform, "tf_static")


class FixedTransform:
    """One transform that never changes: given as a parameter, or from /tf_static.

    Args:
        name: of the parameter.
        given: its value: x, y, z in metres and a quaternion x, y, z, w; FROM_TF to look it up.
        statics: where it is looked up; None without tf2_ros.

    Raises:
        ConfigError: ``given`` is no transform.
    """

    def __init__(self, name: str, given: Sequence[float], statics: StaticTransforms | None) -> None:
        self._name, self._statics = name, statics
        self._given = None if list(given) == FROM_TF else _matrix(name, given)
        self._found: dict[tuple[str, str], Matrix] = {}

    @property
    def is_given(self) -> bool:
        """Whether the parameter says it."""
        return self._given is not None

    def lookup(self, target: str, source: str) -> Matrix:
        """(4, 4) from ``source`` to ``target``.

        Raises:
            ConfigError: it is not known, or not yet; the message says the cure.
        """
        if self._given is not None:
            return self._given
        if _plain(target) == _plain(source):
            return np.eye(4)
        if (found := self._found.get((target, source))) is not None:
            return found
        what = f"no static transform from {source!r} to {target!r}"
        if self._statics is None:
            raise ConfigError(f"{what}: tf2_ros is not installed to look it up: set {self._name}")
        found = self._statics.lookup(target, source)
        if found is None:
            raise ConfigError(f"{what}: publish it on /tf_static or set {self._name}")
        self._found[target, source] = found
        return found


def static_transforms(node: Node) -> StaticTransforms | None:
    """Those of /tf_static; None where tf2_ros is not installed."""
    return None if tf2_ros is None else StaticTransforms(node)


def _plain(frame: str) -> str:
    """A frame as tf2 takes it: ROS 1 put a slash before it."""
    return frame.removeprefix("/")


def _matrix(name: str, given: Sequence[float]) -> Matrix:
    numbers = np.array(given, np.float64)
    fits = numbers.shape == (7,) and np.isfinite(numbers).all()
    if not fits or abs(np.linalg.norm(numbers[3:]) - 1.0) > 1e-2:
        expected = "x, y, z in metres and a quaternion x, y, z, w of length 1"
        raise ConfigError(mismatch(f"parameter {name}", expected, list(given)))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_quat(numbers[3:]).as_matrix()
    matrix[:3, 3] = numbers[:3]
    return matrix
