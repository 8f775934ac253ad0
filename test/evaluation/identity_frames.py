"""Frames for tests of identity: a row of ten cells of 10 x 10 pixels, one object in each."""

from collections.abc import Mapping, Sequence

import numpy as np

from reobj.evaluation.identity_truth import FrameTruth
from reobj.types import (
    Decision,
    DecisionKind,
    Event,
    EventKind,
    Instances,
    LabelImage,
    TrackedObject,
    TrackState,
)

SIZE = (10, 100)


def row_of_cells(ids: Mapping[int, int], columns: int = 10) -> np.ndarray:
    image = np.zeros(SIZE, np.uint16)
    for cell, number in ids.items():
        image[:, 10 * cell : 10 * cell + columns] = number
    return image


def instances_in(cells: Sequence[int], columns: int = 10) -> Instances:
    """One instance per cell that covers its first ``columns`` columns."""
    image = row_of_cells({cell: number for number, cell in enumerate(cells, 1)}, columns)
    boxes = np.array([[10 * c, 0, 10 * c + columns, 10] for c in cells], np.float32).reshape(-1, 4)
    return Instances(boxes, image, ("chair",) * len(cells), np.ones(len(cells), np.float32))


def truth_of(truth: Mapping[int, int], cells: Sequence[int], columns: int = 10) -> FrameTruth:
    """True ids by cell, and instances in some cells."""
    labels = dict.fromkeys(truth.values(), "chair")
    return FrameTruth.of(instances_in(cells, columns), LabelImage(row_of_cells(truth), labels))


def tracked(index: int, object_id: int, track_id: int) -> TrackedObject:
    """A confirmed track; object id 0 is a deferred one."""
    kind = DecisionKind.MATCH if object_id else DecisionKind.DEFER
    return TrackedObject(index, track_id, TrackState.CONFIRMED, Decision(kind, object_id, 0.9))


def event(kind: EventKind, stamp_ns: int, object_id: int, track_id: int, probability: float = 0.9) -> Event:
    return Event(kind, stamp_ns, (object_id,), track_id, probability)
