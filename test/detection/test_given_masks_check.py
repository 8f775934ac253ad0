from __future__ import annotations

import numpy as np

from reobj.detection.given.given_masks_check import usable_boxes, usable_masks

SEGMENTS = np.array([[0, 1], [2, 3]], np.uint16)


def usable(values: list[int], scores: list[float] | None = None) -> tuple[list[int], list[str], list[str]]:
    """Values, labels and faults; the label of an instance is its place."""
    places = [str(place) for place in range(len(values))]
    given = np.array(scores or [0.5] * len(values), np.float32)
    found, faults = usable_masks(SEGMENTS, np.array(values, np.int64), places, given)
    assert found.segments is SEGMENTS
    return found.values.tolist(), list(found.labels), faults


def test_masks_without_faults_are_all_used() -> None:
    assert usable([3, 1, 2], [0.0, 1.0, 0.5]) == ([3, 1, 2], ["0", "1", "2"], [])


def test_a_score_that_is_none_costs_its_instance() -> None:
    values, labels, faults = usable([1, 2, 3], [np.nan, 0.5, 87.0])
    assert (values, labels) == ([2], ["1"])
    assert faults == ["expected scores in [0, 1], left out nan, 87.0"]


def test_a_value_that_no_mask_can_have_costs_its_instance() -> None:
    values, labels, faults = usable([1, 0, 2, 70_000, 3])
    assert (values, labels) == ([1, 2, 3], ["0", "2", "4"])
    assert faults == ["expected values in [1, 65535], left out 0, 70000"]


def test_of_two_instances_of_one_value_the_first_stays() -> None:
    values, labels, faults = usable([1, 2, 1, 3])
    assert (values, labels) == ([1, 2, 3], ["0", "1", "3"])
    assert faults == ["expected one instance per value, left out 1"]


def test_values_without_an_instance_are_named() -> None:
    values, _, faults = usable([2])
    assert values == [2]
    assert faults == ["expected an instance for each value of the label image, left out 1, 3"]


def test_an_instance_without_pixels_is_no_fault() -> None:
    assert usable([1, 2, 3, 9])[2] == []


def test_only_some_of_many_faults_are_shown() -> None:
    segments = np.arange(12, dtype=np.uint16).reshape(3, 4)
    _, faults = usable_masks(segments, np.zeros(0, np.int64), [], np.zeros(0, np.float32))
    assert faults[0].endswith("left out 1, 2, 3, 4, 5 and 6 more")


def test_a_box_that_is_none_costs_its_instance() -> None:
    boxes = [[0, 0, 4, 4], [3, 3, 3, 8], [0, np.nan, 4, 4], [0, 0, np.inf, 4], [-9, -9, 2, 2]]
    scores = np.array([0.5, 0.5, 0.5, 0.5, 1.0], np.float32)
    found, faults = usable_boxes(np.array(boxes, np.float32), list("abcde"), scores)
    assert found.boxes.tolist() == [boxes[0], boxes[4]]
    assert found.labels == ("a", "e") and found.scores.tolist() == [0.5, 1.0]
    assert len(faults) == 1 and faults[0].startswith("expected finite boxes with an area, left out [3.0, 3.0")


def test_a_box_without_a_score_is_left_out() -> None:
    boxes = np.array([[0, 0, 4, 4], [0, 0, 8, 8]], np.float32)
    found, faults = usable_boxes(boxes, ["a", "b"], np.array([-1, 0.5], np.float32))
    assert found.labels == ("b",) and faults == ["expected scores in [0, 1], left out -1.0"]
