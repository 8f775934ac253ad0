import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from walked_maps import Room, turn

from reobj.association.calibration import AppearanceCalibration
from reobj.association.evidence import AppearanceEvidence, LabelEvidence, PositionEvidence
from reobj.association.geometry import InstanceGeometry
from reobj.association.merging.alignment_search import voted_transforms
from reobj.association.merging.map_alignment import MapPair, alignments, fitted, in_one_frame, moved
from reobj.association.merging.map_likeness import likeness

FRAME = turn(2.0, 3.0, -1.0, 0.2)
SQUARE = np.array([[0, 0, 0], [3, 0, 0], [3, 3, 0], [0, 3, 0]], float)


def geometry(places, sigma=0.05):
    n = len(places)
    return InstanceGeometry(
        np.ones(n), np.array(places, float), np.tile(sigma**2 * np.eye(3), (n, 1, 1)), np.full((n, 3), 0.3)
    )


def equal_objects(here, there):
    return MapPair(
        np.zeros((len(here), len(there))), geometry(here), geometry(there), PositionEvidence(), 0.5
    )


def scattered(n, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (n, 3)) * [6, 5, 1]


def test_two_right_matches_vote_for_the_transform_between_them():
    there = scattered(2)
    here = there @ FRAME[:3, :3].T + FRAME[:3, 3]
    matches = np.array([[0, 0], [1, 1]])
    found = voted_transforms(here, there, matches, np.ones(2), 5)
    assert found == pytest.approx(np.linalg.inv(FRAME)[None])


def test_objects_that_are_not_as_far_apart_do_not_vote():
    there = np.array([[0, 0, 0], [3, 0, 0]], float)
    here = np.array([[0, 0, 0], [4, 0, 0]], float)
    assert len(voted_transforms(here, there, np.array([[0, 0], [1, 1]]), np.ones(2), 5)) == 0


def test_moving_places_turns_covariances_and_boxes_along():
    before = geometry([[1, 2, 3]])
    before.covariances[:] = np.diag([0.04, 0.01, 0.02])
    before.orientations[:] = Rotation.from_euler("z", 0.3).as_quat()
    after = moved(before, FRAME[None])
    assert after.positions[0] == pytest.approx((FRAME @ [1, 2, 3, 1])[:3])
    assert after.covariances[0] == pytest.approx(
        FRAME[:3, :3] @ np.diag([0.04, 0.01, 0.02]) @ FRAME[:3, :3].T
    )
    turned = Rotation.from_quat(after.orientations[0]).as_matrix()
    assert turned == pytest.approx(FRAME[:3, :3] @ Rotation.from_euler("z", 0.3).as_matrix())


def test_the_fit_is_that_of_scipy_for_places_of_equal_weight():
    rng = np.random.default_rng(1)
    there = scattered(8) * [1, 1, 0]
    here = there @ FRAME[:3, :3].T + FRAME[:3, 3] + 0.02 * rng.standard_normal((8, 3)) * [1, 1, 0]
    transform, _ = fitted(equal_objects(here, there), np.stack([np.arange(8)] * 2, axis=1))
    expected, _ = Rotation.align_vectors(there - there.mean(axis=0), here - here.mean(axis=0))
    assert transform[:3, :3] == pytest.approx(expected.as_matrix(), abs=1e-6)
    assert transform[:3, :3] @ here.mean(axis=0) + transform[:3, 3] == pytest.approx(there.mean(axis=0))


def test_the_occam_factor_is_the_integral_over_all_transforms():
    """By brute force over yaw and translation: the mean of exp(-distance / 2) over what was possible."""
    there = np.array([[0, 0, 0], [2, 0, 0], [0, 1, 0]], float)
    maps = equal_objects(there, there)
    variance = 2 * 0.05**2 + 0.05**2 + (0.2 * 0.3) ** 2
    spread = np.sqrt(variance / 3)
    yaws = np.linspace(-0.5, 0.5, 201)
    log_share = []
    for yaw in yaws:
        rotated = there @ turn(yaw)[:3, :3].T
        off = rotated - there
        left = (
            (off - off.mean(axis=0)) ** 2
        ).sum()  # the best translation is taken out, and integrated below
        log_share.append(-left / 2 / variance)
    over_yaw = np.exp(log_share).sum() * (yaws[1] - yaws[0])
    over_translation = (2 * np.pi * spread**2) ** 1.5
    expected = over_yaw * over_translation / (2 * np.pi * 3.0 * 2.0 * 1.0)
    assert fitted(maps, np.stack([np.arange(3)] * 2, axis=1))[1] == pytest.approx(np.log(expected), abs=0.02)


def test_equal_objects_are_told_apart_by_their_arrangement():
    there = scattered(12)
    order = np.random.default_rng(2).permutation(12)
    here = (there @ FRAME[:3, :3].T + FRAME[:3, 3])[order]
    best, *others = alignments(equal_objects(here, there), 3)
    assert dict(best.pairs.tolist()) == dict(enumerate(order.tolist()))
    assert best.transform == pytest.approx(np.linalg.inv(FRAME), abs=0.02)
    assert all(best.log_evidence > other.log_evidence + 5 for other in others)


def test_a_square_of_equal_objects_fits_in_four_ways():
    ways = alignments(equal_objects(SQUARE @ FRAME[:3, :3].T + FRAME[:3, 3], SQUARE), 3)[:5]
    evidence = [way.log_evidence for way in ways]
    assert evidence[:4] == pytest.approx([evidence[0]] * 4, abs=1e-3)
    assert len({way.pairs.tobytes() for way in ways[:4]}) == 4
    assert all(value < evidence[0] - 3 for value in evidence[4:])


def test_fewer_objects_than_must_agree_give_no_alignment():
    assert alignments(equal_objects(SQUARE[:2], SQUARE[:2]), 3) == []


def test_maps_of_one_frame_are_compared_as_they_are():
    one = in_one_frame(equal_objects(SQUARE, SQUARE))
    assert one.pairs.tolist() == [[i, i] for i in range(4)]
    assert one.transform == pytest.approx(np.eye(4))
    assert one.log_evidence > 0 > in_one_frame(equal_objects(SQUARE, SQUARE + 50)).log_evidence - 1e-9


def test_one_pair_of_many_objects_may_have_been_any_of_them():
    far = np.arange(1, 10)[:, None] * [100.0, 0, 0]
    one = in_one_frame(equal_objects([[0, 0, 0], *far], [[0, 0, 0]]))
    assert one.pairs.tolist() == [[0, 0]]
    assert one.log_evidence == pytest.approx(one.logits[0, 0] - np.log(0.5) - np.log(10))


def test_looks_say_nothing_where_all_objects_look_alike():
    terms = AppearanceEvidence(AppearanceCalibration()), LabelEvidence()
    alike, differing = (Room(scattered(6), kinds) for kinds in ([0] * 6, range(6)))
    for room, least, most in ((alike, -0.5, 0.5), (differing, 5.0, 9.0)):
        (a, _), (b, _) = room.walk(1, range(6)), room.walk(2, range(6))
        best = likeness(a.snapshot(), b.snapshot(), *terms).max(axis=1)
        assert ((best > least) & (best < most)).all()
