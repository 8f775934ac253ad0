"""Masks that another node finds, through the nodes: by each kind of topic, late, damaged and missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from processes import Probe
from sensor_msgs.msg import Image

from reobj.live_run import NodeProcesses
from reobj.types import Instances
from reobj_msgs.msg import InstanceMasks, TrackedObjects
from reobj_ros.messages.conversions import image_message, instances_from, masks_message
from reobj_ros.messages.interfaces import message_module
from reobj_ros.messages.stamps import SECOND_NS, header, to_ns

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

VISION: Any = message_module("vision_msgs")
STAGES = {"device": "cpu", "sync_wait": 2.0, "reliability": "reliable", "detector.name": "masks"}
STAMPS = itertools.count(SECOND_NS, SECOND_NS // 10)
COLUMNS = {"chair": slice(5, 35), "cup": slice(45, 75)}


def picture(stamp_ns: int) -> Image:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    return image_message(pixels, "rgb8", header(stamp_ns, "camera"))


def label_image(*labels: str) -> np.ndarray[Any, np.dtype[np.uint16]]:
    pixels = np.zeros((60, 80), np.uint16)
    for number, label in enumerate(labels, 1):
        pixels[10:50, COLUMNS[label]] = number
    return pixels


def found(*labels: str) -> Instances:
    boxes = [[COLUMNS[label].start, 10, COLUMNS[label].stop, 50] for label in labels]
    scores = np.full(len(labels), 0.75, np.float32)
    return Instances(np.array(boxes, np.float32).reshape(-1, 4), label_image(*labels), labels, scores)


def until_answered(probe: Probe, show: Callable[[int], None], answers: list[Any]) -> Any:
    """Shows one frame after the other until one is answered: the first are lost while nodes meet."""
    for stamp_ns in itertools.islice(STAMPS, 60):
        show(stamp_ns)
        if probe.until(lambda: len(answers) > 0, 1.0):
            return answers[-1]
    raise AssertionError("no answer")


class Cameras:
    """Two cameras, and the segmenter of both, which answers some time after the image."""

    def __init__(self, probe: Probe, nodes: NodeProcesses) -> None:
        self._probe, self._nodes = probe, nodes
        names = ("front", "left")
        self._images = {n: probe.node.create_publisher(Image, f"/{n}/image", 10) for n in names}
        self._masks = {n: probe.node.create_publisher(InstanceMasks, f"/{n}/masks", 10) for n in names}
        self._objects = {n: probe.hear(TrackedObjects, f"/{n}/objects") for n in names}
        nodes.start("live_node", {**STAGES, "cameras": list(names)})
        publishers = (*self._images.values(), *self._masks.values())
        assert probe.until(lambda: all(p.get_subscription_count() for p in publishers))
        for name in names:
            until_answered(probe, partial(self.show, name), self._objects[name])

    def show(self, camera: str, stamp_ns: int, *labels: str, masks: Image | None = None) -> None:
        """An image, and later what is in it; ``masks`` in place of the right ones."""
        self._images[camera].publish(picture(stamp_ns))
        self._probe.until(lambda: False, 0.2)
        message = masks_message(found(*labels), header(stamp_ns, "camera"))
        message.masks = message.masks if masks is None else masks
        self._masks[camera].publish(message)

    def labels_at(self, camera: str, stamp_ns: int) -> list[str]:
        """Of the objects of a frame, once they come."""

        def answers() -> list[TrackedObjects]:
            return [m for m in self._objects[camera] if to_ns(m.header.stamp) == stamp_ns]

        assert self._probe.until(lambda: bool(answers()))
        return [one.instance.label for one in answers()[0].objects]

    def log_says(self, text: str) -> bool:
        return self._probe.until(lambda: text in self._nodes.log("live_node").read_text())


def test_each_cameras_objects_are_those_of_its_masks_and_bad_ones_cost_a_line(
    nodes: NodeProcesses, probe: Probe
) -> None:
    cameras, stamp_ns = Cameras(probe, nodes), next(STAMPS)
    cameras.show("front", stamp_ns, "chair", "cup")
    cameras.show("left", stamp_ns, "cup")
    assert cameras.labels_at("front", stamp_ns) == ["chair", "cup"]
    assert cameras.labels_at("left", stamp_ns) == ["cup"]

    small = image_message(np.ones((30, 40), np.uint16), "16UC1", header(0, ""))
    cameras.show("front", next(STAMPS), "chair", masks=small)
    assert cameras.log_says("masks of another node: expected 80x60 pixels as their image, got 40x30")
    cameras.show("front", next(STAMPS), "chair", masks=picture(0))
    assert cameras.log_says("/front/masks: label image encoding: expected 16UC1")
    both = image_message(label_image("chair", "cup"), "16UC1", header(0, ""))
    cameras.show("left", stamp_ns := next(STAMPS), "chair", masks=both)
    assert cameras.labels_at("left", stamp_ns) == ["chair"]
    assert cameras.log_says("/left/masks: expected an instance for each value of the label image, left out 2")


@pytest.mark.parametrize(
    "source",
    [
        "segments",
        pytest.param(
            "detections",
            marks=pytest.mark.skipif(VISION is None, reason="needs vision_msgs, which is not installed"),
        ),
    ],
)
def test_the_detector_node_makes_instances_of_a_label_image(
    nodes: NodeProcesses, probe: Probe, source: str
) -> None:
    images = probe.node.create_publisher(Image, "/image", 10)
    segments = probe.node.create_publisher(Image, "/segments", 10)
    publishers = [images, segments]
    if source == "detections":
        kind = VISION.Detection2DArray
        publishers.append(probe.node.create_publisher(kind, "/segments/detections", 10))
    heard = probe.hear(InstanceMasks, "/instances")
    nodes.start("detector_node", {**STAGES, "detector.source": source})
    assert probe.until(lambda: all(publisher.get_subscription_count() for publisher in publishers))

    def show(stamp_ns: int) -> None:
        at = header(stamp_ns, "camera")
        images.publish(picture(stamp_ns))
        segments.publish(image_message(label_image("chair", "cup"), "16UC1", at))
        for publisher in publishers[2:]:
            publisher.publish(VISION.Detection2DArray(header=at, detections=detections("chair", "cup")))

    message = until_answered(probe, show, heard)
    made = instances_from(message)
    assert made.labels == (("chair", "cup") if source == "detections" else ("object", "object"))
    assert made.scores.tolist() == ([0.75, 0.75] if source == "detections" else [1.0, 1.0])
    np.testing.assert_array_equal(made.label_image, label_image("chair", "cup"))
    np.testing.assert_array_equal(made.boxes, found("chair", "cup").boxes)
    assert message.header.frame_id == "camera"


def detections(*labels: str) -> list[Any]:
    hypotheses = [VISION.ObjectHypothesis(class_id=label, score=0.75) for label in labels]
    results = [[VISION.ObjectHypothesisWithPose(hypothesis=one)] for one in hypotheses]
    return [VISION.Detection2D(results=result) for result in results]


def test_without_a_detector_node_instances_of_another_node_get_their_ids(
    nodes: NodeProcesses, probe: Probe
) -> None:
    images = probe.node.create_publisher(Image, "/image", 10)
    instances = probe.node.create_publisher(InstanceMasks, "/instances", 10)
    heard = probe.hear(TrackedObjects, "/objects")
    settings = {"device": "cpu", "sync_wait": 2.0, "reliability": "reliable"}
    nodes.start("encoder_node", settings)
    nodes.start("association_node", {**settings, "pose_source": "none", "depth_transport": "none"})
    assert probe.until(lambda: instances.get_subscription_count() == 2 and images.get_subscription_count())

    def show(stamp_ns: int) -> None:
        images.publish(picture(stamp_ns))
        instances.publish(masks_message(found("chair", "cup"), header(stamp_ns, "camera")))

    answer = until_answered(probe, show, heard)
    assert [one.instance.label for one in answer.objects] == ["chair", "cup"]
    assert all(one.track_id for one in answer.objects)


def test_masks_that_come_late_are_carried_to_every_image(nodes: NodeProcesses, probe: Probe) -> None:
    images = probe.node.create_publisher(Image, "/image", 10)
    segments = probe.node.create_publisher(Image, "/segments", 10)
    heard = probe.hear(InstanceMasks, "/instances")
    carried = {
        "detector.source": "segments",
        "detector.propagate": "on",
        "detector.propagation.max_age_s": 5.0,
    }
    nodes.start("detector_node", {**STAGES, **carried})
    assert probe.until(lambda: all(p.get_subscription_count() for p in (images, segments)))

    def answer(stamp_ns: int) -> InstanceMasks | None:
        """To an image, without masks of its own."""
        images.publish(picture(stamp_ns))
        probe.until(lambda: any(to_ns(m.header.stamp) == stamp_ns for m in heard), 2.0)
        return next((m for m in heard if to_ns(m.header.stamp) == stamp_ns), None)

    def answered() -> int:
        """The stamp of an image that was answered; the first are lost while nodes meet."""
        return next(stamp for stamp in itertools.islice(STAMPS, 60) if answer(stamp) is not None)

    past = answered()
    assert not heard[-1].instances
    answered()
    segments.publish(image_message(label_image("chair", "cup"), "16UC1", header(past, "camera")))
    for stamp_ns in itertools.islice(STAMPS, 40):  # within max_age_s
        if (message := answer(stamp_ns)) is not None and message.instances:
            break
    made = instances_from(heard[-1])
    assert made.labels == ("object", "object")
    assert np.count_nonzero(made.label_image != label_image("chair", "cup")) < 50  # nothing moved
    later = answer(next(STAMPS))
    assert later is not None and len(later.instances) == 2
