"""Masks of another program, which come late and not for every image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_late_detection import number_of
from test_propagation import H, W, both, frame, iou, masks_at

from reobj.detection.late_masks import LateMasksDetector
from reobj.detection.propagation import PropagationConfig
from reobj.errors import InputError
from reobj.types import Frame, Instances


class Segmenter:
    """Finds both things, or those that are set; its newest answer is that of an image by number."""

    def __init__(self) -> None:
        self.newest: int | None = None
        self.which: tuple[int, ...] = (0, 1)
        self.asked: list[int] = []

    def stamp(self) -> int | None:
        return None if self.newest is None else frame(self.newest).stamp_ns

    def detect(self, key: Frame) -> Instances:
        self.asked.append(number_of(key))
        found = masks_at(number_of(key), *self.which)
        found.check_size(key.height, key.width)
        return found


@pytest.fixture
def segmenter() -> Segmenter:
    return Segmenter()


@pytest.fixture
def detector(segmenter: Segmenter) -> LateMasksDetector:
    return LateMasksDetector(segmenter, segmenter.stamp, PropagationConfig(flow="dis", max_age_s=0.5))


def test_masks_are_moved_to_the_image_in_which_they_are_known_and_on(
    segmenter: Segmenter, detector: LateMasksDetector
) -> None:
    for number in range(4):
        assert len(detector.detect(frame(number))) == 0
    segmenter.newest = 1
    for number in range(4, 8):
        found = detector.detect(frame(number))
        for value in (1, 2):
            true = both(number).label_image == value
            assert iou(found.label_image == value, true) > 0.8
            assert iou(both(1).label_image == value, true) < 0.7  # where they were
    assert segmenter.asked == [1]


def test_masks_that_are_there_with_their_image_are_taken_as_they_are(
    segmenter: Segmenter, detector: LateMasksDetector
) -> None:
    segmenter.newest = 0
    np.testing.assert_array_equal(detector.detect(frame(0)).label_image, both(0).label_image)


def test_masks_that_come_before_their_image_wait_for_it(
    segmenter: Segmenter, detector: LateMasksDetector
) -> None:
    segmenter.newest = 1
    assert len(detector.detect(frame(0))) == 0
    assert len(detector.detect(frame(1))) == 2


def test_what_new_masks_overlook_goes_on_once_with_less_score(
    segmenter: Segmenter, detector: LateMasksDetector
) -> None:
    segmenter.newest = 0
    detector.detect(frame(0))
    segmenter.newest, segmenter.which = 1, (1,)
    found = detector.detect(frame(1))
    assert found.labels == ("book", "cup")
    assert found.scores[1] < 0.75 * found.scores[0]
    assert iou(found.label_image == 2, both(1).label_image == 1) > 0.8


def test_masks_end_when_no_more_come(segmenter: Segmenter, detector: LateMasksDetector) -> None:
    segmenter.newest = 0
    counts = [len(detector.detect(frame(number, shift=0))) for number in range(60)]  # 0.5 s are 15 of them
    assert counts[:16] == [2] * 16 and counts[-1] == 0


def test_masks_of_an_image_that_was_never_seen_are_left_out(
    segmenter: Segmenter, detector: LateMasksDetector, caplog: pytest.LogCaptureFixture
) -> None:
    detector.detect(frame(0))
    detector.detect(frame(2))
    segmenter.newest = 1
    assert len(detector.detect(frame(3))) == 0
    assert len(detector.detect(frame(4))) == 0
    assert caplog.text.count("masks left out") == 1


def test_masks_of_another_size_cost_one_frame(segmenter: Segmenter, detector: LateMasksDetector) -> None:
    small = replace(frame(0), colour=np.zeros((H // 2, W // 2, 3), np.uint8))
    segmenter.newest = 0
    with pytest.raises(InputError, match="masks"):
        detector.detect(small)
    assert len(detector.detect(frame(1))) == 0
    segmenter.newest = 2
    assert len(detector.detect(frame(2))) == 2


def test_a_bag_that_starts_again_carries_nothing_over(
    segmenter: Segmenter, detector: LateMasksDetector
) -> None:
    segmenter.newest = 1
    detector.detect(frame(0))
    assert len(detector.detect(frame(1))) == 2
    assert len(detector.detect(frame(0))) == 0
    assert len(detector.detect(frame(1))) == 0  # those masks were taken; new ones must come
    segmenter.newest = 2
    assert len(detector.detect(frame(2))) == 2
