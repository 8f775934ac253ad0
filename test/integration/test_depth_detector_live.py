"""The node of the detector that looks at depth: what it needs comes by topic, and a lack is named."""

from __future__ import annotations

import numpy as np
import pytest
from processes import Probe
from sensor_msgs.msg import CameraInfo, Image

from reobj.live_run import NodeProcesses
from reobj_msgs.msg import InstanceMasks
from reobj_ros.messages.conversions import image_message, instances_from
from reobj_ros.messages.stamps import SECOND_NS, header

pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

FRAME = "colour_optical_frame"


class Camera:
    """Looks at a box half a metre before a wall."""

    def __init__(self, probe: Probe) -> None:
        topics = {"/image": Image, "/depth": Image, "/camera_info": CameraInfo}
        self._to = {topic: probe.node.create_publisher(kind, topic, 10) for topic, kind in topics.items()}
        self.box = np.zeros((120, 160), bool)
        self.box[40:80, 60:100] = True

    def is_heard(self) -> bool:
        return all(publisher.get_subscription_count() for publisher in self._to.values())

    def show(self, stamp_ns: int, with_depth: bool = True) -> None:
        at = header(stamp_ns, FRAME)
        info = CameraInfo(header=at, width=160, height=120)
        info.k = [150.0, 0.0, 79.5, 0.0, 150.0, 59.5, 0.0, 0.0, 1.0]
        self._to["/camera_info"].publish(info)
        if with_depth:
            millimetres = np.where(self.box, 1500, 2000).astype(np.uint16)
            self._to["/depth"].publish(image_message(millimetres, "16UC1", at))
        self._to["/image"].publish(image_message(np.zeros((120, 160, 3), np.uint8), "rgb8", at))


def test_the_detector_node_finds_what_stands_out_in_depth_and_names_a_lack_of_it(
    nodes: NodeProcesses, probe: Probe
) -> None:
    camera, masks = Camera(probe), probe.hear(InstanceMasks, "/instances")
    nodes.start("detector_node", {"detector.name": "depth_segments", "device": "cpu", "sync_wait": 1.0})
    assert probe.until(camera.is_heard)
    for index in range(60):
        camera.show((index + 1) * SECOND_NS // 10)
        if probe.until(lambda: len(masks) > 0, 2.0):
            break
    found = instances_from(masks[-1])
    assert found.labels == ("object",)
    assert np.count_nonzero((found.label_image > 0) ^ camera.box) < 20  # of 1,600: corners are rounded
    log = nodes.log("detector_node")
    for index in range(60, 120):
        camera.show((index + 1) * SECOND_NS // 10, with_depth=False)
        if probe.until(lambda: "expected depth registered to the image" in log.read_text(), 2.0):
            break
    assert "nodes take it from the topic depth" in log.read_text()


def test_masks_are_carried_while_the_detector_works_and_after_it_failed_until_they_fade(
    nodes: NodeProcesses, probe: Probe
) -> None:
    camera, masks = Camera(probe), probe.hear(InstanceMasks, "/instances")
    parameters = {
        "detector.name": "depth_segments",
        "detector.propagate": "on",
        "detector.propagation.every": 2,
    }
    nodes.start("detector_node", {**parameters, "device": "cpu", "sync_wait": 0.2})
    assert probe.until(camera.is_heard)
    times = iter(range(1, 10_000))

    def show_until(wanted: bool, with_depth: bool) -> bool:
        """Whether, sooner or later, an image has masks, or none."""
        for _ in range(120):
            count = len(masks)
            camera.show(next(times) * SECOND_NS // 10, with_depth)
            probe.until(lambda count=count: len(masks) > count, 2.0)
            if masks and bool(masks[-1].instances) == wanted:
                return True
        return False

    assert show_until(True, with_depth=True)
    first = instances_from(masks[-1])
    assert np.count_nonzero((first.label_image > 0) ^ camera.box) < 20
    assert show_until(False, with_depth=False)
    carried = [float(m.instances[0].score) for m in masks if m.instances]
    assert min(carried) < 0.75 * max(carried)  # less certain each time that nobody confirmed it
    log = nodes.log("detector_node").read_text()
    assert "the detector failed, 1 masks go on without it" in log
    assert "Traceback" not in log
