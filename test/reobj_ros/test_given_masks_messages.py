"""With small stand-ins for vision_msgs, and with the real messages where they are installed."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

from sensor_msgs.msg import Image
from vision_types import TYPES, over_the_wire

from reobj.detection.given.given_masks import GivenMasks
from reobj.errors import InputError
from reobj.scans.message_arrays import encode_png
from reobj_msgs.msg import Instance, InstanceMasks
from reobj_ros.input.given_masks import boxes_of, masks_of, masks_of_detections, masks_of_segments
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header

SEGMENTS = np.array([[0, 1, 1], [2, 2, 0]], np.uint16)
HEADER = header(7, "camera")


@pytest.fixture(params=TYPES)
def types(request: pytest.FixtureRequest) -> Any:
    return request.param


def image(segments: np.ndarray[Any, Any] = SEGMENTS, encoding: str = "16UC1") -> Image:
    return image_message(segments, encoding, HEADER)


def detections(types: Any, *found: tuple[str, list[tuple[str, float]]]) -> Any:
    """Each detection has an id, and classes with scores. Its box is nonsense: nobody looks at it."""
    made = []
    for name, classes in found:
        hypotheses = [types.ObjectHypothesis(class_id=label, score=score) for label, score in classes]
        results = [types.ObjectHypothesisWithPose(hypothesis=one) for one in hypotheses]
        made.append(types.Detection2D(header=HEADER, id=name, results=results))
        made[-1].bbox.size_x = float("nan")
    return over_the_wire(types.Detection2DArray(header=HEADER, detections=made))


def as_rows(given: GivenMasks) -> list[tuple[int, str, float]]:
    return list(zip(given.values.tolist(), given.labels, given.scores.tolist(), strict=True))


def test_instances_of_our_own_message_are_numbered_by_their_place() -> None:
    instances = [Instance(label="chair", score=0.5), Instance(label="cup", score=1.0)]
    given, faults = masks_of(InstanceMasks(header=HEADER, masks=image(), instances=instances))
    assert as_rows(given) == [(1, "chair", 0.5), (2, "cup", 1.0)] and not faults
    np.testing.assert_array_equal(given.segments, SEGMENTS)


def test_a_mask_without_an_instance_is_a_fault_and_the_others_are_used() -> None:
    message = InstanceMasks(header=HEADER, masks=image(), instances=[Instance(label="chair", score=0.5)])
    given, faults = masks_of(message)
    assert as_rows(given) == [(1, "chair", 0.5)]
    assert len(faults) == 1 and faults[0].endswith("left out 2")


@pytest.mark.parametrize(
    ("encoding", "dtype"),
    [("8UC1", np.uint8), ("mono8", np.uint8), ("16UC1", np.uint16), ("32SC1", np.int32)],
)
def test_each_value_of_a_label_image_alone_is_an_object(encoding: str, dtype: type) -> None:
    segments = (SEGMENTS * 100).astype(dtype)
    given, faults = masks_of_segments(image(segments, encoding))
    assert as_rows(given) == [(100, "object", 1.0), (200, "object", 1.0)] and not faults
    np.testing.assert_array_equal(given.segments, segments)


def test_a_label_image_may_come_as_png() -> None:
    given, _ = masks_of_segments(SimpleNamespace(format="16UC1; png compressed ", data=encode_png(SEGMENTS)))
    assert given.values.tolist() == [1, 2]


def test_an_empty_label_image_has_no_instances() -> None:
    assert as_rows(masks_of_segments(image(np.zeros((2, 3), np.uint16)))[0]) == []


def test_a_detection_is_the_value_of_its_place_and_its_best_class_counts(types: Any) -> None:
    found = detections(
        types, ("9", [("cup", 0.25), ("chair", 0.5), ("table", 0.125)]), ("", [("cup", 1.0), ("tv", 0.0)])
    )
    given, faults = masks_of_detections(image(), found, by_id=False)
    assert as_rows(given) == [(1, "chair", 0.5), (2, "cup", 1.0)] and not faults


def test_a_detection_may_be_the_value_of_its_id(types: Any) -> None:
    found = detections(types, ("41", [("cup", 0.5)]), ("7", [("chair", 1.0)]))
    given, faults = masks_of_detections(image(SEGMENTS * 41), found, by_id=True)
    assert as_rows(given) == [(41, "cup", 0.5), (7, "chair", 1.0)]
    assert faults == ["expected an instance for each value of the label image, left out 82"]


@pytest.mark.parametrize("name", ["", "track_3", "-1", "²", "1" * 5000])
def test_an_id_that_is_no_number_costs_its_detection(types: Any, name: str) -> None:
    found = detections(types, (name, [("cup", 0.5)]), ("1", [("chair", 1.0)]), ("2", [("chair", 0.5)]))
    given, faults = masks_of_detections(image(), found, by_id=True)
    assert given.values.tolist() == [1, 2]
    assert len(faults) == 1 and faults[0].startswith("expected whole numbers as ids, left out 1 such as ")
    assert len(faults[0]) < 150


def test_a_detection_without_a_class_is_an_object(types: Any) -> None:
    given, _ = masks_of_detections(image(), detections(types, ("", []), ("", [("cup", 0.5)])), by_id=False)
    assert as_rows(given) == [(1, "object", 1.0), (2, "cup", 0.5)]


def test_a_class_without_a_score_does_not_win(types: Any) -> None:
    found = detections(types, ("", [("wrong", float("nan")), ("cup", 0.25)]), ("", [("wrong", float("nan"))]))
    given, faults = masks_of_detections(image(), found, by_id=False)
    assert as_rows(given) == [(1, "cup", 0.25)]
    assert faults == ["expected scores in [0, 1], left out nan"]


def boxed(types: Any, *boxes: tuple[float, float, float, float, float]) -> Any:
    """Detections with boxes x, y of the centre, width, height and angle."""
    made = detections(types, *(("", [("cup", 0.5)]) for _ in boxes))
    for one, (x, y, width, height, theta) in zip(made.detections, boxes, strict=True):
        one.bbox.center.position.x, one.bbox.center.position.y = x, y
        one.bbox.size_x, one.bbox.size_y, one.bbox.center.theta = width, height, theta
    return over_the_wire(made)


def test_boxes_without_masks_are_upright_ones(types: Any) -> None:
    quarter, eighth = math.pi / 2, math.pi / 4
    found, faults = boxes_of(
        boxed(
            types,
            (20.0, 40.0, 20.0, 10.0, 0.0),
            (20.0, 40.0, 20.0, 10.0, quarter),
            (0.0, 0.0, 8.0, 8.0, -eighth),
        )
    )
    half = 4 * math.sqrt(2)
    expected = [[10, 35, 30, 45], [15, 30, 25, 50], [-half, -half, half, half]]
    np.testing.assert_allclose(found.boxes, expected, atol=1e-5)
    assert found.labels == ("cup",) * 3 and found.scores.tolist() == [0.5] * 3 and not faults


@pytest.mark.parametrize(
    "bad", [(1.0, 1.0, 0.0, 5.0, 0.0), (1.0, math.nan, 5.0, 5.0, 0.0), (1.0, 1.0, 5.0, 5.0, math.inf)]
)
def test_a_box_that_is_none_costs_its_detection(types: Any, bad: tuple[float, ...]) -> None:
    found, faults = boxes_of(boxed(types, bad, (5.0, 5.0, 2.0, 2.0, 0.0)))
    assert found.boxes.tolist() == [[4, 4, 6, 6]]
    assert len(faults) == 1 and faults[0].startswith("expected finite boxes with an area")


def test_no_detections_are_no_boxes(types: Any) -> None:
    found, faults = boxes_of(boxed(types))
    assert found.boxes.shape == (0, 4) and not faults


@pytest.mark.parametrize("encoding", ["rgb8", "32FC1"])
def test_an_image_of_another_encoding_is_refused(types: Any, encoding: str) -> None:
    pixels = np.zeros((2, 3, 3), np.uint8) if encoding == "rgb8" else np.zeros((2, 3), np.float32)
    wrong = image(pixels, encoding)
    with pytest.raises(InputError, match=f"label image encoding: expected .*16UC1.*, got '{encoding}'"):
        masks_of_detections(wrong, detections(types), by_id=False)
    with pytest.raises(InputError, match="label image encoding"):
        masks_of_segments(wrong)
    with pytest.raises(InputError, match="label image encoding"):
        masks_of(InstanceMasks(masks=wrong))
