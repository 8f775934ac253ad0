"""An encoder that several threads use in turn."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from reobj.encoding.one_at_a_time import OneAtATime
from reobj.types import Embeddings, Frame, Instances, ModelId

MODEL = ModelId("test", "ab", 2)


class Jealous:
    """Notices when it is used twice at a time."""

    model = MODEL

    def __init__(self) -> None:
        self._free = threading.Lock()
        self.disturbed = 0

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        if not self._free.acquire(blocking=False):
            self.disturbed += 1
            return Embeddings(np.zeros((0, 2), np.float32), MODEL)
        time.sleep(0.005)
        self._free.release()
        return Embeddings(np.zeros((0, 2), np.float32), MODEL)


def test_threads_encode_in_turn() -> None:
    inner = Jealous()
    encoder = OneAtATime(inner)
    frame = Frame.without_colour(4, 4, 0, "camera")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: encoder.encode(frame, Instances.empty(4, 4)), range(12)))
    assert (len(done), inner.disturbed, encoder.model) == (12, 0, MODEL)
