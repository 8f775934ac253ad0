"""Ctrl-C at any moment, once or more often: the node ends with code 0 and without a traceback."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from processes import LABEL_IMAGE, Probe, shared_memory
from sensor_msgs.msg import CompressedImage

from reobj.live_run import NodeProcesses
from reobj.scans.bag_raw import bag_topics

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]


def handles(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal (Linux, proc(5): SigCgt)."""
    (line,) = (x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("SigCgt"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("delay_s", [0.0, 2.0, 5.0], ids=["at once", "while it imports", "while it is made"])
def test_a_node_that_is_starting_ends_in_order(nodes: NodeProcesses, delay_s: float) -> None:
    process = nodes.start("live_node", LABEL_IMAGE)
    while not handles(process.pid, signal.SIGTERM):  # until then Ctrl-C is between Python and the shell
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "Traceback" not in nodes.log("live_node").read_text()


def test_a_replay_and_a_recorder_end_in_order_and_the_bag_is_whole(
    nodes: NodeProcesses, short_bag: Path, tmp_path: Path, probe: Probe
) -> None:
    images = probe.hear(CompressedImage, "/image/compressed")
    recorder = nodes.start("record_node", {"output": str(tmp_path / "results")})
    replay = nodes.start(
        "replay_node", {"bag": str(short_bag), "rate": 0.01, "subscribers": 0, "settle": 0.0, "loop": True}
    )
    assert probe.until(lambda: bool(images) and probe.node.count_subscribers("/objects") == 1)
    for process in (replay, recorder):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
    assert (replay.wait(60), recorder.wait(60)) == (0, 0)
    for node in ("replay_node", "record_node"):
        assert "Traceback" not in nodes.log(node).read_text()
    assert "replayed" in nodes.log("replay_node").read_text()
    assert {topic.name for topic in bag_topics(tmp_path / "results")} >= {"/objects", "/events"}


def test_an_image_topic_that_the_bag_lacks_is_an_error_that_lists_the_others(
    nodes: NodeProcesses, short_bag: Path
) -> None:
    replay = nodes.start("replay_node", {"bag": str(short_bag), "image_topic": "/camera/color/image_raw"})
    assert replay.wait(120) == 1
    log = nodes.log("replay_node").read_text()
    assert "images on /camera/color/image_raw (parameter image_topic), got" in log
    assert "/camera_info" in log
    assert "Traceback" not in log


def test_a_node_that_ends_gives_its_shared_memory_back(nodes: NodeProcesses, probe: Probe) -> None:
    process = nodes.start("association_node", {})
    assert probe.until(lambda: probe.node.count_publishers("/objects") > 0)
    segments = shared_memory(process.pid)
    if not segments:
        pytest.skip("this middleware has no shared memory")
    assert nodes.stop("association_node") == 0
    assert not [segment for segment in segments if segment.exists()]
