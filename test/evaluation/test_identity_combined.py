"""Recordings put together: trackeval over all of them in a row must say the same."""

from dataclasses import asdict
from itertools import permutations

import numpy as np
import pytest

from reobj.evaluation.identity_outcome import best_ids, by_absence
from reobj.evaluation.revisits import JudgedVisit, Visit
from reobj.evaluation.trackeval_scores import TrackevalRecorder, combined_scores

Frame = tuple[list[int], list[int], np.ndarray]


def random_frames(seed: int, offset: int) -> list[Frame]:
    """Twenty frames of up to four objects whose ids now and then change."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(20):
        true_ids = rng.permutation(4)[: rng.integers(1, 5)] + offset
        object_ids = rng.permutation(5)[: rng.integers(0, 6)] + offset
        iou = rng.random((len(true_ids), len(object_ids)))
        frames.append((true_ids.tolist(), object_ids.tolist(), np.where(iou < 0.4, 0, iou)))
    return frames


def recorded(frames: list[Frame]) -> TrackevalRecorder:
    recorder = TrackevalRecorder()
    for frame in frames:
        recorder.add(*frame)
    return recorder


def test_two_recordings_score_as_one_with_ids_of_their_own() -> None:
    first, second = random_frames(1, 0), random_frames(2, 100)
    together = combined_scores([recorded(first).counts(), recorded(second).counts()])
    in_a_row = recorded(first + second).scores()
    for name, value in asdict(in_a_row).items():
        assert getattr(together, name) == pytest.approx(value, abs=1e-4), name


def test_a_recording_without_objects_changes_nothing() -> None:
    frames = random_frames(3, 0)
    empty = recorded([([], [], np.zeros((0, 0)))]).counts()
    assert combined_scores([recorded(frames).counts(), empty]) == recorded(frames).scores()


def test_the_best_ids_are_those_of_the_best_permutation() -> None:
    frames = np.random.default_rng(5).integers(0, 20, (3, 4))
    given = {t: {10 + i: int(n) for i, n in enumerate(row) if n} for t, row in enumerate(frames)}
    best = max(sum(frames[t, ids[t]] for t in range(3)) for ids in permutations(range(4), 3))
    assert best_ids(given, range(3)) == best
    assert best_ids(given, [99]) == 0


def test_revisits_fall_into_their_class_of_absence() -> None:
    seconds = [0, 3, 9.9, 10, 59, 60, 119, 120, 4000]
    visits = [JudgedVisit(Visit(1, 0, 0, int(s * 1e9)), True, 1) for s in seconds]
    counts = {name: len(some) for name, some in by_absence(visits).items()}
    assert counts == {"3 to 10 s": 2, "10 to 30 s": 1, "30 to 60 s": 1, "60 to 120 s": 2, "over 120 s": 2}
