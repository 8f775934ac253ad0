import numpy as np
import pytest

from reobj.association.evidence import PositionEvidence
from reobj.association.geometry import InstanceGeometry
from reobj.association.misplaced import misplaced

#: points whose places differ by a standard deviation of 0.1 m: far off is sqrt(21.108) * 0.1 = 0.459 m
POSITION = PositionEvidence(pose_std_m=0.1, view_shift=0.0)


def points(*xs):
    n = len(xs)
    places = np.zeros((n, 3))
    places[:, 0] = xs
    return InstanceGeometry(np.full(n, np.nan), places, np.zeros((n, 3, 3)), np.zeros((n, 3)))


def doubted(seen, objects, own=None, labels=None):
    rows = np.arange(len(seen.depths)) if own is None else np.array(own)
    names = np.array(labels or ["chair"] * len(objects.depths))
    return misplaced(POSITION, seen, rows, objects, names).tolist()


@pytest.mark.parametrize(("at", "off"), [(0.45, False), (0.47, True), (-0.47, True)])
def test_a_track_that_is_too_far_from_its_object_is_misplaced(at, off):
    assert doubted(points(at), points(0.0)) == [off]


@pytest.mark.parametrize(("at", "off"), [(0.30, False), (0.32, True)])
def test_a_track_that_fits_another_object_of_the_class_better_is_misplaced(at, off):
    # (x^2 - (0.5 - x)^2) / (2 * 0.1^2) = 50 (x - 0.25), which is 3 at 0.31
    assert doubted(points(at), points(0.0, 0.5)) == [off]


def test_an_object_of_another_class_is_no_rival():
    assert doubted(points(0.4), points(0.0, 0.5), labels=["chair", "table"]) == [False]
    assert doubted(points(0.4), points(0.0, 0.5), labels=["table", "table"]) == [True]


def test_each_track_is_compared_with_its_own_object():
    objects = points(0.0, 3.0, 6.0)
    assert doubted(points(6.0, 0.1), objects, own=[2, 0]) == [False, False]
    assert doubted(points(6.0, 0.1, 1.0), objects, own=[2, 0, 1]) == [False, False, True]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((0.0, 4.0), [False, True]),
        ((1.0, 4.0), [False, False]),
        ((1.0, 4.0, 6.0), [False, False, False]),
        ((0.0, 4.0, 6.0), [False, True, False]),
        ((1.0, 4.0, 6.0, 9.0), [True, True, False, False]),
        ((1.0, 4.0, 7.0, 9.0), [False] * 4),
    ],
)
def test_when_more_than_half_of_the_tracks_are_off_the_pose_is_wrong(seen, expected):
    objects = points(*(3.0 * k for k in range(len(seen))))
    assert doubted(points(*seen), objects) == expected


def test_where_a_place_is_unknown_nothing_is_doubted():
    assert doubted(points(np.nan), points(0.0)) == [False]
    assert doubted(points(0.5), points(np.nan, 0.5)) == [False]
    assert doubted(points(0.47), points(0.0, np.nan)) == [True]


def test_without_tracks_there_is_nothing_to_say():
    assert misplaced(POSITION, points(), np.zeros(0, np.intp), points(0.0), np.array(["x"])).shape == (0,)
