from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reobj.association.base import Association
from reobj.detection.masks import instances_from_label_image
from reobj.errors import InputError
from reobj.pipeline import Pipeline, SharedDetector, SharedEncoder
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    Event,
    EventKind,
    Frame,
    Instances,
    ModelId,
    TrackedObject,
    TrackState,
)

MODEL = ModelId("stub", "00", 2)


class CountingDetector:
    """Two instances in each frame."""

    def __init__(self, width: int = 8) -> None:
        self.calls, self.width = 0, width

    def detect(self, frame: Frame) -> Instances:
        self.calls += 1
        image = np.zeros((6, self.width), np.uint16)
        image[:2], image[4:] = 1, 2
        return instances_from_label_image(image, np.array([1, 2]), ["chair", "cup"])


class CountingEncoder:
    model = MODEL

    def __init__(self, lost: int = 0) -> None:
        self.calls, self.lost = 0, lost

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        self.calls += 1
        return Embeddings(np.tile(np.float32([[0.6, 0.8]]), (len(instances) - self.lost, 1)), MODEL)


class StubAssociator:
    """Object i + 1 for instance i; remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[Frame, Instances, Embeddings]] = []

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        self.seen.append((frame, instances, embeddings))
        objects = tuple(
            TrackedObject(i, i + 1, TrackState.CONFIRMED, Decision(DecisionKind.NEW, i + 1, 1.0))
            for i in range(len(instances))
        )
        return Association(objects, (Event(EventKind.CREATED, frame.stamp_ns, (1,)),))

    def reset(self) -> None:
        self.seen.clear()


def frame(stamp_ns: int = 5) -> Frame:
    return Frame(np.zeros((6, 8, 3), np.uint8), stamp_ns, "left_camera")


def test_a_frame_goes_through_all_stages() -> None:
    associator = StubAssociator()
    result = Pipeline(CountingDetector(), CountingEncoder(), associator).step(frame())
    assert (result.stamp_ns, result.frame_id) == (5, "left_camera")
    assert [o.object_id for o in result.objects] == [1, 2]
    assert result.events[0].kind is EventKind.CREATED
    assert associator.seen[0][1] is result.instances
    assert associator.seen[0][2] is result.embeddings


def test_latency_is_given_per_stage() -> None:
    latency = Pipeline(CountingDetector(), CountingEncoder(), StubAssociator()).step(frame()).latency_ms
    assert set(latency) == {"detect", "encode", "associate"}
    assert all(value >= 0 for value in latency.values())


def test_masks_of_another_size_stop_before_the_encoder() -> None:
    encoder, associator = CountingEncoder(), StubAssociator()
    with pytest.raises(InputError, match="8x6 pixels as their image, got 9x6"):
        Pipeline(CountingDetector(width=9), encoder, associator).step(frame())
    assert encoder.calls == 0
    assert not associator.seen


def test_a_lost_embedding_stops_before_the_associator() -> None:
    associator = StubAssociator()
    with pytest.raises(InputError, match="2, one per instance, got 1"):
        Pipeline(CountingDetector(), CountingEncoder(lost=1), associator).step(frame())
    assert not associator.seen


def test_reset_forgets() -> None:
    associator = StubAssociator()
    pipeline = Pipeline(CountingDetector(), CountingEncoder(), associator)
    pipeline.step(frame())
    pipeline.reset()
    assert not associator.seen


def test_pipelines_in_step_detect_and_encode_once() -> None:
    detector, encoder = CountingDetector(), CountingEncoder()
    shared = SharedDetector(detector), SharedEncoder(encoder)
    pipelines = [Pipeline(*shared, StubAssociator()) for _ in range(3)]
    for stamp in (1, 2):
        with_pose = replace(frame(stamp), pose=np.eye(4))
        without = replace(with_pose, pose=None)
        results = [p.step(f) for p, f in zip(pipelines, (with_pose, without, with_pose), strict=True)]
        assert results[0].embeddings is results[2].embeddings is results[1].embeddings
    assert (detector.calls, encoder.calls) == (2, 2)
    assert shared[1].model == MODEL


def test_another_picture_with_the_same_stamp_is_another_frame() -> None:
    detector = CountingDetector()
    shared = SharedDetector(detector)
    shared.detect(frame(1))
    shared.detect(frame(1))
    assert detector.calls == 2


def test_other_instances_of_the_same_frame_are_encoded_anew() -> None:
    encoder, one = CountingEncoder(), frame(1)
    shared = SharedEncoder(encoder)
    for _ in range(2):
        shared.encode(one, CountingDetector().detect(one))
    assert encoder.calls == 2


class BrokenDetector:
    def detect(self, frame: Frame) -> Instances:
        raise InputError("no mask")


def test_a_failure_is_not_remembered_as_a_result() -> None:
    shared = SharedDetector(BrokenDetector())
    one = frame(1)
    for _ in range(2):
        with pytest.raises(InputError, match="no mask"):
            shared.detect(one)
