"""Objects of a map, and a frame in which some of them are seen."""

from __future__ import annotations

import numpy as np

from reobj.association.map.map_object import MapObject
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    FrameResult,
    Instances,
    ModelId,
    TrackedObject,
    TrackState,
)


def chair(object_id: int, position: list[float] | None, extent: list[float] | None = None) -> MapObject:
    return MapObject(
        object_id=object_id,
        uuid="",
        name="",
        label="chair",
        label_share=1.0,
        position=None if position is None else np.array(position),
        covariance=None,
        extent=None if extent is None else np.array(extent),
        orientation=None if position is None else np.array([0.0, 0.0, 0.6, 0.8]),
        views=1,
        visits=1,
        prototypes=1,
        first_seen_ns=0,
        last_seen_ns=0,
    )


def seen(index: int, object_id: int, place: list[float] | None = None) -> TrackedObject:
    kind = DecisionKind.MATCH if object_id else DecisionKind.DEFER
    decision = Decision(kind, object_id, 0.9 if object_id else 0.0)
    where = () if place is None else (np.array(place), 0.01 * np.eye(3))
    return TrackedObject(index, index + 1, TrackState.CONFIRMED, decision, *where)


def result(*objects: TrackedObject) -> FrameResult:
    """A chair, a cup and another cup, of which these are tracked."""
    boxes = np.array([[10, 20, 30, 60], [1, 2, 4, 4], [0, 0, 1, 1]], np.float32)
    labels, scores = ("chair", "cup", "cup"), np.array([0.75, 0.5, 0.25], np.float32)
    instances = Instances(boxes, np.zeros((80, 90), np.uint16), labels, scores)
    embeddings = Embeddings(np.ones((3, 1), np.float32), ModelId("test", "", 1))
    return FrameResult(7, "camera", instances, embeddings, objects)
