"""A node that fails: `ros2 launch` says so and does not return 0."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

from launched import short_bag

pytestmark = pytest.mark.skipif(shutil.which("ros2") is None, reason="needs the command ros2, of ros2launch")


def failing(file: str, *arguments: str) -> str:
    """What a launch says that fails."""
    command = ["ros2", "launch", "reobj_ros", f"{file}.launch.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 1
    return done.stdout + done.stderr


def errors_of_launch(said: str) -> list[str]:
    """Its own errors, without those of the processes."""
    return [line.split(": ")[-1] for line in said.splitlines() if "[launch]: Caught exception" in line]


def test_the_only_node() -> None:
    said = failing("live", "device:=quantum")
    assert "expected auto, cpu, cuda or cuda:N, got 'quantum'" in said
    assert errors_of_launch(said) == ["live_node-1 has failed (exit code 1)"]


def test_one_of_several_ends_the_others_where_it_is_required() -> None:
    said = failing("live", "device:=quantum", "composed:=false", "required:=true")
    assert "association_node-3]: process has finished cleanly" in said


def test_a_node_of_a_replay_ends_the_replay() -> None:
    said = failing("replay", f"bag:={short_bag()}", "detector:=label_image", "device:=quantum")
    assert errors_of_launch(said) == ["live_node-1 has failed (exit code 1)"]


def test_a_training_that_cannot_be(tmp_path: Path) -> None:
    said = failing("train", f"bags:={tmp_path}", f"out:={tmp_path / 'out'}", "device:=cpu")
    assert errors_of_launch(said) == ["trainer_node-1 has failed (exit code 1)"]
