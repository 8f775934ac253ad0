"""replay.launch.py, separate: ids come out for every image of a bag that is played again and again."""

from __future__ import annotations

import unittest

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

import launch_testing
from launched import FRAMES, description, listen, short_bag


@pytest.mark.launch_test
def generate_test_description():
    arguments = {
        "bag": str(short_bag()),
        "lock_step": "true",
        "loop": "true",  # an end with the bag could end the test too early; test_replay_map.py looks at it
        "composed": "false",
        "detector": "label_image",
        "device": "cpu",
        "namespace": "separate",
    }
    return description("replay.launch.py", arguments)


class TestReplay(unittest.TestCase):
    def test_every_image_gets_its_objects_and_ids_appear(self) -> None:
        heard = listen("/separate/objects", FRAMES, timeout_s=200.0)
        assert len(heard) == FRAMES
        assert any(item.object_id for message in heard for item in message.objects)


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ends_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
