from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from reobj.evaluation.retrieval_views import Views
from reobj.training.calibrate import Pairs, calibrate, calibration_error, fit_logistic, hard_pairs


def views_of(scenes: list[int], instances: list[int], labels: list[int], embeddings: np.ndarray) -> Views:
    count = len(scenes)
    return Views(
        instances=np.array(instances, np.int64),
        scenes=np.array(scenes, np.int64),
        labels=np.array(labels, np.int64),
        frames=np.arange(count, dtype=np.int64),
        stamps_ns=np.arange(count, dtype=np.int64),
        embeddings=embeddings.astype(np.float32),
        scene_names=tuple(f"scene{n}" for n in range(max(scenes) + 1)),
        label_names=tuple(f"label{n}" for n in range(max(labels) + 1)),
    )


def overlapping_pairs(count: int) -> Pairs:
    rng = np.random.default_rng(0)
    same = rng.uniform(size=count) < 0.2
    return Pairs(np.where(same, 0.6, 0.4) + rng.normal(0, 0.1, count), same)


def test_the_fit_is_that_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    pairs = overlapping_pairs(5000)
    # Platt's soft targets, as every pair once for each answer
    positives, negatives = pairs.same.sum(), (~pairs.same).sum()
    target = np.where(pairs.same, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    model = linear_model.LogisticRegression(penalty=None, tol=1e-10, max_iter=1000)
    model.fit(
        np.tile(pairs.similarities, 2)[:, None],
        np.repeat([1, 0], len(pairs)),
        sample_weight=np.concatenate([pairs.weights * target, pairs.weights * (1 - target)]) * len(pairs),
    )
    assert fit_logistic(pairs) == pytest.approx((model.coef_[0, 0], model.intercept_[0]), rel=1e-4)


def test_normal_similarities_give_the_slope_of_discriminant_analysis() -> None:
    # two normals at 0.6 and 0.4 of deviation 0.1: log ratio = 0.2 / 0.1^2 * (s - 0.5)
    slope, offset = fit_logistic(overlapping_pairs(200_000))
    assert slope == pytest.approx(20, rel=0.05)
    assert -offset / slope == pytest.approx(0.5, abs=0.005)


def test_pairs_that_are_told_apart_without_mistake_have_a_finite_slope() -> None:
    slope, offset = fit_logistic(Pairs(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])))
    assert np.isfinite([slope, offset]).all() and slope > 0


@pytest.mark.parametrize("similarities", [[0.5, 0.5, 0.5, 0.5], [0.9, 0.8, 0.1, 0.2]])
def test_similarities_that_say_nothing_or_the_contrary_have_slope_zero(similarities: list[float]) -> None:
    slope, offset = fit_logistic(Pairs(np.array(similarities), np.array([False, False, True, True])))
    assert expit(slope * 0.5 + offset) == pytest.approx(0.5, abs=1e-6)
    assert slope == pytest.approx(0, abs=1e-6)


def test_both_kinds_of_pairs_weigh_the_same() -> None:
    weights = Pairs(np.zeros(5), np.array([True, False, False, False, False])).weights
    np.testing.assert_allclose(weights, [0.5, 0.125, 0.125, 0.125, 0.125])


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    probabilities = np.array([0.05, 0.05, 0.95, 0.95])
    right = np.array([False, True, True, True])
    # bins: |0.05 - 0.5| and |0.95 - 1|, half of the pairs each
    error = calibration_error(probabilities, right, np.ones(4))
    assert error == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)


def test_pairs_are_of_one_scene_and_one_class_with_several_objects() -> None:
    # scene 0: chairs 1, 1, 2 and a sink 3, 3; scene 1: a chair 1
    embeddings = np.array([[2, 0], [1, 1], [0, 3], [1, 1], [1, 1], [1, 0]])
    views = views_of([0, 0, 0, 0, 0, 1], [1, 1, 2, 3, 3, 1], [0, 0, 0, 1, 1, 0], embeddings)
    pairs = hard_pairs(views, np.arange(6), seed=0)
    diagonal = 0.5**0.5
    # each view of chair 1: the other one, and chair 2; the only view of chair 2: the nearest of chair 1
    expected = [(diagonal, True), (0.0, False), (diagonal, True), (diagonal, False), (diagonal, False)]
    found = zip(np.round(pairs.similarities, 6).tolist(), pairs.same.tolist(), strict=True)
    assert sorted(found) == sorted((round(value, 6), same) for value, same in expected)


def test_an_object_is_compared_by_sixteen_views_and_never_by_the_view_itself() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(80, 32))
    views = views_of([0] * 80, [0] * 40 + [1] * 40, [0] * 80, embeddings)
    pairs = hard_pairs(views, np.arange(80), seed=1)
    assert len(pairs) == 160 and pairs.same.sum() == 80
    assert pairs.similarities.max() < 0.99  # no view met itself
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    every = unit @ unit.T - 2 * np.eye(80)
    of_all = np.concatenate([every[:, :40].max(axis=1), every[:, 40:].max(axis=1)])
    assert pairs.similarities.mean() < of_all.mean() - 0.02  # 16 views hold less than 40


def test_probabilities_are_right_on_scenes_that_were_not_fitted() -> None:
    rng = np.random.default_rng(0)
    scenes = np.repeat(np.arange(12), 40)
    instances = np.tile(np.repeat(np.arange(4), 10), 12)
    centres = rng.normal(size=(48, 8))
    embeddings = centres[scenes * 4 + instances] + rng.normal(0, 0.8, (480, 8))
    found = calibrate(views_of(scenes.tolist(), instances.tolist(), [0] * 480, embeddings), seed=0)
    assert found is not None
    assert found.slope > 1
    assert found.error < 0.1
    assert found.pairs == 12 * 40 * 4  # each view and each of four objects
    assert 0.5 <= found.match <= 0.99 and 0.5 <= found.new <= 0.99


def test_one_kind_of_pairs_gives_no_calibration() -> None:
    views = views_of([0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], np.ones((4, 2)))
    assert calibrate(views, seed=0) is None


def test_one_scene_is_enough_for_a_calibration() -> None:
    embeddings = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
    found = calibrate(views_of([0] * 4, [0, 0, 1, 1], [0] * 4, embeddings), seed=0)
    assert found is not None and found.pairs == 8
    assert found.probability(0.99) > 0.5 > found.probability(0.1)
