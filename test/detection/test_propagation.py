"""When the detector runs, what comes out in between, and what its failures cost."""

from __future__ import annotations

import logging
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reobj.config import build_detector, parse_config
from reobj.detection.masks import boxes_of
from reobj.detection.propagation import PropagatingDetector, PropagationConfig
from reobj.errors import ConfigError, InputError
from reobj.types import Frame, Instances, LabelImage

H, W = 96, 128
PAINT = cv2.resize(
    np.random.default_rng(1).integers(60, 190, (24, 60, 3), np.uint8), (300, H), interpolation=cv2.INTER_CUBIC
)


def frame(number: int, shift: int | None = None, **other: object) -> Frame:
    """A painted wall that goes by, 2 pixels a frame of 1/30 s."""
    start = 2 * number if shift is None else shift
    return Frame(PAINT[:, start : start + W].copy(), 10**9 + number * 33_000_000, **other)  # type: ignore[arg-type]


def masks_at(number: int, *which: int) -> Instances:
    """Up to two squares on the wall."""
    ids = np.zeros((H, W), np.uint16)
    for i, which_one in enumerate(which):
        y, x = ((20, 40), (50, 80))[which_one]
        ids[y : y + 24, x - 2 * number : x + 24 - 2 * number] = i + 1
    labels = tuple(("cup", "book")[i] for i in which)
    return Instances(boxes_of(ids, len(which)), ids, labels, np.full(len(which), 0.8, np.float32))


class Scripted:
    """Says what a function of the frame's number says, and remembers the numbers."""

    def __init__(self, answer: Callable[[int], Instances]) -> None:
        self.asked: list[int] = []
        self._answer = answer

    def detect(self, frame: Frame) -> Instances:
        number = (frame.stamp_ns - 10**9) // 33_000_000
        self.asked.append(number)
        return self._answer(number)


def both(number: int) -> Instances:
    return masks_at(number, 0, 1)


def run(
    answer: Callable[[int], Instances], frames: list[Frame], **options: object
) -> tuple[list[Instances], list[int]]:
    scripted = Scripted(answer)
    options = {"flow": "dis", "every": 100, "max_age_s": 100.0, **options}
    detector = PropagatingDetector(scripted, PropagationConfig(**options))  # type: ignore[arg-type]
    return [detector.detect(one) for one in frames], scripted.asked


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_detector_runs_every_so_many_frames_and_masks_follow_in_between() -> None:
    found, asked = run(both, [frame(n) for n in range(9)], every=4)
    assert asked == [0, 4, 8]
    for number, instances in enumerate(found):
        assert instances.labels == ("cup", "book")
        for value in (1, 2):
            assert iou(instances.label_image == value, both(number).label_image == value) > 0.85
    assert (found[3].scores <= 0.8).all() and (found[3].scores > 0.6).all()
    np.testing.assert_array_equal(found[3].boxes, boxes_of(found[3].label_image, 2))


def test_frames_that_were_lost_count_by_their_time() -> None:
    _, asked = run(both, [frame(0), frame(1), frame(20), frame(21)], max_age_s=0.5)
    assert asked == [0, 20]


def test_new_area_in_view_makes_a_key_frame() -> None:
    # 2 pixels a frame of 128: a quarter of the view is new after 16 frames
    _, asked = run(both, [frame(n) for n in range(20)], new_area=0.25)
    assert len(asked) == 2 and 12 <= asked[1] <= 17


def test_a_cut_makes_a_key_frame_and_carries_nothing_over() -> None:
    elsewhere = Frame(np.random.default_rng(9).integers(0, 256, (H, W, 3), np.uint8), frame(3).stamp_ns)
    found, asked = run(
        lambda n: both(n) if n < 3 else Instances.empty(H, W), [frame(0), frame(1), frame(2), elsewhere]
    )
    assert asked == [0, 3]
    assert len(found[2]) == 2 and len(found[3]) == 0


@pytest.mark.parametrize(
    "other",
    [
        Frame(np.zeros((48, 64, 3), np.uint8), frame(2).stamp_ns),
        frame(2, frame_id="another"),
        frame(0),
    ],
    ids=["size", "camera", "time"],
)
def test_another_size_camera_or_time_starts_anew(other: Frame) -> None:
    def answer(number: int) -> Instances:
        return both(0) if not scripted.asked[1:] else Instances.empty(other.height, other.width)

    scripted = Scripted(answer)
    detector = PropagatingDetector(scripted, PropagationConfig(flow="dis"))
    for one in (frame(0), frame(1), other):
        last = detector.detect(one)
    assert len(scripted.asked) == 2 and len(last) == 0


def failing(number: int) -> Instances:
    if number >= 2:
        raise RuntimeError("out of memory")
    return both(number)


def wrong_size(number: int) -> Instances:
    return both(number) if number < 2 else Instances.empty(H + 1, W)


def nothing(number: int) -> Instances:
    return both(number) if number < 2 else Instances.empty(H, W)


@pytest.mark.parametrize("answer", [failing, wrong_size, nothing])
def test_masks_go_on_without_the_detector_for_a_while_with_falling_scores(
    answer: Callable[[int], Instances], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found, asked = run(answer, [frame(n) for n in range(4)], every=2)
    assert asked == [0, 2]
    assert "2 masks go on without it" in caplog.text
    assert len(found[2]) == len(found[3]) == 2
    assert (found[2].scores < found[1].scores).all()


def test_masks_that_nobody_confirms_are_given_up() -> None:
    found, _ = run(nothing, [frame(n) for n in range(7)], every=2)
    assert [len(instances) for instances in found] == [2, 2, 2, 2, 0, 0, 0]


def test_without_masks_the_detectors_error_is_the_callers() -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        run(failing, [frame(2)])
    with pytest.raises(InputError, match="masks"):
        run(wrong_size, [frame(2)])


def test_an_instance_that_was_overlooked_goes_on_behind_the_detected_ones() -> None:
    found, _ = run(lambda n: masks_at(n, 0, 1) if n == 0 else masks_at(n, 1), [frame(0), frame(1)], every=1)
    assert found[1].labels == ("book", "cup")
    assert iou(found[1].label_image == 2, both(1).label_image == 1) > 0.85
    np.testing.assert_array_equal(found[1].label_image == 1, both(1).label_image == 2)
    assert found[1].scores[0] == np.float32(0.8) and found[1].scores[1] < 0.6


def test_hundreds_of_instances_are_carried() -> None:
    ids = np.zeros((H, W), np.uint16)
    y, x = np.mgrid[:H, :W]
    ids[:] = 1 + (y // 6) * 22 + x // 6
    count = int(ids.max())
    many = Instances(boxes_of(ids, count), ids, ("tile",) * count, np.ones(count, np.float32))
    found, _ = run(lambda _: many, [frame(0), frame(1, shift=0)])
    assert len(found[1]) > 300


def test_it_is_configured_beside_the_detectors_own_options() -> None:
    config = parse_config({"detector": {"name": "label_image", "propagation": {"every": 3, "flow": "dis"}}})
    assert config.detector.propagation == PropagationConfig(every=3, flow="dis")
    seen = []

    def lookup(stamp_ns: int) -> LabelImage:
        seen.append(stamp_ns)
        return LabelImage(both(0).label_image, {1: "cup", 2: "book"})

    detector = build_detector(config, "cpu", lookup)
    for number in range(4):
        detector.detect(frame(number))
    assert len(seen) == 2


@pytest.mark.parametrize("wrong", [{"every": 0}, {"flow": "lk"}, {"min_confidence": 1.5}, {"max_age_s": 0.0}])
def test_wrong_values_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=rf"detector.propagation: {next(iter(wrong))}"):
        parse_config({"detector": {"propagation": wrong}})
