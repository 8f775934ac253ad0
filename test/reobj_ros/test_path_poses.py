"""Paths as SLAM systems send them, and those that are none."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.serialization import serialize_message
from scipy.spatial.transform import Rotation

from reobj.errors import InputError
from reobj_ros.input.path_poses import PathReader, content_of, poses_of
from reobj_ros.messages.stamps import SECOND_NS, header


def stamped(stamp_ns: int, x: float, turn_z: float = 0.0, frame: str = "map") -> PoseStamped:
    made = PoseStamped(header=header(stamp_ns, frame))
    made.pose.position.x = x
    quaternion = Rotation.from_euler("z", turn_z, degrees=True).as_quat()
    for axis, value in zip("xyzw", quaternion, strict=True):
        setattr(made.pose.orientation, axis, float(value))
    return made


def path(*poses: PoseStamped, frame: str = "map", stamp_ns: int = 0) -> Path:
    return Path(header=header(stamp_ns, frame), poses=list(poses))


def test_each_pose_is_a_matrix_under_its_stamp() -> None:
    found = poses_of(path(stamped(3 * SECOND_NS + 7, 1.5, turn_z=90.0), stamped(SECOND_NS, -2.0)), "map")
    assert set(found) == {3 * SECOND_NS + 7, SECOND_NS}
    turned = [[0, -1, 0, 1.5], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(found[3 * SECOND_NS + 7], turned, atol=1e-12)
    np.testing.assert_allclose(found[SECOND_NS][:3, 3], [-2.0, 0.0, 0.0])


def test_poses_without_a_frame_of_their_own_are_in_that_of_the_path() -> None:
    assert set(poses_of(path(stamped(5, 0.0, frame="")), "map")) == {5}


def test_a_path_whose_poses_all_have_one_stamp_says_nothing_of_when_they_were() -> None:
    with pytest.raises(InputError, match="expected that of its image on each pose, got 3 poses with 2 diff"):
        poses_of(path(stamped(7, 0.0), stamped(7, 1.0), stamped(8, 1.0)), "map")


def test_an_empty_path_has_no_poses() -> None:
    assert poses_of(path(), "map") == {}


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (path(stamped(1, 0.0), frame="odom"), "got 'odom'"),
        (path(stamped(1, 0.0), frame=""), "got ''"),
        (path(stamped(1, 0.0), stamped(2, 0.0, frame="odom")), "got 'odom'"),
    ],
)
def test_another_frame_than_the_maps_is_refused(sent: Path, got: str) -> None:
    with pytest.raises(InputError, match="frame of the path: expected 'map'") as refusal:
        poses_of(sent, "map")
    assert got in str(refusal.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5])
def test_a_pose_that_is_none_is_named(value: float) -> None:
    bad = stamped(2, 0.0)
    bad.pose.orientation.w = value
    expected = r"pose 2 of 3: expected a finite position and a quaternion of length 1"
    with pytest.raises(InputError, match=expected):
        poses_of(path(stamped(1, 0.0), bad, stamped(3, 0.0)), "map")


def test_a_position_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="pose 1 of 1"):
        poses_of(path(stamped(1, float("nan"))), "map")


def test_a_serialised_path_reads_as_rclpy_reads_it() -> None:
    sent = path(stamped(SECOND_NS, 1.0, 30.0), stamped(2 * SECOND_NS, 2.0, -50.0, frame=""), stamp_ns=99)
    read, direct = (poses_of(p, "map") for p in (PathReader().read(serialize_message(sent)), sent))
    assert list(read) == list(direct)
    for stamp, pose in direct.items():
        np.testing.assert_array_equal(read[stamp], pose)


def test_bytes_that_are_no_path_are_refused() -> None:
    with pytest.raises(InputError, match="path: expected a serialised nav_msgs/Path"):
        PathReader().read(serialize_message(path(stamped(1, 0.0)))[:40])


def test_the_content_is_all_but_the_stamp_of_the_whole() -> None:
    def content(*poses: PoseStamped, stamp_ns: int) -> bytes:
        return content_of(serialize_message(path(*poses, stamp_ns=stamp_ns)))

    first = content(stamped(1, 0.5), stamp_ns=3)
    assert content(stamped(1, 0.5), stamp_ns=4 * SECOND_NS + 1) == first
    assert content(stamped(1, 0.6), stamp_ns=3) != first
    assert content(stamped(2, 0.5), stamp_ns=3) != first
