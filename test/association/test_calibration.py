import numpy as np
import pytest
from scipy.stats import norm

from reobj.association.calibration import AppearanceCalibration, LearnedCalibration


def taught(same, other, std, labels=("a", "a", "a", "a"), frames=400):
    rng, learned = np.random.default_rng(0), LearnedCalibration()
    for _ in range(frames):
        similarity = rng.normal(other, std, (4, 4))
        similarity[np.arange(4), np.arange(4)] = rng.normal(same, std, 4)
        learned.learn(similarity, labels)
    return learned


def test_it_is_the_ratio_of_two_normal_densities():
    learned = taught(same=0.9, other=0.3, std=0.1)
    expected_same = 0.3 + 0.8 * 0.6  # a revisit looks less alike than the same track
    for s in (0.2, 0.5, 0.8):
        ratio = norm(expected_same, 0.1).logpdf(s) - norm(0.3, 0.1).logpdf(s)
        assert learned.log_ratio(np.array(s)) == pytest.approx(ratio, abs=0.6)


def test_an_encoder_to_which_all_looks_alike_says_nothing():
    learned = taught(same=0.95, other=0.95, std=0.02)
    assert np.abs(learned.log_ratio(np.array([0.9, 0.95, 1.0]))).max() < 0.5


def test_before_enough_was_seen_the_default_holds():
    assert taught(0.9, 0.3, 0.1, frames=3).calibration == AppearanceCalibration()
    assert LearnedCalibration().calibration == AppearanceCalibration()


def test_pairs_of_one_label_count_more_than_others():
    learned, labels = LearnedCalibration(), ["chair", "chair", "cup"]
    similarity = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
    for _ in range(100):
        learned.learn(similarity, labels)
    # two pairs at 0.8 with weight 1, four at 0 with weight 0.1: mean 1.6 / 2.4
    mean = 1.6 / 2.4
    variance = 2 * 0.64 / 2.4 - mean**2
    gap = 0.8 * (1 - mean)
    assert learned.calibration.slope == pytest.approx(gap / variance)


def test_clear_forgets():
    learned = taught(0.9, 0.3, 0.1)
    learned.clear()
    assert learned.calibration == AppearanceCalibration()


def test_frames_without_instances_are_no_error():
    LearnedCalibration().learn(np.zeros((0, 0)), [])
