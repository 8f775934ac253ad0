"""Wrong arguments of the launch files: one clear line, and no node is started."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")
pytestmark = pytest.mark.skipif(shutil.which("ros2") is None, reason="needs the command ros2, of ros2launch")


@pytest.mark.parametrize(
    ("file", "argument", "says"),
    [
        ("live", "composed:=maybe", 'Argument "composed" provided value "maybe" is not valid'),
        ("live", "params_file:=nowhere.yaml", "argument params_file: expected a file, got 'nowhere.yaml'"),
        ("replay", "bag:=nowhere", "argument bag: expected a folder or a file, nothing is at 'nowhere'"),
        ("live", "cameras:=front,1st", "argument cameras: expected different names of letters, digits and _"),
        ("live", "autostart:=no", 'Argument "autostart" provided value "no" is not valid'),
        ("replay", "rate:=fast", "argument rate: expected a number, got 'fast'"),
        ("replay", "player:=vlc", 'Argument "player" provided value "vlc" is not valid'),
        ("replay", "lock_step:=true player:=ros2", "argument lock_step: expected false with player:=ros2"),
        (
            "replay",
            "namespace:=robot image:=/rgb",
            "argument image: expected a relative name with a namespace",
        ),
        ("replay", "", "missing required argument 'bag'"),
        ("train", "", "missing required argument 'out'"),
        ("train", "source:=films", 'Argument "source" provided value "films" is not valid'),
        ("evaluate", "bags:=nowhere", "argument bags: expected a folder or a file, nothing is at 'nowhere'"),
        ("train", "config:=nowhere.yaml", "argument config: expected a file, got 'nowhere.yaml'"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_starts(file: str, argument: str, says: str) -> None:
    arguments = argument.split()
    if file == "replay" and argument and not argument.startswith("bag"):
        arguments.append("bag:=.")
    if file == "train" and argument:
        arguments.append("out:=.")
    done = subprocess.run(
        ["ros2", "launch", "reobj_ros", f"{file}.launch.py", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert says in (done.stdout + done.stderr).replace("\n", " ")
    assert "process started" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "name"),
    [("live", "composed"), ("replay", "composed"), ("train", "config"), ("evaluate", "bags")],
)
def test_the_arguments_are_explained(file: str, name: str) -> None:
    command = ["ros2", "launch", "reobj_ros", f"{file}.launch.py", "--show-args"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    names = re.findall(r"^    '(\w+)':$", done.stdout, re.M)
    assert name in names
    assert len(set(names)) == len(names)
