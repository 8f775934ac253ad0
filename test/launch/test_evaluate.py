"""evaluate.launch.py: figures and a page from a bag with truth, and all ends with it."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

from launched import short_bag

# A mark, as launch_testing would take a module that skips itself for an error.
pytestmark = [
    pytest.mark.skipif(find_spec("trackeval") is None, reason="needs trackeval"),
    pytest.mark.skipif(find_spec("ros2launch") is None, reason="needs the command ros2, of ros2launch"),
]


def test_a_bag_becomes_figures_and_a_page(tmp_path: Path) -> None:
    arguments = ["systems:=reobj", "modes:=colour", "device:=cpu", "workers:=1"]
    done = subprocess.run(
        [
            *("ros2", "launch", "reobj_ros", "evaluate.launch.py"),
            *(f"bags:={short_bag()}", f"out:={tmp_path}", *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "identity.html").is_file()
    assert "The page:" in done.stdout
