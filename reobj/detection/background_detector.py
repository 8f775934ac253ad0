"""A thread that runs one detector on the key frames of all cameras, which never wait for it."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass

from reobj.detection.base import Detector
from reobj.detection.key_detections import Detected, detect_together
from reobj.types import Frame


class BackgroundDetector:
    """Key frames of several cameras that wait at the same time are one batch, for detectors that can.

    It is one thread for all key frames, as networks keep memory per thread, and it dies with the process
    even if the detector never comes back.

    Args:
        detector: of the key frames.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._asked: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="key_frames", daemon=True)
        self._thread.start()

    def camera(self) -> DetectInBackground:
        """For one more camera."""
        return DetectInBackground(self._asked)

    def close(self) -> None:
        """Takes no more key frames. Does not wait for those that are worked on."""
        self._asked.put(None)

    def _run(self) -> None:
        while waiting := self._waiting():
            wanted = [question for question in waiting if not question.dropped]
            if wanted:
                answers = detect_together(self._detector, [question.frame for question in wanted])
                for question, answer in zip(wanted, answers, strict=True):
                    question.answer = answer

    def _waiting(self) -> list[_Question]:
        """All that is asked, when something is; none at the end."""
        waiting = [self._asked.get()]
        while not self._asked.empty():
            waiting.append(self._asked.get())
        return [] if None in waiting else [question for question in waiting if question is not None]


@dataclass(slots=True, eq=False)
class _Question:
    """A key frame on its way through the thread.

    Attributes:
        frame: handed over.
        since: when, of the monotonic clock.
        answer: None until it is there.
        dropped: nobody wants an answer any more.
    """

    frame: Frame
    since: float
    answer: Detected | None = None
    dropped: bool = False


class DetectInBackground:
    """What one camera sees of a ``BackgroundDetector``: its ``KeyDetections``.

    Args:
        asked: takes the questions of all cameras.
    """

    def __init__(self, asked: queue.SimpleQueue[_Question | None]) -> None:
        self._asked = asked
        self._question: _Question | None = None

    def ask(self, frame: Frame) -> None:
        """See ``KeyDetections``."""
        self._question = _Question(frame, time.monotonic())
        self._asked.put(self._question)

    def take(self) -> Detected | None:
        """See ``KeyDetections``."""
        if self._question is None or self._question.answer is None:
            return None
        answer = self._question.answer
        self._question = None
        return answer

    @property
    def busy(self) -> bool:
        """See ``KeyDetections``."""
        return self._question is not None

    @property
    def waiting_s(self) -> float:
        """See ``KeyDetections``."""
        return 0.0 if self._question is None else time.monotonic() - self._question.since

    def forget(self) -> None:
        """See ``KeyDetections``."""
        if self._question is not None:
            self._question.dropped = True
            self._question = None

    def close(self) -> None:
        """See ``KeyDetections``; the thread goes on for other cameras."""
        self.forget()
