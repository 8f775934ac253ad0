"""What follows boxes in benchmarks/association.py: ours, and others where they are installed.

Others are norfair (BSD-3-Clause) with re-identification and ByteTrack of roboflow's `trackers`
(Apache-2.0). What turns a frame into their types is not in their times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator import MapAssociator
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.types import Embeddings, Frame, Instances, TrackState

STEP_NS = 33_000_000
Answer = NDArray[np.int64]
"""(N,) the id of each detection, 0 for none yet."""
Rival = Callable[[int, Instances, Embeddings], Callable[[], Answer]]
"""Takes the number of a frame and what is in it; what it returns does the work that is timed."""


def rivals() -> dict[str, Callable[[], Rival]]:
    """All that can run here, by name; each call starts anew."""
    paper = TrackerConfig.deepsort_paper()
    found: dict[str, Callable[[], Rival]] = {
        "tracks, paper": lambda: _tracks(paper),
        "tracks, paper, max age 200": lambda: _tracks(replace(paper, max_age=200)),
        "tracks, ours": lambda: _tracks(TrackerConfig()),
        "tracks, ours, max age 200": lambda: _tracks(TrackerConfig(max_age=200)),
        "tracks, ours, masks": lambda: _tracks(TrackerConfig(overlap="mask")),
        "map, colour only": _map,
    }
    if find_spec("norfair"):
        found["norfair, re-ID"] = _norfair
    if find_spec("trackers"):
        found["trackers, ByteTrack"] = _bytetrack
    return found


def _tracks(config: TrackerConfig) -> Rival:
    tracker = Tracker(config)

    def frame(k: int, found: Instances, embeddings: Embeddings) -> Callable[[], Answer]:
        def step() -> Answer:
            tracks = tracker.update(k * STEP_NS, found, embeddings.data)
            return np.array([t.track_id if t.state == TrackState.CONFIRMED else 0 for t in tracks])

        return step

    return frame


def _map() -> Rival:
    associator = MapAssociator()

    def frame(k: int, found: Instances, embeddings: Embeddings) -> Callable[[], Answer]:
        height, width = found.label_image.shape
        image = Frame.without_colour(height, width, k * STEP_NS, "camera")

        def step() -> Answer:
            objects = associator.update(image, found, embeddings).objects
            return _answer(len(found), {o.index: o.object_id for o in objects})

        return step

    return frame


def _norfair() -> Rival:
    """With the settings of its re-identification demo, but as long a memory as our longest."""
    import norfair

    def look_apart(new: Any, lost: Any) -> float:
        look = new.last_detection.embedding
        past = [d.embedding for d in lost.past_detections if d.embedding is not None]
        return 1 - max((float(look @ e) for e in past), default=0.0)

    tracker = norfair.Tracker(
        distance_function="iou",
        distance_threshold=0.7,
        initialization_delay=2,
        past_detections_length=10,
        reid_distance_function=look_apart,
        reid_distance_threshold=0.3,
        reid_hit_counter_max=200,
    )

    def frame(k: int, found: Instances, embeddings: Embeddings) -> Callable[[], Answer]:
        detections = [
            norfair.Detection(box.reshape(2, 2).astype(np.float64), data=(k, i), embedding=look)
            for i, (box, look) in enumerate(zip(found.boxes, embeddings.data, strict=True))
        ]

        def step() -> Answer:
            active = tracker.update(detections)
            seen = [(o.last_detection.data, o.id) for o in active]
            return _answer(len(found), {data[1]: name for data, name in seen if data[0] == k})

        return step

    return frame


def _bytetrack() -> Rival:
    import supervision
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker()
    tracker.reset()

    def frame(k: int, found: Instances, embeddings: Embeddings) -> Callable[[], Answer]:
        rows = np.arange(len(found))
        detections = supervision.Detections(found.boxes, confidence=found.scores, data={"row": rows})

        def step() -> Answer:
            result = tracker.update(detections)
            ids = result.tracker_id + 1  # from 0 on, -1 for none
            return _answer(len(found), dict(zip(result.data["row"].tolist(), ids.tolist(), strict=True)))

        return step

    return frame


def _answer(n: int, ids: dict[int, int]) -> Answer:
    return np.array([ids.get(i, 0) for i in range(n)], dtype=np.int64)
