"""Joined messages to a Frame: decoding, in the worker's thread."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from reobj.errors import ConfigError, ReobjError, mismatch
from reobj.scans.message_cameras import fitted, intrinsics_from, is_rectified
from reobj.types import Frame, Intrinsics
from reobj_ros.input.camera_poses import POSE_TOPICS, CameraPoses
from reobj_ros.input.cameras import prefix_of
from reobj_ros.input.depth_input import DepthInput
from reobj_ros.input.inputs import Inputs
from reobj_ros.input.stamp_join import ANY_STAMP_NS, Companion, Interpolated, Joined
from reobj_ros.input.transforms import FROM_TF, StaticTransforms, static_transforms
from reobj_ros.messages.images import to_rgb
from reobj_ros.node.parameters import Parameter

GEOMETRY = (
    Parameter(
        "depth_transport",
        "auto",
        "which form of depth to take",
        choices=("auto", "raw", "compressed", "none"),
    ),
    Parameter(
        "depth_slop", 0.02, "largest difference of the stamps of image and depth, s", 0.0, 1.0, live=True
    ),
    Parameter(
        "depth_registration",
        "auto",
        "whether depth is registered to colour here, by `depth_camera_info`: auto = where that comes and the "
        "depth has another size or frame_id than the image",
        choices=("auto", "always", "never"),
    ),
    Parameter(
        "depth_to_colour",
        FROM_TF,
        "pose of the depth camera in the colour camera's optical frame: x, y, z in m and a quaternion "
        "x, y, z, w; zeros = from /tf_static",
    ),
    Parameter(
        "image_rectified",
        "auto",
        "whether the lens was taken out of the images: auto = where the topic's name says `rect`; then P of "
        "CameraInfo counts, else K and D",
        choices=("auto", "always", "never"),
    ),
    Parameter(
        "pose_source",
        "topic",
        "camera pose: PoseStamped on `pose`, Odometry on `odom`, tf, or none",
        choices=("topic", "odometry", "tf", "none"),
    ),
    Parameter(
        "pose_slop",
        0.2,
        "poses of other stamps than an image are interpolated between if they are at most so far apart, s; "
        "0 = only poses of exactly its stamp",
        0.0,
        10.0,
        live=True,
    ),
    Parameter(
        "pose_frame",
        "",
        "frame that `pose` or `odom` has the poses of, as base_link; where the camera is in it is looked up "
        "in /tf_static; empty = the camera's own, or the child_frame_id of `odom`",
    ),
    Parameter(
        "camera_in_pose_frame",
        FROM_TF,
        "pose of the camera's optical frame in `pose_frame`: x, y, z in m and a quaternion x, y, z, w; "
        "zeros = from /tf_static",
    ),
    Parameter("map_frame", "map", "frame of the map, for tf and for what is published"),
    Parameter(
        "tf_wait", 0.1, "longest wait for a transform, s; raising it delays frames", 0.0, 10.0, live=True
    ),
)


DEPTH = tuple(row for row in GEOMETRY if row.name.startswith("depth") or row.name == "image_rectified")
"""The parameters of a node that needs no poses; ``without_poses`` adds what the functions here read."""


def without_poses(settings: Mapping[str, Any]) -> ChainMap[str, Any]:
    """The values of DEPTH as values of GEOMETRY that ask for no poses. They follow as they change."""
    defaults = {row.name: row.default for row in GEOMETRY}
    return ChainMap({"pose_source": "none"}, cast(dict[str, Any], settings), defaults)


def geometry_companions(settings: Mapping[str, Any]) -> dict[str, Companion]:
    """The optional inputs that place a frame in the world. ``Inputs`` follows the slops as they change."""
    companions = {"camera_info": Companion(slop_ns=ANY_STAMP_NS, keep=1)}
    if settings["depth_transport"] != "none":
        companions["depth"] = Companion(slop_ns=int(settings["depth_slop"] * 1e9))
        companions["depth_camera_info"] = Companion(slop_ns=ANY_STAMP_NS, keep=1)
    if settings["pose_source"] in POSE_TOPICS:
        companions["pose"] = Interpolated(slop_ns=int(settings["pose_slop"] * 1e9))
    return companions


def subscribe_geometry(inputs: Inputs, settings: Mapping[str, Any], prefix: str = "") -> None:
    """Subscribes to camera_info, and to depth and poses as the settings say.

    Args:
        inputs: of the node.
        settings: the values of GEOMETRY.
        prefix: of one camera's topics where there are several, as ``front/``; ``odom`` is of the robot.
    """
    inputs.subscribe("camera_info", CameraInfo, f"{prefix}camera_info")
    if settings["depth_transport"] != "none":
        inputs.subscribe_image("depth", f"{prefix}depth", "compressedDepth", settings["depth_transport"])
        inputs.subscribe("depth_camera_info", CameraInfo, f"{prefix}depth_camera_info")
    if settings["pose_source"] in POSE_TOPICS:
        kind, topic = POSE_TOPICS[settings["pose_source"]]
        inputs.subscribe("pose", kind, topic if kind is Odometry else f"{prefix}{topic}")


def colour_frame(joined: Joined) -> Frame:
    """The frame of an image message, without geometry. Raises InputError when it cannot be read."""
    message = joined.primary
    return Frame(to_rgb(message), joined.stamp_ns, message.header.frame_id)


class FrameMaker:
    """Makes Frames of joined messages. What is wrong with depth or pose costs only that input.

    Args:
        node: whose topics' names are asked, and that listens to tf where that is needed.
        settings: the values of GEOMETRY; those of depth may lack where ``depth_transport`` is none.
        warn: takes one line when an input is left out.
        prefix: of the topics, as for ``subscribe_geometry``.
        beside: that of another camera, which listens to tf for this one too.

    Raises:
        ConfigError: tf2_ros is needed and not installed, or a parameter is no transform.
    """

    def __init__(
        self,
        node: Node,
        settings: Mapping[str, Any],
        warn: Callable[[str], None],
        prefix: str = "",
        beside: FrameMaker | None = None,
    ) -> None:
        self._warn, self._prefix = warn, prefix
        self._wrong: dict[str, str] = {}
        self._statics: StaticTransforms | None
        self._poses: CameraPoses
        if beside is None:
            self._statics = static_transforms(node)
            self._poses = CameraPoses(node, settings, self._statics, warn)
        else:
            self._statics, self._poses = beside._statics, beside._poses
        self._rectified = _rectified(node, settings, f"{prefix}image")
        self._depth: DepthInput | None = None
        if settings["depth_transport"] != "none":
            self._depth = DepthInput(settings, self._statics, _rectified(node, settings, f"{prefix}depth"))

    def with_colour(self, joined: Joined) -> Frame:
        """The frame of an image message. Raises InputError when the image cannot be read."""
        return self.with_geometry(colour_frame(joined), joined)

    def with_geometry(self, frame: Frame, joined: Joined) -> Frame:
        """The frame with the depth, intrinsics and pose that came with it."""
        found = joined.companions
        for name in self._wrong.keys() - found.keys() - {"pose"}:  # which tf gives, too
            self._wrong.pop(name)
        if "camera_info" in found:
            intrinsics = self._try("camera_info", self._intrinsics, found["camera_info"], frame)
            frame = replace(frame, intrinsics=intrinsics)
        depth = None
        if self._depth is not None and "depth" in found:
            depth_info = found.get("depth_camera_info")
            depth = self._try("depth", self._depth.read, found["depth"], depth_info, frame)
        pose = self._try("pose", self._poses.pose, frame.stamp_ns, frame.frame_id, found.get("pose"))
        return replace(frame, depth=depth, pose=pose)

    def concerns(self) -> list[str]:
        """What was left out of the last frame, a sentence each. For any thread."""
        return list(self._wrong.values())

    def _intrinsics(self, info: CameraInfo, frame: Frame) -> Intrinsics:
        return fitted(intrinsics_from(info, self._rectified), frame.width, frame.height)

    def _try(self, name: str, read: Callable[..., Any], *arguments: Any) -> Any | None:
        try:
            result = read(*arguments)
        except ReobjError as error:
            self._wrong[name] = f"{self._prefix}{name} left out of this frame: {error}"
            self._warn(self._wrong[name])
            return None
        self._wrong.pop(name, None)
        return result


def frame_makers(
    node: Node, settings: Mapping[str, Any], warn: Callable[[str], None], cameras: Sequence[str]
) -> dict[str, FrameMaker]:
    """One for each camera, by name; they listen to tf together.

    Raises:
        ConfigError: as FrameMaker; or one place is given for several cameras.
    """
    given = list(settings["camera_in_pose_frame"])
    if len(cameras) > 1 and given != FROM_TF:
        expected = f"zeros, as the {len(cameras)} cameras are in different places: publish them on /tf_static"
        raise ConfigError(mismatch("parameter camera_in_pose_frame", expected, given))
    made: dict[str, FrameMaker] = {}
    for camera in cameras:
        made[camera] = FrameMaker(node, settings, warn, prefix_of(camera), next(iter(made.values()), None))
    return made


def _rectified(node: Node, settings: Mapping[str, Any], topic: str) -> bool:
    mode = settings["image_rectified"]
    return is_rectified(node.resolve_topic_name(topic)) if mode == "auto" else mode == "always"
