"""live.launch.py, composed: a camera under another name is heard, its objects get ids and are kept."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

import launch_testing
import numpy as np
import rclpy
from launched import description
from sensor_msgs.msg import Image

from reobj.association.store.reading import read_map
from reobj_msgs.msg import TrackedObjects
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header

PERIOD_NS = 100_000_000
MAP = Path(tempfile.mkdtemp(prefix="reobj_launch_test_")) / "room.map"


@pytest.mark.launch_test
def generate_test_description():
    arguments = {
        "composed": "true",
        "detector": "label_image",
        "device": "cpu",
        "image": "/front/rgb",
        "map": str(MAP),
        "map_frame": "1",  # a text, whatever it looks like
        "namespace": "robot",
        "reliability": "reliable",
    }
    return description("live.launch.py", arguments)


class TestLive(unittest.TestCase):
    def setUp(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("camera", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def tearDown(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def test_a_camera_under_another_name_gets_objects_with_ids(self) -> None:
        image = self.node.create_publisher(Image, "/front/rgb", 10)
        truth = self.node.create_publisher(Image, "/robot/ground_truth/instances", 10)
        heard: list[TrackedObjects] = []
        self.node.create_subscription(TrackedObjects, "/robot/objects", heard.append, 10)
        pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
        ids = np.zeros((60, 80), np.uint16)
        ids[10:40, 10:40] = 1
        for frame in range(1, 1200):
            head = header(frame * PERIOD_NS, "camera_optical_frame")
            truth.publish(image_message(ids, "16UC1", head))
            image.publish(image_message(pixels, "rgb8", head))
            self.executor.spin_once(timeout_sec=0.1)
            if any(item.object_id for message in heard for item in message.objects):
                return
        self.fail(f"no object got an id; {len(heard)} messages were heard")


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ends_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)

    def test_the_map_is_kept(self) -> None:
        assert len(read_map(MAP).objects.object_ids)
