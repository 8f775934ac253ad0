"""Nodes die by kill -9 while a bag plays and are started again: the others go on, and ids stay."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from identities import TrueObjects, names
from processes import FRAMES, LABEL_IMAGE, Probe, shared_memory

from reobj.live_run import NodeProcesses
from reobj_msgs.msg import MapObject, ObjectMap, TrackedObjects
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(1200)]

STAGES = ["detector_node", "encoder_node", "association_node"]


class Robot:
    """Nodes with a map file while a bag plays in a loop; a frame without an answer costs it half a second."""

    def __init__(
        self, nodes: NodeProcesses, probe: Probe, bag: Path, folder: Path, stages: list[str]
    ) -> None:
        self._nodes, self._probe = nodes, probe
        self._true = TrueObjects(bag)
        self._answers = probe.hear(TrackedObjects, "/objects")
        self._maps = probe.hear(ObjectMap, "/object_map", LATCHED)
        self._settings: dict[str, dict[str, Any]] = {
            stage: LABEL_IMAGE | {"sync_wait": 0.5} for stage in stages
        }
        self._settings[stages[-1]]["map_file"] = str(folder / "room.map")
        waits = {"subscribers": min(len(stages), 2), "settle": 2.0, "step_timeout": 0.5}
        self._settings["replay_node"] = {"bag": str(bag), "lock_step": True, "loop": True} | waits
        self.running = {name: nodes.start(name, given) for name, given in self._settings.items()}

    def names_after(self, rounds: int) -> dict[int, int]:
        """Object id by true object in the last of so many rounds of the bag from now on."""
        self._answers.clear()
        assert self._probe.until(lambda: len(self._answers) >= rounds * FRAMES, timeout_s=240)
        return names(self._true.seen_as(self._answers[(rounds - 1) * FRAMES :]))

    def living(self) -> set[int]:
        """Ids in the last map."""
        return {item.object_id for item in self._maps[-1].objects if item.state != MapObject.RETIRED}

    def kill(self, name: str) -> set[Path]:
        """As a crash or the kernel does, and start it again. Gives the shared memory that it had."""
        left_behind = shared_memory(self.running[name].pid)
        self.running[name].kill()
        assert self.running[name].wait(20) == -signal.SIGKILL
        self.running[name] = self._nodes.start(name, self._settings[name])
        return left_behind

    def is_well(self) -> bool:
        """All nodes run, and none has said anything of an error."""
        logs = [self._nodes.log(name).read_text() for name in self.running]
        return all(p.poll() is None for p in self.running.values()) and not any(
            "Traceback" in log for log in logs
        )


@pytest.fixture
def left_behind() -> Iterator[set[Path]]:
    """What killed nodes leave in shared memory; removed when all others have ended, too."""
    segments: set[Path] = set()
    yield segments
    for segment in segments:
        for file in (segment, segment.with_name(f"{segment.name}_el")):
            file.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("stages", "killed"),
    [(["live_node"], ["live_node", "replay_node"]), (STAGES, STAGES)],
    ids=["composed", "separate"],
)
def test_each_node_in_turn_is_killed_and_started_again_and_no_id_changes(
    left_behind: set[Path],
    nodes: NodeProcesses,
    short_bag: Path,
    probe: Probe,
    tmp_path: Path,
    stages: list[str],
    killed: list[str],
) -> None:
    robot = Robot(nodes, probe, short_bag, tmp_path, stages)
    before = robot.names_after(rounds=3)
    assert len(before) >= 5
    for name in killed:
        left_behind |= robot.kill(name)
        after = robot.names_after(rounds=2)
        assert after == before, name
        assert robot.living() >= set(before.values())
        assert robot.is_well()
