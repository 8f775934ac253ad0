"""replay.launch.py with map:= as a person starts it: all ends with the bag, and the next start goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

from launched import FRAMES, short_bag

from reobj.association.store.reading import read_map
from reobj.association.store.snapshot import MapSnapshot

pytestmark = [
    pytest.mark.skipif(shutil.which("ros2") is None, reason="needs the command ros2, of ros2launch"),
    pytest.mark.ros,
]


def replayed(map_file: Path, code: int = 0) -> str:
    """What the launch file and its nodes say, when it ends with the code."""
    arguments = ["lock_step:=true", "detector:=label_image", "device:=cpu", "namespace:=mapped"]
    done = subprocess.run(
        [
            "ros2",
            "launch",
            "reobj_ros",
            "replay.launch.py",
            f"bag:={short_bag()}",
            f"map:={map_file}",
            *arguments,
        ],
        env=os.environ | {"ROS_DOMAIN_ID": str(os.getpid() % 100 + 1)},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == code
    return done.stdout + done.stderr


def objects_and_visits(content: MapSnapshot) -> tuple[set[int], int]:
    return set(content.objects.object_ids.tolist()), len(content.visits.object_ids)


@pytest.mark.timeout(600)
def test_the_next_start_goes_on_with_the_ids_of_the_map(tmp_path: Path) -> None:
    map_file = tmp_path / "missing folder/room.map"
    said = replayed(map_file)
    assert f"replayed {FRAMES} images" in said
    assert said.count("process has finished cleanly") == 2  # by themselves: replay_node and live_node
    first = read_map(map_file)
    ids, visits = objects_and_visits(first)
    assert ids

    assert f"room.map: {len(ids)} objects" in replayed(map_file)
    second = read_map(map_file)
    ids_then, visits_then = objects_and_visits(second)
    assert (second.uuid, ids_then) == (first.uuid, ids)
    assert visits_then >= visits + len(ids) - 1  # seen again as what they were
    assert list(tmp_path.rglob("*-wal")) == []  # both were closed in order


def test_a_damaged_map_is_one_line_and_ends_all(tmp_path: Path) -> None:
    map_file = tmp_path / "room.map"
    map_file.write_bytes(b"no database at all")
    said = replayed(map_file, code=1)
    assert f"cannot be configured: {map_file}: expected an undamaged object map, got" in said
    assert "Traceback" not in said
    assert "replayed 0 images" in said or "replayed" not in said
    assert map_file.read_bytes() == b"no database at all"
