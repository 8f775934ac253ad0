from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reobj.detection.given.given_detector import GivenMasksConfig, GivenMasksDetector
from reobj.detection.given.given_masks import GivenBoxes
from reobj.errors import InputError
from reobj.types import Frame, Instances

Boxes = list[list[float]]


def given(boxes: Boxes, scores: list[float] | None = None) -> GivenBoxes:
    """Labels are "0", "1", ..."""
    labels = tuple(str(row) for row in range(len(boxes)))
    confidence = np.array(scores or [0.9] * len(boxes), np.float32)
    return GivenBoxes(np.array(boxes, np.float32).reshape(-1, 4), labels, confidence)


def detect(found: GivenBoxes, frame: Frame | None = None, **options: Any) -> Instances:
    frame = frame or Frame(np.zeros((40, 50, 3), np.uint8), 7)
    return GivenMasksDetector(lambda stamp_ns: found, GivenMasksConfig(**options)).detect(frame)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Boxes]:
    """The boxes whose masks were asked for; each is filled, later ones go before earlier ones."""
    calls: list[Boxes] = []

    def fill(frame: Frame, boxes: NDArray[np.float32]) -> NDArray[np.uint16]:
        calls.append(boxes.tolist())
        segments = np.zeros((frame.height, frame.width), np.uint16)
        for row, (x0, y0, x1, y1) in enumerate(boxes.astype(int)):
            segments[y0:y1, x0:x1] = row + 1
        return segments

    monkeypatch.setattr("reobj.detection.given.given_detector.masks_from_boxes", fill)
    return calls


def test_the_mask_in_a_box_is_recovered_from_colour() -> None:
    y, x = np.mgrid[:120, :160]
    disc = (x - 70) ** 2 + (y - 60) ** 2 < 30**2
    noise = np.random.default_rng(0).integers(-10, 10, (120, 160, 3))
    colour = (np.where(disc[..., None], [220, 40, 40], [40, 60, 200]) + noise).astype(np.uint8)
    found = detect(given([[38, 28, 102, 92]]), Frame(colour, 7))
    mask = found.label_image == 1
    assert (mask & disc).sum() / (mask | disc).sum() > 0.9  # a filled box would have 0.69
    assert found.boxes.tolist() == [[38, 28, 102, 92]]
    assert found.labels == ("0",)


def test_boxes_end_where_the_image_does_and_those_beyond_it_are_none(asked: list[Boxes]) -> None:
    found = detect(given([[-5, -5, 10, 10], [60, 0, 70, 10], [40, 30, 90, 90]]))
    assert found.labels == ("0", "2")
    assert found.boxes.tolist() == [[0, 0, 10, 10], [40, 30, 50, 40]]
    assert asked == [found.boxes.tolist()]


def test_masks_are_recovered_only_for_what_may_count(asked: list[Boxes]) -> None:
    boxes: Boxes = [[0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 22, 2], [30, 0, 40, 10], [40, 0, 50, 10]]
    found = detect(
        given(boxes, [0.4, 0.75, 0.9, 0.5, 0.6]),
        labels=("0", "1", "2", "4"),
        min_area=5 / 2000,
        max_instances=1,
    )
    assert found.labels == ("1",)
    assert asked == [[boxes[1]]]


def test_a_box_whose_mask_is_hidden_by_others_is_none(asked: list[Boxes]) -> None:
    found = detect(given([[5, 5, 15, 15], [20, 20, 30, 30], [0, 0, 20, 20]]))
    assert found.labels == ("1", "2")
    assert found.boxes.tolist() == [[20, 20, 30, 30], [0, 0, 20, 20]]
    assert (found.label_image[20:30, 20:30] == 1).all() and (found.label_image[:20, :20] == 2).all()


def test_no_boxes_are_no_instances() -> None:
    found = detect(given([]))
    assert len(found) == 0
    found.check_size(40, 50)


@pytest.mark.parametrize("bad", [[[0, 0, np.nan, 5]], [[5, 5, 5, 9]]])
def test_boxes_that_make_no_sense_are_refused(bad: Boxes) -> None:
    with pytest.raises(InputError, match="boxes: expected finite ones with an area"):
        given(bad)


def test_boxes_without_their_labels_are_refused() -> None:
    with pytest.raises(
        InputError, match="boxes, labels and scores: expected one of each per instance, got 2, 1"
    ):
        GivenBoxes(np.array([[0, 0, 4, 4]] * 2, np.float32), ("a",), np.ones(2, np.float32))
