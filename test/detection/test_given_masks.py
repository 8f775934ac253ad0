from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reobj.config import build_detector, parse_config
from reobj.detection.given.given_detector import GivenMasksConfig, GivenMasksDetector
from reobj.detection.given.given_masks import GivenMasks, MasksBuffer
from reobj.errors import ConfigError, InputError
from reobj.types import Frame, Instances

HEIGHT, WIDTH = 40, 50


def frame(stamp_ns: int = 7, height: int = HEIGHT, width: int = WIDTH) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), stamp_ns)


def squares(*labels: str, scores: list[float] | None = None, sides: list[int] | None = None) -> GivenMasks:
    """Squares one below the other, of 4 pixels side, with the values 30, 20, 10, ..."""
    values = np.arange(30, 30 - 10 * len(labels), -10)
    segments = np.zeros((HEIGHT, WIDTH), np.uint16)
    for row, (value, side) in enumerate(zip(values, sides or [4] * len(labels), strict=True)):
        segments[1 + 10 * row : 1 + 10 * row + side, 3 : 3 + side] = value
    return GivenMasks(segments, values, labels, np.array(scores or [0.9] * len(labels), np.float32))


def detect(given: GivenMasks, **options: Any) -> Instances:
    return GivenMasksDetector(lambda stamp_ns: given, GivenMasksConfig(**options)).detect(frame())


def test_each_instance_has_its_mask_label_score_and_the_box_of_the_mask() -> None:
    found = detect(squares("chair", "cup", scores=[0.5, 0.75], sides=[4, 6]))
    assert found.labels == ("chair", "cup") and found.scores.tolist() == [0.5, 0.75]
    assert found.boxes.tolist() == [[3, 1, 7, 5], [3, 11, 9, 17]]
    assert np.unique(found.label_image).tolist() == [0, 1, 2]
    assert (found.label_image[1:5, 3:7] == 1).all() and (found.label_image[11:17, 3:9] == 2).all()


def test_pixels_of_no_instance_are_background() -> None:
    given = squares("chair")
    given.segments[30:, 30:] = 99
    assert np.count_nonzero(detect(given).label_image) == 16


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"min_score": 0.75}, ["b", "c"]),
        ({"min_score": 0.0}, ["a", "b", "c"]),
        ({"labels": ("a", "c", "z")}, ["a", "c"]),
        ({"min_area": 17 / (HEIGHT * WIDTH)}, ["b"]),
        ({"min_area": 16 / (HEIGHT * WIDTH)}, ["a", "b", "c"]),
        ({"max_instances": 2}, ["b", "c"]),
        ({"max_instances": 1}, ["c"]),
        ({"labels": ("z",)}, []),
    ],
)
def test_what_counts_stays_in_its_order(options: dict[str, Any], kept: list[str]) -> None:
    given = squares("a", "b", "c", scores=[0.5, 0.75, 1.0], sides=[4, 6, 4])
    assert list(detect(given, **options).labels) == kept


def test_an_instance_without_a_pixel_is_none_even_without_a_least_area() -> None:
    given = squares("chair", "cup")
    given.segments[given.segments == 20] = 0
    assert detect(given, min_area=0.0).labels == ("chair",)


def test_numbers_of_classes_become_names_before_they_are_chosen_from() -> None:
    given = squares("0", "2", "7")
    names = ("person", "bicycle", "car")
    assert detect(given, class_names=names).labels == ("person", "car", "7")
    assert detect(given, class_names=names, labels=("car",)).labels == ("car",)


def test_an_image_without_instances_gives_none() -> None:
    found = detect(squares())
    assert len(found) == 0
    found.check_size(HEIGHT, WIDTH)


def test_thousands_of_instances_leave_the_best() -> None:
    segments = np.arange(1, HEIGHT * WIDTH + 1, dtype=np.uint16).reshape(HEIGHT, WIDTH)
    scores = np.linspace(0, 1, segments.size, dtype=np.float32)
    given = GivenMasks(segments, segments.ravel().astype(np.int64), ("dot",) * segments.size, scores)
    found = detect(given, min_area=0.0, max_instances=3)
    assert found.boxes.tolist() == [[47, 39, 48, 40], [48, 39, 49, 40], [49, 39, 50, 40]]


def test_masks_of_another_size_are_refused() -> None:
    detector = GivenMasksDetector(lambda stamp_ns: squares("chair"))
    with pytest.raises(InputError, match="50x30 pixels as their image, got 50x40"):
        detector.detect(frame(height=30))


def test_masks_are_those_of_the_stamp_however_old_it_is() -> None:
    buffer = MasksBuffer()
    detector = GivenMasksDetector(buffer)
    for stamp_ns, label in ((30, "late"), (10, "early")):
        buffer.put(stamp_ns, squares(label))
    assert detector.detect(frame(10)).labels == ("early",)
    assert detector.detect(frame(30)).labels == ("late",)
    with pytest.raises(InputError, match="masks of another node: expected one of stamp 20 ns, got none"):
        detector.detect(frame(20))


def test_without_topics_there_are_no_masks_of_others() -> None:
    with pytest.raises(ConfigError, match="detector masks: expected topics with the masks of another node"):
        build_detector(parse_config({"detector": {"name": "masks"}}), "cpu", lambda stamp_ns: None)  # type: ignore[arg-type,return-value]


def test_the_detector_by_name_looks_up_what_it_is_given() -> None:
    config = parse_config({"detector": {"name": "masks", "labels": ["cup"]}})
    detector = build_detector(config, "cpu", masks_lookup=lambda stamp_ns: squares("chair", "cup"))
    assert detector.detect(frame()).labels == ("cup",)


@pytest.mark.parametrize("bad", [{"min_score": 1.5}, {"min_area": -0.1}, {"max_instances": 0}])
def test_a_bad_limit_of_given_masks_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        GivenMasksConfig(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"segments": np.zeros((2, 2), np.int32)}, r"segments: expected \(H, W\) uint16"),
        ({"labels": ("chair",)}, "one of each per instance, got 2, 1 and 2"),
        ({"scores": np.array([0.5, np.nan], np.float32)}, r"scores: expected numbers in \[0, 1\]"),
        ({"values": np.array([3, 3])}, "values: expected distinct ones"),
        ({"values": np.array([0, 3])}, "values: expected distinct ones"),
    ],
)
def test_masks_that_make_no_sense_are_refused(changed: dict[str, Any], wrong: str) -> None:
    good = {
        "segments": np.zeros((2, 2), np.uint16),
        "values": np.array([1, 3]),
        "labels": ("chair", "cup"),
        "scores": np.array([0.5, 1.0], np.float32),
    }
    GivenMasks(**good)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=wrong):
        GivenMasks(**good | changed)  # type: ignore[arg-type]
