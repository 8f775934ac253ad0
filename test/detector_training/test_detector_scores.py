"""Scores of hand-made findings."""

from __future__ import annotations

import numpy as np
import pytest
from toy_scenes import make_picture

from reobj.detection.masks import instances_from_label_image
from reobj.detector_training.scores import DetectionScores, DetectionTally
from reobj.types import Instances

MAJOR = {1: "chair", 2: "cup"}


def findings(numbers: list[int], labels: list[str], scores: list[float]) -> Instances:
    """Some of the true masks of the picture, called and scored like this."""
    truth = make_picture(0)[1]
    return instances_from_label_image(
        truth.ids, np.array(numbers, np.int64), labels, np.array(scores, np.float32)
    )


def scored(
    found: Instances, major: dict[int, str] = MAJOR, minor: dict[int, str] | None = None
) -> DetectionScores:
    tally = DetectionTally()
    tally.add(found, make_picture(0)[1], major, minor or {})
    return tally.scores()


def test_true_masks_with_their_labels_score_everything() -> None:
    scores = scored(findings([1, 2], ["chair", "cup"], [0.9, 0.8]))
    for part in (scores.found, scores.named, *scores.labels.values()):
        assert (part.ap, part.recall, part.precision) == (1.0, 1.0, 1.0)
    assert (scores.images, scores.found.truths, scores.labels["cup"].truths) == (1, 2, 1)


def test_a_wrong_label_is_found_but_not_named() -> None:
    scores = scored(findings([1, 2], ["chair", "chair"], [0.9, 0.8]))
    assert (scores.found.recall, scores.found.precision) == (1.0, 1.0)
    assert (scores.named.recall, scores.named.precision) == (0.5, 0.5)
    assert (scores.labels["cup"].recall, scores.labels["cup"].precision) == (0.0, None)


def test_what_is_unsure_counts_for_average_precision_alone() -> None:
    scores = scored(findings([1, 2], ["chair", "cup"], [0.9, 0.3]))
    assert (scores.found.ap, scores.found.recall, scores.found.precision) == (1.0, 0.5, 1.0)


def test_the_wall_found_as_a_thing_is_wrong() -> None:
    scores = scored(findings([1, 3], ["chair", "cup"], [0.9, 0.8]))
    assert (scores.found.recall, scores.found.precision) == (0.5, 0.5)


def test_what_is_too_small_to_count_is_neither_right_nor_wrong() -> None:
    scores = scored(findings([1, 2], ["chair", "cup"], [0.9, 0.8]), {1: "chair"}, {2: "cup"})
    assert (scores.found.recall, scores.found.precision, scores.found.truths) == (1.0, 1.0, 1)


def test_the_mean_over_labels_does_not_weigh_them_by_their_number() -> None:
    tally = DetectionTally()
    truth = make_picture(0)[1]
    for number in range(3):  # the chair is found every time, the cup, which is there once, never
        major = MAJOR if number == 0 else {1: "chair"}
        tally.add(findings([1], ["chair"], [0.9]), truth, major, {})
    scores = tally.scores()
    assert scores.named.ap == pytest.approx(0.5)
    assert scores.named.recall == pytest.approx(3 / 4)


def test_pictures_without_true_instances_have_no_recall() -> None:
    scores = scored(findings([3], ["cup"], [0.9]), {})
    assert (scores.found.ap, scores.found.recall, scores.found.precision) == (None, None, 0.0)
    assert scores.labels == {} and scores.named.ap is None


def test_nothing_found_has_no_precision() -> None:
    scores = scored(findings([], [], []))
    assert (scores.found.ap, scores.found.recall, scores.found.precision) == (0.0, 0.0, None)
