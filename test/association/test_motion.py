import numpy as np
import pytest

from reobj.association.tracks.motion import NEAR_M, CameraMotion
from reobj.types import Intrinsics

CAMERA = Intrinsics(100.0, 100.0, 50.0, 40.0, 101, 81)


def pose(x=0.0, z=0.0, yaw=0.0):
    """Camera to map: turned about its y axis (down), then moved."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, 0, s, x], [0, 1, 0, 0], [-s, 0, c, z], [0, 0, 0, 1.0]])


def test_a_step_to_the_right_moves_points_left_by_focal_length_over_depth():
    motion = CameraMotion.between(pose(), pose(x=0.2), CAMERA)
    centres, depths = motion.warp(np.array([[50.0, 40.0]]), np.array([2.0]))
    assert centres[0] == pytest.approx([50 - 100 * 0.2 / 2, 40])
    assert depths[0] == pytest.approx(2.0)


def test_a_step_forward_makes_the_depth_smaller():
    motion = CameraMotion.between(pose(), pose(z=1.0), CAMERA)
    centres, depths = motion.warp(np.array([[60.0, 40.0]]), np.array([2.0]))
    assert depths[0] == pytest.approx(1.0)
    assert centres[0] == pytest.approx([50 + 10 * 2, 40])


def test_without_depth_only_the_rotation_counts():
    motion = CameraMotion.between(pose(), pose(x=0.2, yaw=0.1), CAMERA)
    centres, depths = motion.warp(np.array([[50.0, 40.0]]), np.array([np.nan]))
    assert centres[0] == pytest.approx([50 - 100 * np.tan(0.1), 40], abs=0.01)
    assert np.isnan(depths[0])


def test_a_point_that_gets_behind_the_camera_has_a_depth_below_the_limit():
    motion = CameraMotion.between(pose(), pose(z=3.0), CAMERA)
    _, depths = motion.warp(np.array([[50.0, 40.0]]), np.array([2.0]))
    assert depths[0] < NEAR_M
