"""live.launch.py with respawn:=true: a node that was killed comes back and is active again."""

from __future__ import annotations

import os
import signal
import unittest
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

from launched import description
from managing import Manager


@pytest.mark.launch_test
def generate_test_description():
    arguments = {"detector": "label_image", "device": "cpu", "namespace": "again", "respawn": "true"}
    return description("live.launch.py", arguments)


def children() -> list[int]:
    """The nodes that launch, in this process, has started."""
    lists = Path("/proc/self/task").glob("*/children")
    found = [int(pid) for path in lists for pid in path.read_text().split()]
    return [pid for pid in found if b"live_node" in Path(f"/proc/{pid}/cmdline").read_bytes()]


class TestLive(unittest.TestCase):
    def test_a_killed_node_comes_back(self, proc_output) -> None:
        proc_output.assertWaitFor("encoder small", timeout=120.0)
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        manager = Manager()
        try:
            assert manager.reaches("/again/live_node", "active")
        finally:
            manager.close()
        assert children() != [pid]
