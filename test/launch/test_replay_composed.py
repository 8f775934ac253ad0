"""replay.launch.py, composed: ids come out for every image, and all ends with the bag."""

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
        "composed": "true",
        "detector": "label_image",
        "device": "cpu",
        "namespace": "composed",
    }
    return description("replay.launch.py", arguments)


class TestReplay(unittest.TestCase):
    def test_every_image_gets_its_objects_and_ids_appear(self) -> None:
        heard = listen("/composed/objects", FRAMES, timeout_s=120.0)
        assert len(heard) == FRAMES
        assert any(item.object_id for message in heard for item in message.objects)

    def test_the_replay_ends_by_itself(self, proc_info) -> None:
        proc_info.assertWaitForShutdown(process="replay_node", timeout=120.0)


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ends_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
