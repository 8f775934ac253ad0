"""live.launch.py with autostart:=false: the nodes wait for a lifecycle manager, such as that of Nav2."""

from __future__ import annotations

import unittest

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

import launch_testing
from launched import description
from lifecycle_msgs.msg import Transition
from managing import Manager

NODES = ("/managed/detector_node", "/managed/encoder_node", "/managed/association_node")


@pytest.mark.launch_test
def generate_test_description():
    arguments = {
        "composed": "false",
        "autostart": "false",
        "detector": "label_image",
        "device": "cpu",
        "namespace": "managed",
    }
    return description("live.launch.py", arguments)


class TestLive(unittest.TestCase):
    def setUp(self) -> None:
        self.manager = Manager()

    def tearDown(self) -> None:
        self.manager.close()

    def change_all(self, transition: int) -> list[str]:
        """What Nav2's manager does: the same transition for one node after another."""
        assert all(self.manager.change(node, transition) for node in NODES)
        return [self.manager.state(node) for node in NODES]

    def test_the_nodes_wait_and_follow_the_manager_up_down_and_up_again(self) -> None:
        assert [self.manager.state(node) for node in NODES] == ["unconfigured"] * 3
        for _ in range(2):
            assert self.change_all(Transition.TRANSITION_CONFIGURE) == ["inactive"] * 3
            assert self.change_all(Transition.TRANSITION_ACTIVATE) == ["active"] * 3
            assert self.change_all(Transition.TRANSITION_DEACTIVATE) == ["inactive"] * 3
            assert self.change_all(Transition.TRANSITION_CLEANUP) == ["unconfigured"] * 3


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ends_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
