"""Poses by topic: where the camera is, by hand calculation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Pose, PoseStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from scipy.spatial.transform import Rotation

from reobj.errors import ConfigError, InputError
from reobj_ros.input.camera_poses import CameraPoses
from reobj_ros.input.stamp_join import Around
from reobj_ros.input.transforms import FROM_TF
from reobj_ros.messages.stamps import header

Make = Callable[..., CameraPoses]
#: of the camera in base_link: half a metre ahead, looking along its x axis
AHEAD = [0.5, 0.0, 0.2, -0.5, 0.5, -0.5, 0.5]


def pose(x: float, yaw: float = 0.0) -> Pose:
    made = Pose()
    made.position.x = x
    quaternion = Rotation.from_euler("z", yaw, degrees=True).as_quat()
    for axis, value in zip("xyzw", quaternion, strict=True):
        setattr(made.orientation, axis, float(value))
    return made


def stamped(x: float, yaw: float = 0.0, frame: str = "map") -> PoseStamped:
    return PoseStamped(header=header(1, frame), pose=pose(x, yaw))


def odometry(x: float, yaw: float = 0.0, child: str = "base_link") -> Odometry:
    made = Odometry(header=header(1, "map"), child_frame_id=child)
    made.pose.pose = pose(x, yaw)
    return made


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def make(node: Node, warnings: list[str]) -> Make:
    def made(**changed: Any) -> CameraPoses:
        settings = {
            "pose_source": "topic",
            "pose_frame": "",
            "camera_in_pose_frame": FROM_TF,
            "map_frame": "map",
            "tf_wait": 0.1,
        }
        return CameraPoses(node, settings | changed, None, warnings.append)

    return made


def test_a_pose_is_the_cameras_own(make: Make, warnings: list[str]) -> None:
    found = make().pose(1, "camera", stamped(3.0, yaw=90.0))
    assert found is not None
    np.testing.assert_allclose(found, [[0, -1, 0, 3], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], atol=1e-12)
    assert warnings == []


def test_without_a_message_there_is_no_pose(make: Make) -> None:
    assert make().pose(1, "camera", None) is None


def test_between_two_poses_place_and_angle_are_interpolated(make: Make) -> None:
    found = make().pose(1, "camera", Around(stamped(1.0), stamped(3.0, yaw=80.0), 0.25))
    assert found is not None
    np.testing.assert_allclose(found[:3, 3], [1.5, 0, 0], atol=1e-12)
    np.testing.assert_allclose(
        found[:3, :3], Rotation.from_euler("z", 20.0, degrees=True).as_matrix(), atol=1e-12
    )


@pytest.mark.parametrize("child", ["base_link", ""])
def test_a_camera_that_is_given_in_the_body_goes_with_it(make: Make, child: str) -> None:
    """The robot at x = 3 looks along y of the map, so the camera is at y = 0.5 and looks there too."""
    poses = make(pose_source="odometry", camera_in_pose_frame=AHEAD)
    found = poses.pose(1, "camera", odometry(3.0, yaw=90.0, child=child))
    assert found is not None
    np.testing.assert_allclose(found[:3, 3], [3.0, 0.5, 0.2], atol=1e-12)
    np.testing.assert_allclose(found[:3, 2], [0.0, 1.0, 0.0], atol=1e-12)  # forward


def test_odometry_of_the_camera_itself_needs_nothing_else(make: Make) -> None:
    found = make(pose_source="odometry").pose(1, "camera", odometry(3.0, child="camera"))
    assert found is not None and found[0, 3] == 3.0


def test_a_pose_of_another_frame_needs_to_know_where_the_camera_is(make: Make) -> None:
    expected = "no static transform from 'camera' to 'base_link': .* set camera_in_pose_frame"
    with pytest.raises(ConfigError, match=expected):
        make(pose_frame="base_link").pose(1, "camera", stamped(3.0))
    with pytest.raises(ConfigError, match=expected):
        make(pose_source="odometry").pose(1, "camera", odometry(3.0))


def test_the_frame_that_is_named_counts_more_than_the_messages(make: Make) -> None:
    poses = make(pose_source="odometry", pose_frame="camera")
    assert poses.pose(1, "camera", odometry(3.0)) is not None


def test_poses_in_another_frame_than_the_map_are_taken_and_told_once(make: Make, warnings: list[str]) -> None:
    poses = make()
    for _ in range(3):
        assert poses.pose(1, "camera", stamped(3.0, frame="odom")) is not None
    assert len(warnings) == 1
    assert "'odom' and not in 'map' (map_frame)" in warnings[0] and "set map_frame to odom" in warnings[0]


def test_a_pose_that_is_none_is_refused(make: Make) -> None:
    with pytest.raises(InputError, match="quaternion of length 0"):
        make().pose(1, "camera", PoseStamped(header=header(1, "map"), pose=Pose(orientation=zero())))


def zero() -> Any:
    made = Pose().orientation
    made.w = 0.0
    return made
