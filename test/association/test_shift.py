import numpy as np
import pytest

from reobj.association.tracks.shift import common_shift

CENTRES = np.array([[100.0, 50], [200, 80], [300, 60], [400, 90]])
HEIGHTS = np.full(4, 40.0)


def shift(moved, order=(0, 1, 2, 3), similarity=None):
    found = (CENTRES + moved)[list(order)]
    looks = np.eye(4)[:, list(order)] if similarity is None else similarity
    return common_shift(CENTRES, HEIGHTS, found, looks.astype(np.float32))


def test_what_all_boxes_do_together_is_found_whatever_their_order():
    assert shift(np.array([35.0, -8.0]), order=(2, 0, 3, 1)) == pytest.approx([35, -8])


def test_one_object_that_moves_by_itself_does_not_matter():
    moved = np.tile([35.0, -8.0], (4, 1))
    moved[1] = (-90, 40)
    assert shift(moved) == pytest.approx([35, -8])


def test_boxes_that_all_do_something_else_show_no_shift():
    assert shift(np.array([[50.0, 0], [-50, 0], [0, 50], [0, -50]])).tolist() == [0, 0]


def test_two_boxes_are_too_few():
    assert common_shift(CENTRES[:2], HEIGHTS[:2], CENTRES[:2] + 30, np.eye(2, dtype=np.float32)).tolist() == [
        0,
        0,
    ]


def test_no_tracks_or_no_detections_are_no_error():
    assert common_shift(CENTRES[:0], HEIGHTS[:0], CENTRES, np.zeros((0, 4), np.float32)).tolist() == [0, 0]
    assert common_shift(CENTRES, HEIGHTS, CENTRES[:0], np.zeros((4, 0), np.float32)).tolist() == [0, 0]
