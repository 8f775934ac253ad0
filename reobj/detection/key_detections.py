"""Who runs the detector on key frames: the caller itself, or a thread beside it."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from reobj.detection.base import Detector
from reobj.types import Frame, Instances


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

    def close(self) -> None:
        """See ``KeyDetections``."""


class DetectInBackground:
    """A thread of its own runs the detector, so that the caller's frames go on meanwhile.

    It is one thread for all key frames, as networks keep memory per thread, and it dies with the process
    even if the detector never comes back.

    Args:
        detector: of the key frames.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._asked: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Detected] = queue.SimpleQueue()
        self._since: float | None = None
        self._thread = threading.Thread(target=self._run, name="key_frames", daemon=True)
        self._thread.start()

    def ask(self, frame: Frame) -> None:
        """See ``KeyDetections``."""
        self._since = time.monotonic()
        self._asked.put(frame)

    def take(self) -> Detected | None:
        """See ``KeyDetections``."""
        try:
            answer = self._answers.get_nowait()
        except queue.Empty:
            return None
        self._since = None
        return answer

    @property
    def busy(self) -> bool:
        """See ``KeyDetections``."""
        return self._since is not None

    @property
    def waiting_s(self) -> float:
        """See ``KeyDetections``."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def close(self) -> None:
        """See ``KeyDetections``: the thread ends after that."""
        self._asked.put(None)

    def _run(self) -> None:
        while (frame := self._asked.get()) is not None:
            self._answers.put(detect_one(self._detector, frame))
