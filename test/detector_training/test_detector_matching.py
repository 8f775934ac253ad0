"""Matching and average precision against hand calculation and pycocotools."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from reobj.detector_training.matching import average_precision, match_findings


def matched(iou: list[list[float]], scores: list[float], minor: list[bool]) -> tuple[list[bool], list[bool]]:
    found = match_findings(np.array(iou), np.array(scores, np.float32), np.array(minor))
    return found.right.tolist(), found.counted.tolist()


def test_the_surer_one_of_two_findings_of_one_instance_is_right() -> None:
    right, counted = matched([[0.7], [0.6]], [0.4, 0.9], [False])
    assert (right, counted) == ([False, True], [True, True])


def test_a_finding_takes_the_free_instance_that_it_overlaps_most() -> None:
    right, _ = matched([[0.9, 0.6], [0.8, 0.55]], [0.9, 0.8], [False, False])
    assert right == [True, True]


def test_half_an_overlap_is_enough_and_less_is_not() -> None:
    assert matched([[0.5, 0.0], [0.0, 0.49]], [0.9, 0.9], [False, False])[0] == [True, False]


def test_what_is_too_small_takes_any_number_of_findings_and_counts_none() -> None:
    right, counted = matched([[0.8], [0.7]], [0.9, 0.8], [True])
    assert (right, counted) == ([False, False], [False, False])


def test_what_counts_is_preferred_to_what_is_too_small() -> None:
    right, counted = matched([[0.9, 0.6]], [0.9], [True, False])
    assert (right, counted) == ([True], [True])


def test_without_true_instances_every_finding_is_wrong() -> None:
    found = match_findings(np.zeros((2, 0)), np.array([0.9, 0.8], np.float32), np.zeros(0, bool))
    assert found.counted.all() and not found.right.any()


def test_average_precision_of_a_hand_made_case() -> None:
    # Right, wrong, right of 4: precision 1 up to a recall of 1/4, then 2/3 up to 1/2, then 0.
    found = average_precision(np.array([0.9, 0.8, 0.7], np.float32), np.array([True, False, True]), 4)
    assert found == pytest.approx((26 * 1 + 25 * 2 / 3) / 101)


def test_average_precision_without_findings_is_zero() -> None:
    assert average_precision(np.zeros(0, np.float32), np.zeros(0, bool), 3) == 0


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_that_of_pycocotools(seed: int) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    rng = np.random.default_rng(seed)
    pictures = [random_picture(rng) for _ in range(6)]
    truths = [
        {"image_id": i, "category_id": 1, "bbox": list(box), "area": box[2] * box[3], "iscrowd": 0}
        for i, (true, *_) in enumerate(pictures, 1)
        for box in true.tolist()
    ]
    findings = [
        {"image_id": i, "category_id": 1, "bbox": list(box), "score": score}
        for i, (_, found, scores) in enumerate(pictures, 1)
        for box, score in zip(found.tolist(), scores.tolist(), strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO()
        known.dataset = {
            "images": [{"id": i} for i in range(1, 7)],
            "categories": [{"id": 1}],
            "annotations": [{**truth, "id": n} for n, truth in enumerate(truths, 1)],
        }
        known.createIndex()
        evaluation = cocoeval.COCOeval(known, known.loadRes(findings), "bbox")
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.evaluate()
        evaluation.accumulate()
    right, scores = [], []
    for true, found, sure in pictures:
        minor = np.zeros(len(true), bool)
        right.append(match_findings(box_iou(found, true), sure, minor).right)
        scores.append(sure)
    ours = average_precision(np.concatenate(scores), np.concatenate(right), len(truths))
    assert 0.1 < ours < 0.95
    assert ours == pytest.approx(evaluation.eval["precision"][0, :, 0, 0, -1].mean())


def random_picture(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True boxes (x y w h), findings near some of them and elsewhere, and their scores."""
    true = np.concatenate([rng.uniform(0, 80, (8, 2)), rng.uniform(10, 30, (8, 2))], axis=1)
    near = true[:7] + rng.normal(0, 2, (7, 4))
    elsewhere = np.concatenate([rng.uniform(0, 80, (4, 2)), rng.uniform(10, 30, (4, 2))], axis=1)
    found = np.concatenate([near, elsewhere])
    return true, found, rng.permutation(len(found)).astype(np.float32) / 16


def box_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    a, b = first[:, None], second[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = (high - low).clip(0).prod(-1)
    return shared / (a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared)
