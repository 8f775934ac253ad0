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


def launched(file: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["ros2", "launch", "reobj_ros", f"{file}.launch.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=250)


def errors_of_launch(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "[launch]: Caught exception" in line]


def test_the_only_node() -> None:
    done = launched("live", "device:=quantum")
    assert done.returncode == 1
    assert "expected auto, cpu, cuda or cuda:N, got 'quantum'" in done.stdout + done.stderr
    assert [line.endswith("has failed (exit code 1)") for line in errors_of_launch(done)] == [True]


def test_one_of_several_ends_the_others_where_it_is_required() -> None:
    done = launched("live", "device:=quantum", "composed:=false", "required:=true")
    assert done.returncode == 1
    assert "association_node-3]: process has finished cleanly" in done.stdout + done.stderr


def test_a_node_of_a_replay_ends_the_replay() -> None:
    done = launched("replay", f"bag:={short_bag()}", "detector:=label_image", "device:=quantum")
    assert done.returncode == 1
    assert "live_node-1 has failed (exit code 1)" in done.stderr


def test_a_training_that_cannot_be(tmp_path: Path) -> None:
    done = launched("train", f"bags:={tmp_path}", f"out:={tmp_path / 'out'}", "device:=cpu")
    assert done.returncode == 1
    assert "trainer_node-1 has failed (exit code 1)" in done.stderr
