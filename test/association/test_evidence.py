import numpy as np
import pytest
from scipy.stats import multivariate_normal

from reobj.association.calibration import AppearanceCalibration
from reobj.association.evidence import (
    AppearanceEvidence,
    LabelEvidence,
    PositionEvidence,
    Queries,
)
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates

RNG = np.random.default_rng(0)


def unit(*shape):
    x = RNG.standard_normal(shape)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def places(positions, variance, size=0.0):
    n = len(positions)
    covariances = np.repeat(variance * np.eye(3)[None], n, axis=0)
    return InstanceGeometry(np.ones(n), np.asarray(positions, float), covariances, np.full((n, 3), size))


def tracks(positions, views=None, weights=None, effective=None, labels=None):
    n = len(positions)
    return Queries(
        unit(n, 2, 8) if views is None else views,
        np.full((n, 2), 0.5) if weights is None else weights,
        np.ones(n) if effective is None else effective,
        np.ones((n, 1)) if labels is None else labels,
        places(positions, 0.01),
    )


def objects(positions, prototypes=None, labels=None):
    n = len(positions)
    return Candidates(
        np.arange(1, n + 1),
        unit(n, 3, 8) if prototypes is None else prototypes,
        np.ones((n, 1)) if labels is None else labels,
        places(positions, 0.02),
        n,
    )


HERE = np.zeros((1, 3))
UNKNOWN = np.full((1, 3), np.nan)


def test_appearance_is_the_calibrated_similarity_to_the_nearest_prototype():
    queries, candidates = tracks(np.zeros((2, 3))), objects(np.zeros((3, 3)))
    calibration = AppearanceCalibration(slope=3.0, offset=-1.0)
    got = AppearanceEvidence(calibration, 1e-12, 1e-12)(queries, candidates)
    for t in range(2):
        for c in range(3):
            best = [max(float(v @ p) for p in candidates.prototypes[c]) for v in queries.views[t]]
            assert got[t, c] == pytest.approx(np.mean([3 * s - 1 for s in best]), abs=1e-4)


def test_views_without_weight_do_not_count():
    views, candidates = unit(1, 2, 8), objects(HERE)
    term = AppearanceEvidence(AppearanceCalibration())
    one = tracks(HERE, np.repeat(views[:, :1], 2, axis=1))
    padded = tracks(HERE, views, weights=np.array([[1.0, 0.0]]))
    assert term(one, candidates) == pytest.approx(term(padded, candidates), abs=1e-4)


def test_independent_views_add_up():
    views = unit(1, 2, 8)
    candidates = objects(HERE, prototypes=views)
    term = AppearanceEvidence(AppearanceCalibration(10.0, -7.0), 1e-12, 1e-12)
    assert term(tracks(HERE, views, effective=np.array([2.0])), candidates)[0, 0] == pytest.approx(
        6.0, abs=1e-4
    )


def test_looks_alone_cannot_rule_an_object_out():
    term = AppearanceEvidence(AppearanceCalibration(), 1e-3, 0.02)
    opposite = np.repeat(unit(1, 1, 8), 2, axis=1)
    assert term(tracks(HERE, opposite), objects(HERE, prototypes=-opposite))[0, 0] == pytest.approx(
        np.log(0.02), abs=1e-3
    )


def test_looks_alone_cannot_make_sure_that_it_is_the_object():
    term = AppearanceEvidence(AppearanceCalibration(100.0, 0.0), 1e-3)
    same = np.repeat(unit(1, 1, 8), 2, axis=1)
    assert term(tracks(HERE, same), objects(HERE, prototypes=same))[0, 0] == pytest.approx(-np.log(1e-3))


def test_position_is_the_density_against_the_room_that_is_there():
    term = PositionEvidence(pose_std_m=0.1, room_per_object_m3=4.0, moved_probability=1e-12)
    apart = np.array([[0.2, -0.1, 0.3]])
    density = multivariate_normal(cov=(0.01 + 0.02 + 0.01) * np.eye(3)).logpdf(apart[0])
    assert term(tracks(HERE), objects(apart))[0, 0] == pytest.approx(density + np.log(4.0))


def test_large_things_may_shift_between_views_by_a_share_of_their_size():
    term = PositionEvidence(pose_std_m=0.0, view_shift=0.5)
    apart = np.array([[1.0, 0, 0]])
    assert term.distance(places(HERE, 0.01), places(apart, 0.02)) == pytest.approx([1 / 0.03])
    size = places(HERE, 0.01, 0.4), places(apart, 0.02, 0.4)
    assert term.distance(*size) == pytest.approx([1 / (0.03 + 0.04)])


def test_a_part_may_be_anywhere_within_the_whole_at_no_cost():
    term = PositionEvidence(pose_std_m=0.0, view_shift=0.5)
    whole, part = places(HERE, 0.01, 0.4), places(np.array([[1.0, 0.1, -0.1]]), 0.02, 0.2)
    assert term.distance(whole, part) == pytest.approx([0.9**2 / (0.03 + 0.04)])


def test_the_density_of_places_integrates_to_one_with_and_without_parts():
    term = PositionEvidence(pose_std_m=0.1, view_shift=0.0)
    axis = np.linspace(-0.9, 0.9, 37)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    for size in (0.0, 0.4):
        density = np.exp(term.log_density(places(grid, 0.005, size), places(HERE, 0.005)))
        assert density.sum() * (axis[1] - axis[0]) ** 3 == pytest.approx(1.0, abs=0.01)


def test_a_place_far_away_says_that_the_object_must_have_moved():
    term = PositionEvidence(moved_probability=1e-3)
    assert term(tracks(HERE), objects(np.array([[50.0, 0, 0]])))[0, 0] == pytest.approx(np.log(1e-3))


def test_an_unknown_place_says_nothing():
    term = PositionEvidence()
    both = objects(np.concatenate([HERE, UNKNOWN]))
    assert term(tracks(UNKNOWN), both).tolist() == [[0, 0]]
    values = term(tracks(HERE), both)
    assert values[0, 0] > 0
    assert values[0, 1] == 0


def test_labels_by_hand():
    term = LabelEvidence(confusion=0.1, chance=0.5)
    values = term(tracks(HERE, labels=np.array([[1.0, 0]])), objects(np.zeros((2, 3)), labels=np.eye(2)))
    assert values[0] == pytest.approx([np.log(0.9 / 0.5), np.log(0.1 / 0.5)])


@pytest.mark.parametrize(
    "term", [AppearanceEvidence(AppearanceCalibration()), PositionEvidence(), LabelEvidence()]
)
def test_an_empty_map_gives_no_columns(term):
    assert term(tracks(HERE), objects(np.zeros((0, 3)))).shape == (1, 0)
