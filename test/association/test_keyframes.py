import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reobj.association.map.keyframes import KeyFrames, moved_between
from reobj.errors import InputError

SECOND = 1_000_000_000


def pose(x=0.0, turn=0.0):
    made = np.eye(4)
    made[:3, :3] = Rotation.from_euler("z", turn).as_matrix()
    made[0, 3] = x
    return made


def test_between_two_moments_a_transform_goes_in_proportion_and_beyond_them_it_stays():
    start = 1_700_000_000 * SECOND
    found = moved_between(
        start + np.array([0, 10]), np.stack([pose(0, 0), pose(4, 1.0)]), start + np.array([-5, 5, 10, 99])
    )
    for got, expected in zip(found, (pose(0, 0), pose(2, 0.5), pose(4, 1.0), pose(4, 1.0)), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_a_correction_is_what_turns_the_old_pose_into_the_new_one():
    frames = KeyFrames()
    for k in range(5):
        frames.add(k * SECOND, pose(float(k)))
    stamps, corrections = frames.correct({2 * SECOND: pose(2.5, 0.3)})
    assert stamps.tolist() == [2 * SECOND]
    np.testing.assert_allclose(corrections[0] @ pose(2.0), pose(2.5, 0.3), atol=1e-12)
    again, _ = frames.correct({2 * SECOND: pose(2.5, 0.3)})
    assert len(again) == 0  # the path has moved along


def test_even_motion_is_thinned_and_going_back_in_time_takes_the_end_away():
    frames = KeyFrames()
    for k in range(300):
        frames.add(k * SECOND // 30, pose(k / 30))
    assert len(frames) <= 10 * 5 + 6
    frames.add(0, pose(7.0))
    assert len(frames) == 1


def test_each_pose_of_an_uneven_motion_is_known_to_the_millimetre():
    rng = np.random.default_rng(0)
    frames, path = KeyFrames(), {}
    for k in range(200):
        path[k * SECOND // 30] = pose(np.sin(k / 9), np.cos(k / 7)) @ pose(rng.normal(0, 0.01))
    for stamp, camera in path.items():
        frames.add(stamp, camera)
    stamps, corrections = frames.correct({stamp: pose(3.0) @ camera for stamp, camera in path.items()})
    assert stamps.tolist() == sorted(path)
    np.testing.assert_allclose(corrections, np.tile(pose(3.0), (len(path), 1, 1)), atol=4e-3)


def test_the_last_frames_are_known_too():
    frames = KeyFrames()
    for k in range(4):
        frames.add(k * SECOND // 10, pose(k * k / 10))
    _, corrections = frames.correct({3 * SECOND // 10: pose(1.9)})
    np.testing.assert_allclose(corrections[0], pose(1.0), atol=1e-12)


def test_both_sides_of_a_jump_are_kept():
    frames = KeyFrames()
    for stamp, x in ((0, 0.0), (100_000_000, 0.0), (150_000_000, 5.0), (250_000_000, 5.0)):
        frames.add(stamp, pose(x))
    _, corrections = frames.correct({100_000_000: pose(1.0), 150_000_000: pose(6.0)})
    np.testing.assert_allclose(corrections, np.tile(pose(1.0), (2, 1, 1)), atol=1e-12)


@pytest.mark.parametrize("corrected", [{}, {9 * SECOND: pose()}, {0: np.zeros((4, 4))}])
def test_what_is_no_pose_of_a_frame_is_refused(corrected):
    frames = KeyFrames()
    frames.add(0, pose())
    with pytest.raises(InputError):
        frames.correct(corrected)
