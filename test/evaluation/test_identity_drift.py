import numpy as np
import pytest

from reobj.evaluation.identity_drift import DriftConfig, PoseDrift
from reobj.types import Frame, check_pose

Poses = list[np.ndarray]


def frame(pose: np.ndarray | None) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), 0, pose=pose)


def along_x(metres: float, steps: int) -> Poses:
    poses = np.tile(np.eye(4), (steps + 1, 1, 1))
    poses[:, 0, 3] = np.linspace(0, metres, steps + 1)
    return list(poses)


def drifted(poses: Poses, config: DriftConfig) -> Poses:
    drift = PoseDrift(config)
    found = [drift.pose(frame(pose)) for pose in poses]
    assert all(pose is not None for pose in found)
    return found  # type: ignore[return-value]


def test_within_a_stretch_the_error_is_the_stated_share_of_the_way() -> None:
    poses = along_x(4.0, 40)
    config = DriftConfig(translation=0.01, yaw_deg_per_m=0.0, coherence_m=5.0)
    errors = [np.linalg.norm(a[:3, 3] - b[:3, 3]) for a, b in zip(drifted(poses, config), poses, strict=True)]
    np.testing.assert_allclose(errors, 0.01 * np.linspace(0, 4, 41), atol=1e-12)


def test_over_many_stretches_directions_differ_and_the_error_stays_below_the_share() -> None:
    poses = along_x(100.0, 1000)
    end = drifted(poses, DriftConfig(translation=0.01, yaw_deg_per_m=0.0))[-1]
    assert 0.02 < np.linalg.norm(end[:3, 3] - poses[-1][:3, 3]) < 0.8


def test_yaw_turns_about_the_axis_that_points_up_and_leaves_rotations_whole() -> None:
    config = DriftConfig(translation=0.0, yaw_deg_per_m=1.0, coherence_m=100.0)
    end = drifted(along_x(10.0, 50), config)[-1]
    check_pose(end)
    np.testing.assert_allclose(end[2], [0, 0, 1, 0], atol=1e-12)
    assert abs(np.degrees(np.arctan2(end[1, 0], end[0, 0]))) > 0.5


def test_a_camera_that_stands_does_not_drift() -> None:
    for pose in drifted([np.eye(4)] * 5, DriftConfig()):
        np.testing.assert_array_equal(pose, np.eye(4))


def test_a_frame_without_a_pose_stays_without_one() -> None:
    drift = PoseDrift()
    assert drift.pose(frame(None)) is None
    np.testing.assert_array_equal(drift.pose(frame(np.eye(4))), np.eye(4))


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False)])
def test_the_seed_decides_the_drift(seed: int, same: bool) -> None:
    poses = along_x(3.0, 10)
    a, b = drifted(poses, DriftConfig(seed=0))[-1], drifted(poses, DriftConfig(seed=seed))[-1]
    assert np.allclose(a, b) is same
