from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from scipy.spatial.transform import Rotation

from reobj.errors import ConfigError
from reobj_ros import transforms
from reobj_ros.stamps import SECOND_NS, header

MakeNode = Callable[..., Node]


def transform(parent: str, child: str, stamp_ns: int, x: float, turn_z: float = 0.0) -> TransformStamped:
    made = TransformStamped(header=header(stamp_ns, parent), child_frame_id=child)
    made.transform.translation.x = x
    quaternion = Rotation.from_euler("z", turn_z, degrees=True).as_quat()
    for axis, value in zip("xyzw", quaternion, strict=True):
        setattr(made.transform.rotation, axis, float(value))
    return made


def test_without_tf2_ros_the_error_says_what_to_do(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", None)
    with pytest.raises(ConfigError, match=r"pose_source: 'tf' needs tf2_ros, .*; use 'topic' or 'none'"):
        transforms.PoseSource(node, "map", 0.1, pytest.fail)


@pytest.fixture
def source(node: Node) -> tuple[transforms.PoseSource, list[str]]:
    pytest.importorskip("tf2_ros", reason="tf2_ros comes with a ROS 2 installation; see docs/testing.md")
    warnings: list[str] = []
    return transforms.PoseSource(node, "map", 0.05, warnings.append), warnings


def test_a_chain_of_transforms_is_the_camera_in_the_map(
    source: tuple[transforms.PoseSource, list[str]],
) -> None:
    poses, warnings = source
    poses._buffer.set_transform(transform("map", "body", SECOND_NS, 1.0, turn_z=90.0), "test")
    poses._buffer.set_transform_static(transform("body", "camera", 0, 2.0), "test")
    found = poses.lookup(SECOND_NS, "camera")
    assert found is not None and not warnings
    np.testing.assert_allclose(found[:3, 3], [1.0, 2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found[:3, :3], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)


def test_between_two_stamps_the_pose_is_interpolated(source: tuple[transforms.PoseSource, list[str]]) -> None:
    poses, _ = source
    for second in (1, 2):
        poses._buffer.set_transform(transform("map", "camera", second * SECOND_NS, float(second)), "test")
    found = poses.lookup(SECOND_NS * 5 // 4, "camera")
    assert found is not None and found[0, 3] == pytest.approx(1.25)


def test_no_transform_is_a_warning_that_names_both_frames(
    source: tuple[transforms.PoseSource, list[str]],
) -> None:
    poses, warnings = source
    assert poses.lookup(SECOND_NS, "camera") is None
    assert len(warnings) == 1 and "from 'camera' to 'map'" in warnings[0]


def test_after_a_jump_back_the_new_round_is_taken(source: tuple[transforms.PoseSource, list[str]]) -> None:
    poses, _ = source
    poses._buffer.set_transform_static(transform("body", "camera", 0, 2.0), "test")
    poses._buffer.set_transform(transform("map", "body", 100 * SECOND_NS, 1.0), "test")
    assert poses.lookup(100 * SECOND_NS, "camera") is not None
    assert poses.lookup(SECOND_NS, "camera") is None  # the frame that shows the jump
    poses._buffer.set_transform(transform("map", "body", 2 * SECOND_NS, 5.0), "test")
    found = poses.lookup(2 * SECOND_NS, "camera")
    assert found is not None and found[0, 3] == pytest.approx(7.0)
