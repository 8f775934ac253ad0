"""A detector that answers late: its masks are carried on to the frame in which they are known."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np
import pytest
from test_propagation import H, W, both, frame, iou, masks_at

from reobj.detection.background_detector import DetectInBackground
from reobj.detection.key_detections import Detected
from reobj.detection.propagation import PropagatingDetector, PropagationConfig
from reobj.types import Frame, Instances

OPTIONS = {"flow": "dis", "every": 1, "max_age_s": 100.0}


def number_of(frame: Frame) -> int:
    return (frame.stamp_ns - 10**9) // 33_000_000


class After:
    """Answers so many frames later; ``take`` is called once a frame."""

    waiting_s = 0.0

    def __init__(self, answer: Callable[[Frame], Instances], frames: int) -> None:
        self.asked: list[int] = []  # numbers of the frames
        self._answer, self._frames = answer, frames
        self._left: int | None = None

    def ask(self, frame: Frame) -> None:
        self._frame, self._left = frame, self._frames + 1
        self.asked.append(number_of(frame))

    def take(self) -> Detected | None:
        if self._left is None:
            return None
        self._left -= 1
        if self._left:
            return None
        self._left = None
        try:
            return Detected(self._frame, self._answer(self._frame), None, 0.1)
        except RuntimeError as error:
            return Detected(self._frame, None, error, 0.1)

    @property
    def busy(self) -> bool:
        return self._left is not None

    def forget(self) -> None:
        self._left = None

    def close(self) -> None:
        pass


class Never:
    """A detector that hangs."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def detect(self, frame: Frame) -> Instances:
        self.go_on.wait()
        return Instances.empty(frame.height, frame.width)


def late(
    answer: Callable[[int], Instances], frames: int, **options: object
) -> tuple[PropagatingDetector, After]:
    after = After(lambda key: answer(number_of(key)), frames)
    config = PropagationConfig(**{**OPTIONS, **options})  # type: ignore[arg-type]
    return PropagatingDetector(None, config, detections=after), after  # type: ignore[arg-type]


def test_masks_are_where_their_things_are_now_not_where_they_were_detected() -> None:
    detector, after = late(both, 3)
    found = [detector.detect(frame(number)) for number in range(7)]
    assert after.asked == [0, 3, 6]
    assert [len(one) for one in found] == [0, 0, 0, 2, 2, 2, 2]
    for number in range(3, 7):
        for value in (1, 2):
            true = both(number).label_image == value
            assert iou(found[number].label_image == value, true) > 0.85
            assert iou(both(number - 3).label_image == value, true) < 0.7  # as they came


def test_a_late_answer_takes_the_place_of_what_was_followed_meanwhile() -> None:
    detector, _ = late(lambda n: masks_at(n, 0) if n == 0 else masks_at(n, 0, 1), 2)
    counts = [len(detector.detect(frame(number))) for number in range(6)]
    assert counts == [0, 0, 1, 1, 2, 2]  # one thing stays one instance


def test_what_the_late_answer_overlooks_goes_on_with_less_score() -> None:
    detector, _ = late(lambda n: masks_at(n, 0, 1) if n == 0 else masks_at(n, 1), 1)
    found = [detector.detect(frame(number)) for number in range(3)]
    assert found[1].labels == ("cup", "book") and found[2].labels == ("book", "cup")
    assert found[2].scores[1] < 0.75 * found[1].scores[0]


def test_an_answer_about_a_view_that_was_left_is_dropped() -> None:
    detector, after = late(lambda n: both(n) if n == 0 else Instances.empty(H, W), 2)
    detector.detect(frame(0))
    other = [frame(number, frame_id="other") for number in range(1, 6)]
    assert [len(detector.detect(one)) for one in other] == [0] * 5
    assert after.asked[:2] == [0, 2]  # the other camera's, as soon as the detector was free


def test_the_first_failure_is_the_callers_and_later_ones_only_cost_confidence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(number: int) -> Instances:
        if number != 2:
            raise RuntimeError("out of memory")
        return both(number)

    detector, after = late(answer, 1)
    detector.detect(frame(0))
    with pytest.raises(RuntimeError, match="out of memory"):
        detector.detect(frame(1))
    scores = [detector.detect(frame(number)).scores.sum() for number in range(2, 6)]
    assert after.asked[:3] == [0, 2, 3]
    assert scores[0] == 0 and scores[1] > 1.5 > scores[2] > 0
    assert "masks go on without it: out of memory" in caplog.text


def test_masks_fade_while_no_answer_comes_and_then_end() -> None:
    detector, after = late(both, 1, max_age_s=0.1)
    shown = [detector.detect(frame(number)) for number in range(2)]
    after._frames = 1000
    shown += [detector.detect(frame(number, shift=2)) for number in range(2, 40)]  # the camera stands still
    sums = [one.scores.sum() for one in shown[2:]]
    assert sums[0] > 1.2 and sums[-1] == 0 and (np.diff(sums) <= 0.02).all()


def test_the_thread_answers_while_frames_go_on() -> None:
    class Gate:
        def __init__(self) -> None:
            self.open, self.asked = threading.Event(), threading.Event()

        def detect(self, key: Frame) -> Instances:
            self.asked.set()
            assert self.open.wait(30)
            return both(0)

    gate = Gate()
    detector = PropagatingDetector(gate, PropagationConfig(**OPTIONS, background=True))  # type: ignore[arg-type]
    assert [len(detector.detect(frame(number))) for number in range(3)] == [0, 0, 0]
    assert gate.asked.wait(30)
    gate.open.set()
    numbers = iter(range(3, 10**6))
    while not len(found := detector.detect(frame(number := next(numbers), shift=2 * 3))):
        assert number < 10**5
    assert found.labels == ("cup", "book")
    assert iou(found.label_image == 1, both(3).label_image == 1) > 0.85


def test_a_detector_that_hangs_is_said_so_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = Never()
    detector = PropagatingDetector(never, PropagationConfig(**OPTIONS, background=True))  # type: ignore[arg-type]
    detector.detect(frame(0))
    monkeypatch.setattr(DetectInBackground, "waiting_s", 7.0)
    with caplog.at_level(logging.WARNING):
        for number in range(1, 4):
            detector.detect(frame(number))
    assert caplog.text.count("the detector has not answered for 7 s") == 1
    never.go_on.set()


def test_its_thread_ends_when_it_is_closed() -> None:
    def threads() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "key_frames" and one not in before]

    before = threading.enumerate()
    detector = PropagatingDetector(Never(), PropagationConfig(**OPTIONS, background=True))  # type: ignore[arg-type]
    (thread,) = threads()
    detector.close()
    thread.join(30)
    assert not threads()
