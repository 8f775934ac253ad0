"""evaluate.launch.py: figures and a page from a bag with truth, and all ends with it."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("trackeval", reason="needs trackeval")

import launch_testing
from launch_testing.markers import keep_alive
from launched import description, short_bag

OUT = Path(tempfile.mkdtemp(prefix="reobj_launch_test_"))


@pytest.mark.launch_test
@keep_alive  # the only process may have ended before the test has seen it
def generate_test_description():
    arguments = {
        "bags": str(short_bag()),
        "out": str(OUT),
        "systems": "reobj",
        "modes": "colour",
        "device": "cpu",
        "workers": "1",
    }
    return description("evaluate.launch.py", arguments)


class TestEvaluation(unittest.TestCase):
    def test_the_evaluation_ends_by_itself(self, proc_info) -> None:
        proc_info.assertWaitForShutdown(process="reobj", timeout=250.0)


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_there_is_a_page_and_the_command_ended_in_order(self, proc_info) -> None:
        assert (OUT / "identity.html").is_file()
        launch_testing.asserts.assertExitCodes(proc_info)
