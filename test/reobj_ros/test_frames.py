"""Joined messages to frames, with depth as it is and registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from reobj.depth_registration import DepthRegistration
from reobj.distortion import Distortion
from reobj.errors import ConfigError, InputError
from reobj.types import Intrinsics
from reobj_ros.input.frames import (
    GEOMETRY,
    FrameMaker,
    colour_frame,
    geometry_companions,
    subscribe_geometry,
    without_poses,
)
from reobj_ros.input.inputs import INPUT_PARAMETERS, Inputs
from reobj_ros.input.stamp_join import Joined
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header

MakeNode = Callable[..., Node]
SETTINGS = {row.name: row.default for row in GEOMETRY}
ASIDE = [0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
COLOUR, DEPTH = header(5, "colour"), header(5, "depth")


def picture(width: int = 64, height: int = 48) -> Image:
    return image_message(np.full((height, width, 3), 7, np.uint8), "rgb8", COLOUR)


def depth_image(width: int = 64, height: int = 48, frame: Any = COLOUR) -> Image:
    millimetres = np.full((height, width), 2000, np.uint16)
    millimetres[: height // 2, : width // 2] = 1000
    return image_message(millimetres, "16UC1", frame)


def info(width: int = 64, height: int = 48, d: tuple[float, ...] = ()) -> CameraInfo:
    made = CameraInfo(header=COLOUR, width=width, height=height, distortion_model="plumb_bob", d=d)
    focal = width * 0.9
    made.k = [focal, 0.0, (width - 1) / 2, 0.0, focal, (height - 1) / 2, 0.0, 0.0, 1.0]
    made.p = [focal, 0.0, 30.0, 0.0, 0.0, focal, 20.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return made


def camera(width: int = 64, height: int = 48) -> Intrinsics:
    focal = width * 0.9
    return Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)


class Maker:
    """A FrameMaker whose warnings are kept."""

    def __init__(self, node: Node, **changed: Any) -> None:
        self.warnings: list[str] = []
        self._maker = FrameMaker(node, SETTINGS | changed, self.warnings.append)

    def concerns(self) -> list[str]:
        return self._maker.concerns()

    def frame(self, image: Image | None = None, **companions: Any) -> Any:
        image = picture() if image is None else image
        return self._maker.with_colour(Joined(5, image, companions))


def test_a_frame_has_what_came_with_its_image(node: Node) -> None:
    maker = Maker(node)
    pose = PoseStamped(header=header(5, "map"))
    pose.pose.position.x = 3.0
    found = maker.frame(depth=depth_image(), camera_info=info(), pose=pose)
    assert (found.stamp_ns, found.frame_id, found.intrinsics) == (5, "colour", camera())
    assert found.depth[0, 0] == 1.0 and found.depth[-1, -1] == 2.0 and found.pose[0, 3] == 3.0
    assert maker.warnings == []


def test_a_bad_companion_is_left_out_and_named(node: Node) -> None:
    maker = Maker(node)
    grey = image_message(np.zeros((48, 64), np.uint8), "mono8", COLOUR)
    found = maker.frame(depth=grey, camera_info=CameraInfo(width=64, height=48), pose=None)
    assert (found.depth, found.intrinsics, found.pose) == (None, None, None)
    assert [line.partition(":")[0] for line in maker.warnings] == [
        "camera_info left out of this frame",
        "depth left out of this frame",
    ]
    assert maker.concerns() == maker.warnings


def test_what_is_right_again_is_no_concern_any_more(node: Node) -> None:
    maker = Maker(node)
    maker.frame(camera_info=CameraInfo(width=64, height=48))
    assert len(maker.concerns()) == 1
    maker.frame(camera_info=info())
    assert maker.concerns() == []


def test_what_does_not_come_any_more_is_no_concern_either(node: Node) -> None:
    maker = Maker(node)
    maker.frame(depth=image_message(np.zeros((48, 64), np.uint8), "mono8", COLOUR))
    assert len(maker.concerns()) == 1
    maker.frame()
    assert maker.concerns() == []


def test_an_image_that_cannot_be_read_is_an_error(node: Node) -> None:
    with pytest.raises(InputError):
        colour_frame(Joined(5, Image(encoding="rgb8"), {}))


def test_a_scaled_image_scales_its_camera(node: Node) -> None:
    found = Maker(node).frame(picture(32, 24), camera_info=info())
    assert found.intrinsics == camera().resized(32, 24)


@pytest.mark.parametrize(
    ("mode", "topic", "bent"),
    [
        ("auto", "camera/image_raw", True),
        ("auto", "camera/image_rect", False),
        ("always", "camera/image_raw", False),
        ("never", "camera/image_rect", True),
    ],
)
def test_the_lens_counts_unless_the_images_are_rectified(
    make_node: MakeNode, mode: str, topic: str, bent: bool
) -> None:
    maker = Maker(make_node("-r", f"image:={topic}"), image_rectified=mode)
    found = maker.frame(camera_info=info(d=(-0.2, 0.1)))
    assert found.intrinsics.distortion == (Distortion("plumb_bob", (-0.2, 0.1)) if bent else None)
    assert found.intrinsics.cx == (31.5 if bent else 30.0)


def test_depth_of_another_camera_is_registered(node: Node) -> None:
    maker = Maker(node, depth_to_colour=ASIDE)
    message = depth_image(frame=DEPTH)
    found = maker.frame(depth=message, depth_camera_info=info(), camera_info=info())
    pose = np.eye(4)
    pose[0, 3] = 0.05
    metres = np.full((48, 64), 2.0, np.float32)
    metres[:24, :32] = 1.0
    np.testing.assert_array_equal(found.depth, DepthRegistration(camera(), camera(), pose)(metres))
    assert maker.warnings == []


def test_a_change_of_the_camera_changes_the_registration(node: Node) -> None:
    maker = Maker(node, depth_to_colour=ASIDE)
    for width, height in ((64, 48), (32, 24)):
        message = depth_image(width, height, DEPTH)
        found = maker.frame(depth=message, depth_camera_info=info(width, height), camera_info=info())
        assert (found.depth > 0).mean() > 0.9


@pytest.mark.parametrize(
    ("mode", "frame", "with_info", "registered"),
    [
        ("auto", COLOUR, True, False),  # it has the size and the frame of the image
        ("auto", DEPTH, False, False),  # nobody says that it is another camera
        ("auto", DEPTH, True, True),
        ("never", DEPTH, True, False),
        ("always", COLOUR, True, True),
    ],
)
def test_depth_is_registered_where_it_is_not_yet(
    node: Node, mode: str, frame: Any, with_info: bool, registered: bool
) -> None:
    maker = Maker(node, depth_to_colour=ASIDE, depth_registration=mode)
    message = depth_image(frame=frame)
    companions = {"depth_camera_info": info()} if with_info else {}
    found = maker.frame(depth=message, camera_info=info(), **companions)
    # Things seen from 5 cm further left are further right, so that the left edge shows nothing.
    assert (found.depth[:, 0] == 0).all() == registered


def test_smaller_depth_of_the_same_camera_is_enlarged(node: Node) -> None:
    maker = Maker(node)
    found = maker.frame(depth=depth_image(32, 24), camera_info=info())
    assert found.depth.shape == (48, 64) and found.depth[23, 31] == 1.0 and found.depth[24, 32] == 2.0
    assert maker.warnings == []


@pytest.mark.parametrize(
    ("mode", "companions", "says"),
    [
        ("auto", {"camera_info": info()}, "registered to the image, or its CameraInfo on depth_camera_info"),
        ("always", {"camera_info": info()}, "depth_camera_info: nothing came"),
        ("auto", {"depth_camera_info": info(32, 24)}, "camera_info: nothing that can be used came"),
        ("auto", {"camera_info": info(), "depth_camera_info": info(32, 24)}, "from 'depth' to 'colour'"),
    ],
    ids=["unregistered", "no depth camera", "no colour camera", "no transform"],
)
def test_depth_that_cannot_be_registered_is_left_out_with_the_cure(
    node: Node, mode: str, companions: dict[str, Any], says: str
) -> None:
    maker = Maker(node, depth_registration=mode)
    found = maker.frame(depth=depth_image(32, 24, DEPTH), **companions)
    assert found.depth is None
    assert len(maker.warnings) == 1 and says in maker.warnings[0]


def test_a_transform_that_is_none_is_refused_when_the_node_is_made(node: Node) -> None:
    with pytest.raises(ConfigError, match="depth_to_colour"):
        Maker(node, depth_to_colour=[1.0, 2.0])


def test_without_depth_its_parameters_are_not_needed(node: Node) -> None:
    settings = {name: value for name, value in SETTINGS.items() if not name.startswith("depth")}
    settings["depth_transport"] = "none"
    found = FrameMaker(node, settings, pytest.fail).with_colour(Joined(5, picture(), {}))
    assert found.depth is None
    assert set(geometry_companions(settings)) == {"camera_info", "pose"}


@pytest.mark.parametrize(
    ("changed", "topics"),
    [
        ({}, {"camera_info", "depth", "depth_camera_info", "pose"}),
        ({"pose_source": "odometry", "depth_transport": "none"}, {"camera_info", "odom"}),
        ({"pose_source": "tf", "depth_transport": "none"}, {"camera_info"}),
    ],
)
def test_only_what_is_used_is_listened_to(node: Node, changed: dict[str, Any], topics: set[str]) -> None:
    settings = SETTINGS | {row.name: row.default for row in INPUT_PARAMETERS} | changed
    inputs = Inputs(node, "image", geometry_companions(settings), lambda joined: None, settings)
    subscribe_geometry(inputs, settings)
    assert set(inputs.rates()) == {f"{node.get_namespace()}/{topic}" for topic in topics}
    assert set(inputs.join.companions) == {name for name in inputs.join.companions if name in inputs}


def test_settings_without_poses_ask_for_no_poses_and_follow_the_others_as_they_change() -> None:
    given = {"depth_transport": "raw", "depth_slop": 0.02}
    settings = without_poses(given)
    assert set(geometry_companions(settings)) == {"camera_info", "depth", "depth_camera_info"}
    given["depth_slop"] = 0.5
    assert geometry_companions(settings)["depth"].slop_ns == 500_000_000
