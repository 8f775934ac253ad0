"""live.launch.py: the nodes that its arguments ask for come up, and say so when no image comes."""

from __future__ import annotations

import unittest

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

import launch_testing
from launched import description
from managing import Manager


@pytest.mark.launch_test
def generate_test_description():
    arguments = {
        "composed": "false",
        "detector": "label_image",
        "device": "cpu",
        "image": "/front/image",
        "namespace": "robot",
    }
    return description("live.launch.py", arguments)


class TestLive(unittest.TestCase):
    def test_a_missing_camera_is_a_warning_that_names_the_remapped_topic(self, proc_output) -> None:
        proc_output.assertWaitFor("/front/image: no message for 5 s; nobody publishes it", timeout=120.0)

    def test_the_other_nodes_come_up(self, proc_output) -> None:
        proc_output.assertWaitFor("encoder small", timeout=120.0)
        proc_output.assertWaitFor("/robot/embeddings: no message", timeout=120.0)

    def test_each_node_becomes_active_by_itself(self) -> None:
        manager = Manager()
        try:
            for name in ("detector_node", "encoder_node", "association_node"):
                assert manager.reaches(f"/robot/{name}", "active"), name
        finally:
            manager.close()


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ends_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
