"""replay.launch.py with player:=ros2: `ros2 bag play` starts when the nodes listen, and all ends with it."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

from launched import FRAMES, short_bag

from reobj.scans.bag_raw import read_raw

# A mark, as launch_testing would take a module that skips itself for an error.
pytestmark = pytest.mark.skipif(
    find_spec("ros2bag") is None, reason="needs `ros2 bag`, of a ROS 2 installation"
)


@pytest.mark.parametrize("namespace", ["", "played"])
def test_the_first_image_is_not_lost(namespace: str, tmp_path: Path) -> None:
    arguments = [f"bag:={short_bag()}", "player:=ros2", f"namespace:={namespace}", "device:=cpu"]
    results = tmp_path / "results"
    done = subprocess.run(
        [
            *("ros2", "launch", "reobj_ros", "replay.launch.py"),
            *(*arguments, "detector:=label_image", f"record:={results}"),
        ],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(read_raw(results, only=["/objects"]))) == FRAMES
