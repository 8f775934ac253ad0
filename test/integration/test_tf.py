"""Poses from tf: the same identities and places as with the pose topic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tf2_ros", reason="tf2 comes with a ROS 2 installation; see docs/testing.md")
pytest.importorskip("tf2_msgs", reason="tf2 comes with a ROS 2 installation; see docs/testing.md")

from processes import LABEL_IMAGE, LOCK_STEP

from reobj.evaluation.published import read_results
from reobj.live_run import NodeProcesses
from reobj.types import FrameResult

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]


def run(nodes: NodeProcesses, bag: Path, results: Path, pose_source: str) -> list[FrameResult]:
    nodes.start("record_node", {"output": str(results)})
    nodes.start("live_node", LABEL_IMAGE | {"pose_source": pose_source, "tf_wait": 2.0})
    nodes.start("replay_node", {"bag": str(bag), **LOCK_STEP})
    nodes.wait("replay_node", timeout_s=240)
    assert nodes.stop("live_node") == 0
    assert nodes.stop("record_node") == 0
    return list(read_results(results))


def placed(result: FrameResult) -> dict[int, tuple[int, np.ndarray]]:
    """Object id and position of each object that has one, by its track."""
    return {
        item.track_id: (item.object_id, item.position) for item in result.objects if item.position is not None
    }


def test_tf_gives_the_ids_and_positions_that_the_pose_topic_gives(
    nodes: NodeProcesses, short_bag: Path, tmp_path: Path
) -> None:
    by_topic = run(nodes, short_bag, tmp_path / "topic", "topic")
    by_tf = run(nodes, short_bag, tmp_path / "tf", "tf")
    assert len(by_topic) == len(by_tf)
    pairs = [(placed(a), placed(b)) for a, b in zip(by_topic, by_tf, strict=True)]
    assert sum(len(a) for a, _ in pairs) > 50
    for a, b in pairs:
        assert {track: item[0] for track, item in a.items()} == {track: item[0] for track, item in b.items()}
        for track, (_, position) in a.items():
            np.testing.assert_allclose(b[track][1], position, atol=1e-4)
