"""Joined messages to a Frame: decoding, in the worker's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from reobj.errors import InputError, mismatch
from reobj.scans.message_poses import pose_to_matrix
from reobj.types import Frame, check_pose
from reobj_ros.conversions import intrinsics_from
from reobj_ros.images import to_depth, to_rgb
from reobj_ros.inputs import Inputs
from reobj_ros.parameters import Parameter
from reobj_ros.stamp_join import ANY_STAMP_NS, Companion, Joined
from reobj_ros.transforms import PoseSource

GEOMETRY = (
    Parameter(
        "depth_transport",
        "auto",
        "which form of depth to take",
        choices=("auto", "raw", "compressed", "none"),
    ),
    Parameter("depth_slop", 0.02, "largest difference of the stamps of image and depth, s", 0.0, 1.0),
    Parameter(
        "pose_source", "topic", "camera pose: PoseStamped topic, tf, or none", choices=("topic", "tf", "none")
    ),
    Parameter("map_frame", "map", "frame of the map, for tf and for what is published"),
    Parameter("tf_wait", 0.1, "longest wait for a transform, s; raising it delays frames", 0.0, 10.0),
)


def geometry_companions(settings: dict[str, Any]) -> dict[str, Companion]:
    """The optional inputs that place a frame in the world."""
    companions = {"camera_info": Companion(slop_ns=ANY_STAMP_NS, keep=1)}
    if settings["depth_transport"] != "none":
        companions["depth"] = Companion(slop_ns=int(settings["depth_slop"] * 1e9))
    if settings["pose_source"] == "topic":
        companions["pose"] = Companion()
    return companions


def subscribe_geometry(inputs: Inputs, settings: dict[str, Any]) -> None:
    """Subscribes to camera_info, and to depth and pose as the settings say."""
    inputs.subscribe("camera_info", CameraInfo, "camera_info")
    if settings["depth_transport"] != "none":
        inputs.subscribe_image("depth", "depth", "compressedDepth", settings["depth_transport"])
    if settings["pose_source"] == "topic":
        inputs.subscribe("pose", PoseStamped, "pose")


class FrameMaker:
    """Makes Frames of joined messages. What is wrong with depth or pose costs only that input.

    Args:
        pose_source: answers for tf; None when poses come as messages or not at all.
        warn: takes one line when an input is left out.
    """

    def __init__(self, pose_source: PoseSource | None, warn: Callable[[str], None]) -> None:
        self._pose_source = pose_source
        self._warn = warn

    def with_colour(self, joined: Joined) -> Frame:
        """The frame of an image message. Raises InputError when the image cannot be read."""
        message = joined.primary
        frame = Frame(to_rgb(message), joined.stamp_ns, message.header.frame_id)
        return self.with_geometry(frame, joined)

    def with_geometry(self, frame: Frame, joined: Joined) -> Frame:
        """The frame with the depth, intrinsics and pose that came with it."""
        found = joined.companions
        depth = self._try("depth", lambda: checked_depth(found["depth"], frame)) if "depth" in found else None
        intrinsics = None
        if "camera_info" in found:
            intrinsics = self._try("camera_info", lambda: intrinsics_from(found["camera_info"]))
        pose = self._pose(frame, found.get("pose"))
        return Frame(frame.colour, frame.stamp_ns, frame.frame_id, depth, intrinsics, pose)

    def _pose(self, frame: Frame, message: PoseStamped | None) -> NDArray[Any] | None:
        if message is not None:
            return self._try("pose", lambda: checked_pose(message))
        if self._pose_source is None:
            return None
        source = self._pose_source
        return self._try("pose", lambda: source.lookup(frame.stamp_ns, frame.frame_id))

    def _try(self, name: str, read: Callable[[], Any]) -> Any | None:
        try:
            return read()
        except InputError as error:
            self._warn(f"{name} left out of this frame: {error}")
            return None


def checked_depth(message: Any, frame: Frame) -> NDArray[Any]:
    """Depth of the frame's size. Raises InputError."""
    depth = to_depth(message)
    if depth.shape != (frame.height, frame.width):
        height, width = depth.shape
        expected = f"{frame.width}x{frame.height} pixels, registered to the image"
        raise InputError(mismatch("depth image", expected, f"{width}x{height}"))
    return depth


def checked_pose(message: PoseStamped) -> NDArray[Any]:
    """The camera-to-map matrix. Raises InputError."""
    pose = pose_to_matrix(message.pose)
    check_pose(pose)
    return pose
