from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from reobj.types import Embeddings, Frame, Instances, ModelId
from reobj_ros.stages.networks import HeldDetector, HeldEncoder

FRAME = Frame.without_colour(4, 6, 0, "camera")
NOTHING = Instances.empty(4, 6)


class SlowEncoder:
    model = ModelId("slow", "00", 2)
    inside = 0
    most = 0

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.01)
        self.inside -= 1
        return Embeddings(np.zeros((0, 2), np.float32), self.model)


class EmptyDetector:
    def detect(self, frame: Frame) -> Instances:
        return NOTHING


def test_several_threads_take_turns() -> None:
    inner = SlowEncoder()
    encoder = HeldEncoder(lambda: inner)
    threads = [threading.Thread(target=encoder.encode, args=(FRAME, NOTHING)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inner.most == 1


def test_what_was_put_down_is_made_again_when_it_is_needed_and_its_model_stays_known() -> None:
    made = []
    encoder = HeldEncoder(lambda: made.append(SlowEncoder()) or made[-1])
    encoder.encode(FRAME, NOTHING)
    assert len(made) == 1
    encoder.put_down()
    assert encoder.model == SlowEncoder.model
    assert len(made) == 1
    assert len(encoder.encode(FRAME, NOTHING)) == 0
    assert len(made) == 2


def test_what_cannot_be_made_is_known_at_once() -> None:
    def fail() -> EmptyDetector:
        raise OSError("no weights")

    with pytest.raises(OSError, match="no weights"):
        HeldDetector(fail)
    assert HeldDetector(EmptyDetector).detect(FRAME) is NOTHING
