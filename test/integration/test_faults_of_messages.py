"""What a bad camera and a bad network do: the node goes on, says what was lost, and ids stay.

One live_node, on a simulated clock, goes through all of it; each test leaves it as it found it.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from faulty_camera import FaultyCamera
from identities import names
from processes import LABEL_IMAGE, Probe, memory_mb

from reobj.live_run import NodeProcesses
from reobj.scans.bag_faults import Faults
from reobj_ros.messages.stamps import SECOND_NS

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]

# In lock-step nothing later says that a message is lost, so each loss costs the whole wait.
SETTINGS = LABEL_IMAGE | {"use_sim_time": True, "sync_wait": 0.3}

CONFUSED = 0.02
"""The share of answers that may be wrong where frames lack depth or poses; none of the pictures is."""


@dataclass
class Robot:
    """A camera, the node, and which object each true object was said to be before anything went wrong."""

    camera: FaultyCamera
    nodes: NodeProcesses
    process: subprocess.Popen[bytes]
    known: dict[int, int]

    def log(self) -> str:
        return self.nodes.log("live_node").read_text()

    def says(self, text: str) -> bool:
        return text in self.log()

    def is_well(self) -> bool:
        return self.process.poll() is None and "Traceback" not in self.log()

    def memory_mb(self) -> float:
        return memory_mb(self.process.pid)


@pytest.fixture(scope="module")
def robot(
    tmp_path_factory: pytest.TempPathFactory, new_domain: Callable[[], int], short_bag: Path
) -> Iterator[Robot]:
    domain = new_domain()
    probe = Probe(domain)
    with NodeProcesses(tmp_path_factory.mktemp("log"), domain) as nodes:
        process = nodes.start("live_node", SETTINGS)
        camera = FaultyCamera(probe, short_bag)
        assert probe.until(camera.is_heard)
        camera.show()
        yield Robot(camera, nodes, process, names(camera.show(rounds=2)))
    probe.close()


def wrong_share(seen: Mapping[int, Counter[int]], known: Mapping[int, int]) -> float:
    """The share of answers that called an object by another id than before."""
    answers = sum(sum(counts.values()) for counts in seen.values())
    right = sum(counts[known.get(true_id, 0)] for true_id, counts in seen.items())
    return 1 - right / answers


def test_with_three_of_ten_messages_lost_ids_stay_and_every_image_is_accounted_for(robot: Robot) -> None:
    camera = robot.camera
    before, unanswered, warned = camera.counted(), camera.unanswered, camera.levels[DiagnosticStatus.WARN]
    seen = camera.show(Faults(drop=0.3), rounds=4)
    after, lost = camera.counted(), camera.unanswered - unanswered
    assert lost > 0  # images whose true masks were lost; of lost images nobody knows
    assert after["dropped"] - before["dropped"] == lost
    assert camera.levels[DiagnosticStatus.WARN] > warned
    assert wrong_share(seen, robot.known) <= CONFUSED
    assert names(seen) == robot.known
    assert robot.is_well()


def test_depth_that_comes_half_a_second_late_is_left_out_and_named(robot: Robot) -> None:
    camera = robot.camera
    for _ in range(40):  # it looks every few seconds
        seen = camera.show(Faults(late_topic="/depth"))
        assert wrong_share(seen, robot.known) <= CONFUSED
        if robot.says("/depth/compressedDepth: frames go without it"):
            break
    assert robot.says("/depth/compressedDepth: frames go without it, as none of its stamps fits")
    assert robot.says("raise sync_wait (0.3 s) if it only comes later")
    assert robot.is_well()


def test_of_two_frames_in_the_wrong_order_the_late_one_is_answered_with_nothing(robot: Robot) -> None:
    camera = robot.camera
    before = len(camera.answers)
    seen = camera.show(Faults(swap_every=7), rounds=2)
    assert any(not answer.objects for answer in camera.answers[before:])
    assert wrong_share(seen, robot.known) <= CONFUSED
    assert robot.says("is left out: it came after a later one")
    assert robot.is_well()


def test_damaged_images_are_counted_and_named_and_the_next_ones_are_answered(robot: Robot) -> None:
    camera = robot.camera
    before, unanswered = camera.counted(), camera.unanswered
    for _ in range(20):  # the next image may overtake a damaged one
        seen = camera.show(Faults(damage_every=10), rounds=3)
        assert wrong_share(seen, robot.known) <= CONFUSED
        if robot.says("frame skipped: compressed image: expected a whole image"):
            break
    assert robot.says("frame skipped: compressed image: expected a whole image")
    after, damaged = camera.counted(), camera.unanswered - unanswered
    assert damaged >= 6
    assert after["failed"] > before["failed"]
    assert sum(after[n] - before[n] for n in ("failed", "dropped")) == damaged
    assert robot.is_well()


def test_a_clock_that_jumps_back_by_an_hour_ends_tracks_and_keeps_ids(robot: Robot) -> None:
    camera = robot.camera
    camera.show()
    camera.now_ns -= 3600 * SECOND_NS
    reports = len(camera.reports)
    assert names(camera.show(rounds=2)) == robot.known
    assert robot.says("tracks end, the map stays")
    assert camera.counted()
    assert len(camera.reports) > reports  # its timers go on
    assert robot.is_well()


def test_memory_stays_flat_while_a_faulty_bag_plays_again_and_again(robot: Robot) -> None:
    """A frame is 170 kB of image, depth and masks: if each of 300 were kept, it would be 51 MB more."""
    everything = Faults(drop=0.02, swap_every=9, damage_every=20)
    robot.camera.show(everything, rounds=5)
    before = robot.memory_mb()
    robot.camera.show(everything, rounds=15)
    assert robot.memory_mb() - before < 20
    assert robot.is_well()
