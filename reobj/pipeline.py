"""The spine: one frame in, one result out. Nodes, offline runs and benchmarks use the same stages."""

from __future__ import annotations

import time

from reobj.association.base import Associator
from reobj.detection.base import Detector
from reobj.encoding.base import Encoder
from reobj.errors import InputError, mismatch
from reobj.types import Embeddings, Frame, FrameResult, Instances, ModelId


class Pipeline:
    """Detect, encode, associate.

    Args:
        detector, encoder, associator: the stages. Pipelines may share the first two, never the last.
    """

    def __init__(self, detector: Detector, encoder: Encoder, associator: Associator) -> None:
        self.detector, self.encoder, self.associator = detector, encoder, associator

    def step(self, frame: Frame) -> FrameResult:
        """All that there is to say about the next frame, with milliseconds per stage.

        Raises:
            ReobjError: a stage could not process the frame; the associator's state is unchanged.
        """
        start = time.perf_counter()
        instances = self.detector.detect(frame)
        instances.check_size(frame.height, frame.width)
        detected = time.perf_counter()
        embeddings = self.encoder.encode(frame, instances)
        if len(embeddings) != len(instances):
            raise InputError(mismatch("embeddings", f"{len(instances)}, one per instance", len(embeddings)))
        encoded = time.perf_counter()
        found = self.associator.update(frame, instances, embeddings)
        latency_ms = {
            "detect": 1e3 * (detected - start),
            "encode": 1e3 * (encoded - detected),
            "associate": 1e3 * (time.perf_counter() - encoded),
        }
        return FrameResult(
            frame.stamp_ns, frame.frame_id, instances, embeddings, found.objects, found.events, latency_ms
        )

    def reset(self) -> None:
        """Forgets all tracks and objects."""
        self.associator.reset()


class SharedDetector:
    """Remembers the last frame's instances, for several pipelines that take each frame in turn.

    A frame is the same when stamp and colour are: with and without depth or pose counts as one. Only
    for detectors that look at nothing else.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._last: tuple[Frame, Instances] | None = None

    def detect(self, frame: Frame) -> Instances:
        """Like the wrapped detector's, computed once per frame."""
        if self._last is None or not _same_image(self._last[0], frame):
            self._last = frame, self._detector.detect(frame)
        return self._last[1]


class SharedEncoder:
    """Remembers the last frame's embeddings, for several pipelines with one ``SharedDetector``."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._last: tuple[Frame, Instances, Embeddings] | None = None

    @property
    def model(self) -> ModelId:
        """That of the wrapped encoder."""
        return self._encoder.model

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """Like the wrapped encoder's, computed once per frame and set of instances."""
        last = self._last
        if last is None or last[1] is not instances or not _same_image(last[0], frame):
            self._last = last = frame, instances, self._encoder.encode(frame, instances)
        return last[2]


def _same_image(a: Frame, b: Frame) -> bool:
    return a.stamp_ns == b.stamp_ns and a.frame_id == b.frame_id and a.colour is b.colour
