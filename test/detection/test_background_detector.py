from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from reobj.detection.background_detector import BackgroundDetector, DetectInBackground
from reobj.detection.key_detections import Detected, detect_together
from reobj.types import Frame, Instances


def frame(camera: str, stamp_ns: int = 0) -> Frame:
    return Frame.without_colour(4, 6, stamp_ns, camera)


def answer(camera: DetectInBackground) -> Detected:
    for _ in range(3000):
        if (found := camera.take()) is not None:
            return found
        time.sleep(0.01)
    raise AssertionError("no answer")


def test_cameras_that_wait_at_the_same_time_are_one_batch(gated: Any) -> None:
    thread = BackgroundDetector(gated)
    front, left, back = thread.camera(), thread.camera(), thread.camera()
    front.ask(frame("front"))
    assert gated.inside.acquire(timeout=30)
    left.ask(frame("left"))
    back.ask(frame("back"))
    assert front.busy and left.busy and back.waiting_s > 0
    gated.go_on.release(2)
    for camera, name in ((front, "front"), (left, "left"), (back, "back")):
        assert answer(camera).frame.frame_id == name
        assert not camera.busy and camera.take() is None and camera.waiting_s == 0
    assert gated.batches == [["front"], ["left", "back"]]
    thread.close()


def test_what_was_forgotten_is_neither_detected_nor_answered(gated: Any) -> None:
    thread = BackgroundDetector(gated)
    front, left = thread.camera(), thread.camera()
    front.ask(frame("front", 1))
    assert gated.inside.acquire(timeout=30)
    left.ask(frame("left"))
    front.forget()
    left.forget()
    assert not front.busy and not left.busy
    front.ask(frame("front", 2))
    gated.go_on.release(2)
    assert answer(front).frame.stamp_ns == 2
    assert left.take() is None
    assert gated.batches == [["front"], ["front"]]
    thread.close()


def test_the_thread_ends_after_what_it_works_on(gated: Any) -> None:
    before = threading.enumerate()
    thread = BackgroundDetector(gated)
    (made,) = (one for one in threading.enumerate() if one not in before)
    camera = thread.camera()
    camera.ask(frame("front"))
    assert gated.inside.acquire(timeout=30)
    thread.close()
    gated.go_on.release()
    made.join(30)
    assert not made.is_alive()


class FailsTogether:
    def __init__(self, bad: str) -> None:
        self._bad = bad

    def detect(self, frame: Frame) -> Instances:
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        if any(one.frame_id == self._bad for one in frames):
            raise RuntimeError("bad image")
        return [Instances.empty(one.height, one.width) for one in frames]


def test_a_bad_image_of_one_camera_costs_the_others_nothing() -> None:
    good, bad = detect_together(FailsTogether("left"), [frame("front"), frame("left")])
    assert good.error is None and good.found is not None
    assert bad.found is None and str(bad.error) == "bad image"


class TooFew:
    def detect(self, frame: Frame) -> Instances:
        return Instances.empty(frame.height, frame.width)

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        return [self.detect(frames[0])]


@pytest.mark.parametrize("count", [1, 3])
def test_each_frame_has_an_answer_even_if_the_batch_has_too_few(count: int) -> None:
    frames = [frame(str(number)) for number in range(count)]
    assert [one.frame for one in detect_together(TooFew(), frames)] == frames
