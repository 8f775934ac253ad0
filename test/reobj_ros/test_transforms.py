from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from scipy.spatial.transform import Rotation

from reobj.errors import ConfigError, InputError
from reobj_ros.input import transforms
from reobj_ros.messages.stamps import SECOND_NS, header

MakeNode = Callable[..., Node]

SETTINGS = {"map_frame": "map", "tf_wait": 0.05}


def transform(parent: str, child: str, stamp_ns: int, x: float, turn_z: float = 0.0) -> TransformStamped:
    made = TransformStamped(header=header(stamp_ns, parent), child_frame_id=child)
    made.transform.translation.x = x
    quaternion = Rotation.from_euler("z", turn_z, degrees=True).as_quat()
    for axis, value in zip("xyzw", quaternion, strict=True):
        setattr(made.transform.rotation, axis, float(value))
    return made


def test_without_tf2_ros_the_error_says_what_to_do(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", None)
    with pytest.raises(ConfigError, match=r"pose_source: 'tf' needs tf2_ros, .*; use 'topic', 'odometry'"):
        transforms.PoseSource(node, SETTINGS)


@pytest.fixture
def poses(node: Node) -> transforms.PoseSource:
    pytest.importorskip("tf2_ros", reason="tf2_ros comes with a ROS 2 installation; see docs/testing.md")
    return transforms.PoseSource(node, SETTINGS)


def test_a_chain_of_transforms_is_the_camera_in_the_map(poses: transforms.PoseSource) -> None:
    poses._buffer.set_transform(transform("map", "body", SECOND_NS, 1.0, turn_z=90.0), "test")
    poses._buffer.set_transform_static(transform("body", "camera", 0, 2.0), "test")
    found = poses.lookup(SECOND_NS, "camera")
    np.testing.assert_allclose(found[:3, 3], [1.0, 2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found[:3, :3], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)


def test_between_two_stamps_the_pose_is_interpolated(poses: transforms.PoseSource) -> None:
    for second in (1, 2):
        poses._buffer.set_transform(transform("map", "camera", second * SECOND_NS, float(second)), "test")
    found = poses.lookup(SECOND_NS * 5 // 4, "camera")
    assert found[0, 3] == pytest.approx(1.25)


def test_what_stands_still_is_known_at_any_stamp(poses: transforms.PoseSource) -> None:
    poses._buffer.set_transform_static(transform("map", "camera", 0, 2.0), "test")
    found = [poses.lookup(second * SECOND_NS, "camera") for second in (1, 1000)]
    assert [pose[0, 3] for pose in found] == [2.0, 2.0]


def test_a_frame_with_the_slash_of_ros_1_is_the_same(poses: transforms.PoseSource) -> None:
    poses._buffer.set_transform_static(transform("map", "camera", 0, 2.0), "test")
    assert poses.lookup(SECOND_NS, "/camera")[0, 3] == 2.0


@pytest.mark.parametrize(
    ("known", "stamp_s", "cure"),
    [
        ([], 1, "check who publishes that frame on /tf"),
        ([("map", "body", 1), ("odd", "camera", 1)], 1, "check that all transforms between the two"),
        ([("map", "camera", 1), ("map", "camera", 2)], 3, "raise tf_wait (0.05 s) if transforms come later"),
        (
            [("map", "camera", 5), ("map", "camera", 6)],
            3,
            "check that images and transforms have stamps of one",
        ),
    ],
    ids=["unknown frame", "two trees", "too late", "too old"],
)
def test_no_transform_is_an_error_with_both_frames_and_the_cure(
    poses: transforms.PoseSource,
    known: list[tuple[str, str, int]],
    stamp_s: int,
    cure: str,
) -> None:
    for parent, child, second in known:
        poses._buffer.set_transform(transform(parent, child, second * SECOND_NS, 1.0), "test")
    with pytest.raises(InputError) as caught:
        poses.lookup(stamp_s * SECOND_NS, "camera")
    assert "from 'camera' to 'map' (map_frame)" in str(caught.value) and cure in str(caught.value)


def test_a_transform_that_comes_while_it_is_waited_for_is_taken(node: Node) -> None:
    pytest.importorskip("tf2_ros", reason="tf2_ros comes with a ROS 2 installation; see docs/testing.md")
    poses = transforms.PoseSource(node, {"map_frame": "map", "tf_wait": 60.0})
    poses._buffer.set_transform(transform("map", "camera", SECOND_NS, 1.0), "test")
    late = transform("map", "camera", 3 * SECOND_NS, 3.0)
    timer = threading.Timer(0.2, lambda: poses._buffer.set_transform(late, "test"))
    timer.start()
    found = poses.lookup(2 * SECOND_NS, "camera")
    timer.join()
    assert found[0, 3] == pytest.approx(2.0)


def test_a_frame_that_is_not_there_is_not_waited_for_at_every_image(
    poses: transforms.PoseSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cameras, of which the transforms of one come late."""
    waits: list[tuple[str, float]] = []
    real = poses._buffer.can_transform

    def can_transform(*given: Any) -> bool:
        waits.append((given[1], given[3].nanoseconds / 1e9))
        return bool(real(*given))

    monkeypatch.setattr(poses._buffer, "can_transform", can_transform)
    poses._buffer.set_transform_static(transform("map", "left", 0, 1.0), "test")
    for second in (1, 2):
        with pytest.raises(InputError):
            poses.lookup(second * SECOND_NS, "right")
        poses.lookup(second * SECOND_NS, "left")
    assert waits == [("right", 0.05), ("left", 0.05), ("right", 0.0), ("left", 0.05)]
    poses._buffer.set_transform_static(transform("map", "right", 0, 2.0), "test")
    for second in (3, 4):
        poses.lookup(second * SECOND_NS, "right")
    assert waits[4:] == [("right", 0.0), ("right", 0.05)]


def test_after_a_jump_back_the_new_round_is_taken(poses: transforms.PoseSource) -> None:
    poses._buffer.set_transform_static(transform("body", "camera", 0, 2.0), "test")
    poses._buffer.set_transform(transform("map", "body", 100 * SECOND_NS, 1.0), "test")
    poses.lookup(100 * SECOND_NS, "camera")
    with pytest.raises(InputError):  # the frame that shows the jump
        poses.lookup(SECOND_NS, "camera")
    poses._buffer.set_transform(transform("map", "body", 2 * SECOND_NS, 5.0), "test")
    found = poses.lookup(2 * SECOND_NS, "camera")
    assert found[0, 3] == pytest.approx(7.0)


HALF = 0.5**0.5


def test_a_given_transform_needs_no_tf() -> None:
    """A quarter turn about z."""
    fixed = transforms.FixedTransform("depth_to_colour", [0.1, 0.2, 0.3, 0.0, 0.0, HALF, HALF], None)
    expected = [[0, -1, 0, 0.1], [1, 0, 0, 0.2], [0, 0, 1, 0.3], [0, 0, 0, 1]]
    np.testing.assert_allclose(fixed.lookup("colour", "depth"), expected, atol=1e-12)


def test_from_a_frame_to_itself_there_is_nothing_to_look_up() -> None:
    fixed = transforms.FixedTransform("depth_to_colour", transforms.FROM_TF, None)
    np.testing.assert_array_equal(fixed.lookup("/camera", "camera"), np.eye(4))


@pytest.mark.parametrize(
    "given", [[1.0] * 7, [0.0] * 6, [np.inf, 0, 0, 0, 0, 0, 1.0], [0.5, 0, 0, 0, 0, 0, 0]]
)
def test_numbers_that_are_no_transform_are_refused_by_name(given: list[float]) -> None:
    with pytest.raises(ConfigError, match="parameter depth_to_colour: expected x, y, z in metres and a quat"):
        transforms.FixedTransform("depth_to_colour", given, None)


def test_without_tf2_the_cure_is_the_parameter() -> None:
    fixed = transforms.FixedTransform("depth_to_colour", transforms.FROM_TF, None)
    expected = "no static transform from 'depth' to 'colour': tf2_ros is not installed .* set depth_to_colour"
    with pytest.raises(ConfigError, match=expected):
        fixed.lookup("colour", "depth")


def test_a_static_transform_is_known_once_it_comes(node: Node) -> None:
    pytest.importorskip("tf2_ros", reason="tf2_ros comes with a ROS 2 installation; see docs/testing.md")
    statics = transforms.StaticTransforms(node)
    fixed = transforms.FixedTransform("depth_to_colour", transforms.FROM_TF, statics)
    with pytest.raises(ConfigError, match="publish it on /tf_static or set depth_to_colour"):
        fixed.lookup("colour", "depth")
    statics._take(transforms.TFMessage(transforms=[transform("colour", "depth", 0, 0.5)]))
    assert fixed.lookup("colour", "depth")[0, 3] == 0.5
