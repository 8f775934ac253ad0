"""What is subscribed to and fed to the detector ``masks``, on a real node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rclpy.node import Node
from vision_types import STAND_INS

import reobj_ros.input.masks_input as masks_input
from reobj.detection.given.given_detector import GivenMasksConfig
from reobj.detection.given.given_masks import GivenBoxes, GivenMasks, MasksBuffer
from reobj.detection.registry import DETECTORS
from reobj.errors import ConfigError, InputError
from reobj_msgs.msg import Instance, InstanceMasks
from reobj_ros.input.detector_input import detector_input
from reobj_ros.input.inputs import INPUT_PARAMETERS, Inputs
from reobj_ros.input.masks_input import MasksInput
from reobj_ros.input.stamp_join import Joined
from reobj_ros.input.truth_input import TruthInput
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header
from reobj_ros.node.parameters import declare

SEGMENTS = np.array([[0, 1], [2, 2]], np.uint16)


def image(encoding: str = "16UC1") -> Any:
    return image_message(
        SEGMENTS if encoding == "16UC1" else np.zeros((2, 2, 3), np.uint8), encoding, header(5, "c")
    )


def masks(count: int, encoding: str = "16UC1") -> Joined:
    """A moment with a message of our own kind with so many instances."""
    instances = [Instance(label="chair", score=1.0) for _ in range(count)]
    return Joined(5, None, {"masks": InstanceMasks(masks=image(encoding), instances=instances)})


def made(warn: Callable[[str], None] = pytest.fail, **options: Any) -> tuple[MasksInput, MasksBuffer]:
    buffer = MasksBuffer()
    return MasksInput(GivenMasksConfig(**options), warn, buffer), buffer


@pytest.fixture
def with_vision(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where vision_msgs is installed."""
    monkeypatch.setattr(masks_input, "message_class", lambda name: STAND_INS.Detection2DArray)


def test_masks_are_found_by_the_stamp_of_their_image() -> None:
    feeder, buffer = made()
    feeder.feed(masks(2))
    assert buffer(5).labels == ("chair", "chair")


def test_a_label_image_is_found_by_the_stamp_of_its_image() -> None:
    feeder, buffer = made(source="segments")
    feeder.feed(Joined(5, None, {"segments": image()}))
    assert buffer(5).labels == ("object", "object")


@pytest.mark.parametrize(("values", "expected"), [("order", [1, 2]), ("id", [2, 1])])
def test_detections_name_the_values_of_the_label_image(
    with_vision: None, values: str, expected: list[int]
) -> None:
    found = STAND_INS.Detection2DArray(detections=[STAND_INS.Detection2D(id=name) for name in "21"])
    feeder, buffer = made(source="detections", values=values)
    feeder.feed(Joined(5, None, {"segments": image(), "segments/detections": found}))
    given = buffer(5)
    assert isinstance(given, GivenMasks) and given.values.tolist() == expected


def test_detections_alone_are_boxes(with_vision: None) -> None:
    found = STAND_INS.Detection2D()
    found.bbox.size_x = found.bbox.size_y = 2.0
    feeder, buffer = made(source="boxes")
    feeder.feed(Joined(5, None, {"segments/detections": STAND_INS.Detection2DArray(detections=[found])}))
    given = buffer(5)
    assert isinstance(given, GivenBoxes) and given.boxes.tolist() == [[-1, -1, 1, 1]]


def test_what_is_left_out_is_one_line_with_the_topic(node: Node) -> None:
    lines: list[str] = []
    feeder, buffer = made(lines.append)
    feeder.subscribe(node, inputs_of(node, feeder), "front/")
    feeder.feed(masks(1))
    assert buffer(5).labels == ("chair",)
    assert len(lines) == 1
    assert lines[0].startswith(f"{node.get_namespace()}/front/masks: expected an instance for each value")


def test_a_message_that_cannot_be_read_is_refused_with_its_topic(node: Node) -> None:
    feeder, buffer = made()
    feeder.subscribe(node, inputs_of(node, feeder))
    with pytest.raises(
        InputError, match=f"^{node.get_namespace()}/masks: label image encoding: .* got 'rgb8'"
    ):
        feeder.feed(masks(1, "rgb8"))
    assert 5 not in buffer


def inputs_of(node: Node, feeder: MasksInput) -> Inputs:
    return Inputs(node, "image", feeder.companions(), lambda joined: None, declare(node, INPUT_PARAMETERS))


@pytest.mark.parametrize(
    ("source", "inputs"),
    [
        ("masks", ["masks"]),
        ("segments", ["segments"]),
        ("detections", ["segments", "segments/detections"]),
        ("boxes", ["segments/detections"]),
    ],
)
def test_an_image_waits_for_all_that_belongs_to_it(with_vision: None, source: str, inputs: list[str]) -> None:
    companions = made(source=source)[0].companions()
    assert list(companions) == inputs
    assert all(companion.required for companion in companions.values())


@pytest.mark.parametrize("source", ["detections", "boxes"])
def test_without_vision_msgs_its_detections_are_refused_with_what_there_is(
    monkeypatch: pytest.MonkeyPatch, source: Any
) -> None:
    monkeypatch.setattr(masks_input, "message_class", lambda name: None)
    with pytest.raises(
        ConfigError, match=f"'{source}' needs vision_msgs, which is not installed; use 'masks' or"
    ):
        detector_input(DETECTORS["masks"], GivenMasksConfig(source=source), pytest.fail)


def test_each_detector_is_fed_with_what_it_reads() -> None:
    for name, kind, fed in (("masks", MasksInput, "masks"), ("label_image", TruthInput, "truth")):
        lookups, make = detector_input(DETECTORS[name], DETECTORS[name].config(), pytest.fail)
        assert isinstance(make(), kind)
        assert make() is not make()  # one for each camera
        assert [field for field in ("truth", "masks") if getattr(lookups, field) is not None] == [fed]
    lookups, make = detector_input(DETECTORS["mask_rcnn"], DETECTORS["mask_rcnn"].config(), pytest.fail)
    assert make() is None and lookups.truth is None and lookups.masks is None
