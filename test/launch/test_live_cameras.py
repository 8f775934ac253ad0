"""live.launch.py with cameras:=front,left: each camera has its own topics, and its objects get ids."""

from __future__ import annotations

import unittest

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

import launch_testing
import numpy as np
import rclpy
from launched import description
from sensor_msgs.msg import Image

from reobj_msgs.msg import TrackedObjects
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header

CAMERAS = ("front", "left")
PERIOD_NS = 100_000_000


@pytest.mark.launch_test
def generate_test_description():
    arguments = {
        "cameras": ",".join(CAMERAS),
        "detector": "label_image",
        "device": "cpu",
        "image": "/drivers/{camera}/rgb",
        "namespace": "many",
        "reliability": "reliable",
    }
    return description("live.launch.py", arguments)


class TestLive(unittest.TestCase):
    def setUp(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("cameras", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def tearDown(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def test_the_objects_of_each_camera_get_ids(self) -> None:
        topics = {name: (f"/drivers/{name}/rgb", f"/many/{name}/ground_truth/instances") for name in CAMERAS}
        publishers = {
            name: [self.node.create_publisher(Image, topic, 10) for topic in both]
            for name, both in topics.items()
        }
        ids: dict[str, set[int]] = {name: set() for name in CAMERAS}
        for name in CAMERAS:
            self.node.create_subscription(
                TrackedObjects,
                f"/many/{name}/objects",
                lambda message, found=ids[name]: found.update(item.object_id for item in message.objects),
                10,
            )
        pictures = np.random.default_rng(0).integers(0, 255, (2, 60, 80, 3), np.uint8)
        truth = np.zeros((60, 80), np.uint16)
        truth[10:40, 10:40] = 1
        for frame in range(1, 1200):
            for name, pixels in zip(CAMERAS, pictures, strict=True):
                image, instances = publishers[name]
                head = header(frame * PERIOD_NS, f"{name}_optical_frame")
                instances.publish(image_message(truth, "16UC1", head))
                image.publish(image_message(pixels, "rgb8", head))
            self.executor.spin_once(timeout_sec=0.1)
            if all(found - {0} for found in ids.values()):
                return
        self.fail(f"not every camera got an id: {ids}")


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ends_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
