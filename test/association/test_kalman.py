"""The batched filter against the textbook equations with full matrices."""

import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.stats import chi2

from reobj.association.tracks import kalman

BOXES = np.array([[100.0, 50.0, 0.5, 80.0], [20.0, 300.0, 2.0, 30.0], [640.0, 10.0, 1.0, 200.0]])


class PlainFilter:
    """One track, x = F x, P = F P F' + Q, K = P H' S^-1, with (8, 8) matrices."""

    def __init__(self, box):
        h = box[3]
        self.x = np.concatenate([box, np.zeros(4)])
        self.p = np.diag([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]) ** 2
        self.f = np.eye(8) + np.eye(8, k=4)
        self.h = np.eye(4, 8)

    def predict(self):
        h = self.x[3]
        q = np.diag([h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]) ** 2
        self.x = self.f @ self.x
        self.p = self.f @ self.p @ self.f.T + q

    def spread(self):
        h = self.x[3]
        return self.h @ self.p @ self.h.T + np.diag([h / 20, h / 20, 1e-1, h / 20]) ** 2

    def update(self, box):
        gain = self.p @ self.h.T @ np.linalg.inv(self.spread())
        self.x = self.x + gain @ (box - self.h @ self.x)
        self.p = self.p - gain @ self.h @ self.p

    def distance(self, box):
        d = box - self.h @ self.x
        return d @ np.linalg.inv(self.spread()) @ d


def full(covariance):
    """(3, 4) blocks as one (8, 8) matrix."""
    blocks = block_diag(*[[[a, b], [b, c]] for a, b, c in covariance.T])
    order = [0, 2, 4, 6, 1, 3, 5, 7]  # x vx y vy ... to x y ... vx vy ...
    return blocks[np.ix_(order, order)]


def both_after(steps):
    rng = np.random.default_rng(0)
    mean, covariance = kalman.initiate(BOXES)
    plain = [PlainFilter(box) for box in BOXES]
    for step in range(steps):
        kalman.predict(mean, covariance)
        for track in plain:
            track.predict()
        if step % 3 != 2:  # now and then nothing is measured
            measured = BOXES + rng.normal(0, [5, 5, 0.05, 3], BOXES.shape)
            mean, covariance = kalman.update(mean, covariance, measured)
            for track, box in zip(plain, measured, strict=True):
                track.update(box)
    return mean, covariance, plain


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 25])
def test_mean_and_covariance_equal_those_of_full_matrices(steps):
    mean, covariance, plain = both_after(steps)
    for m, c, track in zip(mean, covariance, plain, strict=True):
        np.testing.assert_allclose(m.ravel(), track.x, rtol=1e-10)
        np.testing.assert_allclose(full(c), track.p, rtol=1e-9, atol=1e-12)


def test_gating_distance_equals_that_of_full_matrices():
    mean, covariance, plain = both_after(4)
    measured = BOXES[::-1] + 3.0
    expected = [[track.distance(box) for box in measured] for track in plain]
    np.testing.assert_allclose(kalman.gating_distance(mean, covariance, measured), expected, rtol=1e-9)


def test_the_gate_is_the_chi_square_quantile_of_the_paper():
    assert pytest.approx(chi2.ppf(0.95, 4), abs=1e-4) == kalman.CHI2_95_4


def test_a_box_that_moves_evenly_is_predicted_where_it_goes():
    mean, covariance = kalman.initiate(BOXES[:1])
    for step in range(1, 40):
        kalman.predict(mean, covariance)
        box = BOXES[:1] + np.array([4.0 * step, -2.0 * step, 0, 0])
        if step == 39:
            np.testing.assert_allclose(mean[0, 0, :2], box[0, :2], atol=0.5)
        mean, covariance = kalman.update(mean, covariance, box)


def test_no_tracks_are_no_error():
    mean, covariance = kalman.initiate(np.zeros((0, 4)))
    kalman.predict(mean, covariance)
    assert kalman.gating_distance(mean, covariance, BOXES).shape == (0, 3)


def test_moving_puts_tracks_there_and_scales_pixels_but_not_the_aspect():
    mean, covariance, _ = both_after(4)
    there, scale = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([2.0, 1.0, 0.5])
    moved, spread = mean.copy(), covariance.copy()
    kalman.move(moved, spread, there, scale)
    for k, (s, place) in enumerate(zip(scale, there, strict=True)):
        pixels = np.diag([s, s, 1, s] * 2)  # as a change of unit: x -> A x, P -> A P A'
        expected = pixels @ mean[k].ravel()
        expected[:2] = place
        np.testing.assert_allclose(moved[k].ravel(), expected)
        np.testing.assert_allclose(full(spread[k]), pixels @ full(covariance[k]) @ pixels.T)
