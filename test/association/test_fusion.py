import numpy as np
import pytest

from reobj.association.fusion import FLOOR_VARIANCE, fuse, squared_distance

RNG = np.random.default_rng(0)


def covariances(n):
    a = RNG.standard_normal((n, 3, 3))
    return a @ a.swapaxes(1, 2) + 0.1 * np.eye(3)


def test_distance_and_determinant_equal_those_of_numpy():
    d, c = RNG.standard_normal((5, 3)), covariances(5)
    distance, log_det = squared_distance(d, c)
    np.testing.assert_allclose(distance, [x @ np.linalg.inv(m) @ x for x, m in zip(d, c, strict=True)])
    np.testing.assert_allclose(log_det, np.linalg.slogdet(c)[1])


def test_two_equal_measurements_give_their_mean_and_half_the_variance():
    eye = np.eye(3)[None]
    mean, covariance = fuse(np.zeros((1, 3)), eye, np.ones((1, 3)), eye)
    assert mean[0] == pytest.approx([0.5] * 3)
    np.testing.assert_allclose(covariance[0], (0.5 + FLOOR_VARIANCE) * np.eye(3))


def test_fusion_adds_information_matrices():
    a, b = covariances(4), covariances(4)
    _, covariance = fuse(np.zeros((4, 3)), a, np.zeros((4, 3)), b)
    expected = np.linalg.inv(np.linalg.inv(a) + np.linalg.inv(b)) + FLOOR_VARIANCE * np.eye(3)
    np.testing.assert_allclose(covariance, expected, rtol=1e-9)


def test_certainty_has_a_floor():
    mean, covariance = np.zeros((1, 3)), np.eye(3)[None]
    for _ in range(1000):
        mean, covariance = fuse(mean, covariance, np.zeros((1, 3)), 0.01 * np.eye(3)[None])
    assert (np.linalg.eigvalsh(covariance[0]) >= FLOOR_VARIANCE).all()


def test_an_outlier_moves_a_sure_position_little_but_repeated_ones_move_it():
    small = 0.01 * np.eye(3)[None]
    far = np.full((1, 3), 5.0)
    once, _ = fuse(np.zeros((1, 3)), small, far, small)
    assert np.abs(once).max() < 0.1
    mean, covariance = np.zeros((1, 3)), small
    for _ in range(2000):
        mean, covariance = fuse(mean, covariance, far, small)
    np.testing.assert_allclose(mean, far, atol=0.5)
