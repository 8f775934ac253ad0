"""J and F against hand-made cases and a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from reobj.errors import InputError
from reobj.evaluation.segmentation import (
    SequenceScores,
    border,
    boundary_measure,
    boundary_tolerance,
    frame_scores,
    region_similarity,
)


def rectangle(x0: int, y0: int, x1: int, y1: int, shape: tuple[int, int] = (40, 50)) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    mask[y0:y1, x0:x1] = True
    return mask


EMPTY = rectangle(0, 0, 0, 0)


def plain_f(mask: NDArray[np.bool_], truth: NDArray[np.bool_], tolerance: float) -> float:
    """All distances between all border pixels."""
    ours, theirs = (np.argwhere(border(m)).astype(float) for m in (mask, truth))
    distances = cdist(ours, theirs)
    precision = (distances.min(axis=1) <= tolerance).mean()
    recall = (distances.min(axis=0) <= tolerance).mean()
    return float(2 * precision * recall / (precision + recall))


def test_j_is_intersection_over_union() -> None:
    # 10x10 and 10x10, 5 columns shared: 50 of 150
    assert region_similarity(rectangle(0, 0, 10, 10), rectangle(5, 0, 15, 10)) == pytest.approx(1 / 3)


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    some = rectangle(5, 5, 9, 9)
    assert (region_similarity(EMPTY, EMPTY), boundary_measure(EMPTY, EMPTY, 1)) == (1, 1)
    assert (region_similarity(EMPTY, some), boundary_measure(EMPTY, some, 1)) == (0, 0)
    assert (region_similarity(some, EMPTY), boundary_measure(some, EMPTY, 1)) == (0, 0)


def test_one_pixel_is_bordered_by_itself_and_those_left_and_above() -> None:
    found = {tuple(p) for p in np.argwhere(border(rectangle(7, 3, 8, 4)))}
    assert found == {(3, 7), (3, 6), (2, 7), (2, 6)}


def test_a_mask_that_fills_the_image_has_no_border() -> None:
    assert not border(np.ones((4, 5), bool)).any()


def test_one_pixel_is_found_within_the_tolerance_and_not_beyond() -> None:
    one = rectangle(10, 10, 11, 11)
    assert boundary_measure(rectangle(12, 10, 13, 11), one, 2) == 1
    assert boundary_measure(rectangle(14, 10, 15, 11), one, 2) == 0
    # 3 to the right: of 4 border pixels each, the 2 that face each other are 2 apart
    assert boundary_measure(rectangle(13, 10, 14, 11), one, 2) == pytest.approx(0.5)


def test_f_is_that_of_all_distances_between_borders() -> None:
    rng = np.random.default_rng(0)
    for tolerance in (1, 2, 4):
        mask, truth = (rng.random((40, 50)) > 0.97 for _ in range(2))
        assert boundary_measure(mask, truth, tolerance) == pytest.approx(plain_f(mask, truth, tolerance))


def test_the_tolerance_is_eight_thousandths_of_the_diagonal_rounded_up() -> None:
    assert boundary_tolerance(480, 854) == 8  # 0.008 * 979.65 = 7.84
    assert boundary_tolerance(480, 640) == 7  # 0.008 * 800 = 6.4
    assert boundary_tolerance(10, 10) == 1


def test_objects_of_a_frame_are_scored_as_each_alone() -> None:
    found, truth = np.zeros((2, 60, 80), np.uint16)
    found[0:20, 0:20], found[30:60, 50:80], found[25:28, 5:9] = 1, 2, 4
    truth[0:24, 2:20], truth[28:60, 54:80], truth[40:50, 5:9] = 1, 2, 3
    expected = [
        (region_similarity(found == i, truth == i), boundary_measure(found == i, truth == i, 1))
        for i in (1, 2, 3, 4, 5)
    ]
    np.testing.assert_allclose(frame_scores(found, truth, 5), expected)
    assert expected[2:] == [(0, 0), (0, 0), (1, 1)]


def test_void_pixels_do_not_count() -> None:
    found, truth = np.zeros((2, 40, 50), np.uint16)
    found[5:15, 5:15], truth[5:15, 5:10] = 1, 1
    void = rectangle(10, 0, 50, 40)
    assert frame_scores(found, truth, 1)[0, 0] == pytest.approx(0.5)
    np.testing.assert_array_equal(frame_scores(found, truth, 1, void), [[1, 1]])


def test_images_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="masks"):
        frame_scores(np.zeros((4, 5), np.uint16), np.zeros((5, 4), np.uint16), 1)


def test_mean_recall_and_decay_of_a_sequence() -> None:
    # nine frames: quarters are frames 0-2, 2-4, 4-6, 6-8
    scores = SequenceScores.of([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
    assert scores.mean == pytest.approx(0.6)
    assert scores.recall == pytest.approx(5 / 9)  # 0.5 itself is not above 0.5
    assert scores.decay == pytest.approx(0.9 - 0.3)


def test_one_frame_does_not_decay() -> None:
    assert SequenceScores.of([0.7]) == SequenceScores(0.7, 1.0, 0.0)


def test_no_frame_has_no_scores() -> None:
    with pytest.raises(InputError, match="scores of a sequence"):
        SequenceScores.of([])
