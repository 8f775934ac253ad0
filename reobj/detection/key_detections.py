"""Who runs the detector on key frames: the caller itself, or (``background_detector``) a thread beside it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reobj.detection.base import BatchDetector, Detector
from reobj.types import Frame, Instances

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Detected:
    """What came of one key frame.

    Attributes:
        frame: the key frame.
        found: its instances, of the frame's size; None when the detector failed.
        error: why it failed; None when it did not.
        seconds: that it took.
    """

    frame: Frame
    found: Instances | None
    error: Exception | None
    seconds: float


class KeyDetections(Protocol):
    """Takes one key frame at a time and gives its instances, then or later."""

    def ask(self, frame: Frame) -> None:
        """Hands a key frame over. Only while it is not ``busy``."""
        ...

    def take(self) -> Detected | None:
        """What came of the last key frame, once; None before it is there and after it was taken."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a key frame was handed over that has not been taken back."""
        ...

    @property
    def waiting_s(self) -> float:
        """Seconds since the key frame that is worked on was handed over; 0 when there is none."""
        ...

    def forget(self) -> None:
        """Wants no answer for the key frame that was handed over, if there is one."""
        ...

    def close(self) -> None:
        """Takes no more key frames. Does not wait for one that is worked on."""
        ...


def detect_one(detector: Detector, frame: Frame) -> Detected:
    """Runs the detector. Its errors are part of the answer, as a network may raise anything."""
    started = time.perf_counter()
    try:
        found = detector.detect(frame)
        found.check_size(frame.height, frame.width)
    except Exception as error:
        return Detected(frame, None, error, time.perf_counter() - started)
    return Detected(frame, found, None, time.perf_counter() - started)


def detect_together(detector: Detector, frames: Sequence[Frame]) -> list[Detected]:
    """Runs the detector on frames of several cameras at once, if it can; one by one where that fails.

    Args:
        detector: any.
        frames: at least one.
    """
    if len(frames) > 1 and isinstance(detector, BatchDetector):
        started = time.perf_counter()
        try:
            found = detector.detect_batch(frames)
            for frame, instances in zip(frames, found, strict=True):
                instances.check_size(frame.height, frame.width)
        except Exception as error:
            log.debug("%d key frames are detected one by one: %s", len(frames), error)
        else:
            seconds = time.perf_counter() - started
            return [Detected(*each, None, seconds) for each in zip(frames, found, strict=True)]
    return [detect_one(detector, frame) for frame in frames]


class DetectAtOnce:
    """The caller waits.

    Args:
        detector: of the key frames.
    """

    waiting_s = 0.0

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._answer: Detected | None = None

    def ask(self, frame: Frame) -> None:
        """See ``KeyDetections``."""
        self._answer = detect_one(self._detector, frame)

    def take(self) -> Detected | None:
        """See ``KeyDetections``."""
        answer, self._answer = self._answer, None
        return answer

    @property
    def busy(self) -> bool:
        """See ``KeyDetections``."""
        return self._answer is not None

    def forget(self) -> None:
        """See ``KeyDetections``."""
        self._answer = None

    def close(self) -> None:
        """See ``KeyDetections``."""
