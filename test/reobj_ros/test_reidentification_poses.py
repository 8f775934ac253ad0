"""Both poses of a re-identification are those that the camera had at the two moments, in a simulated bag."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

from numpy.typing import NDArray

from reobj.config import PipelineConfig, build_pipeline
from reobj.detection.truth import TruthBuffer
from reobj.offline import Run, run_offline
from reobj.scans.bag_reader import BagScan
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.message_poses import pose_to_matrix
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate
from reobj.types import EventKind
from reobj_msgs.msg import ObjectEvent
from reobj_ros.messages.conversions import event_message
from reobj_ros.messages.stamps import to_ns

Poses = dict[int, NDArray[np.float64]]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[ObjectEvent], Poses]:
    """What came back on half a minute of walking, and where the bag has the camera at each stamp."""
    folder = tmp_path_factory.mktemp("walk")
    scan = simulate(folder / "scene0007_00", seed=7, frames=60, size=(96, 72), fps=2.0, workers=1)
    scan_to_bag(ScanNetScan(scan), folder / "bag")
    truth, poses, events = TruthBuffer(), {}, []
    run = Run(build_pipeline(PipelineConfig(), "cpu", truth))
    for moment in run_offline(BagScan(folder / "bag"), {"run": run}, truth):
        assert moment.frame.pose is not None
        poses[moment.frame.stamp_ns] = moment.frame.pose
        events += [event_message(event, "camera") for event in moment.results["run"].events]
    return [event for event in events if event.kind == EventKind.REIDENTIFIED], poses


def test_pose_now_is_where_the_camera_is_at_the_stamp(walk: tuple[list[ObjectEvent], Poses]) -> None:
    events, poses = walk
    assert len(events) >= 5 and all(event.has_poses for event in events)
    for event in events:
        expected = poses[to_ns(event.header.stamp)]
        np.testing.assert_allclose(pose_to_matrix(event.pose_now), expected, atol=1e-9)


def test_pose_then_is_where_the_camera_was_before_the_absence(
    walk: tuple[list[ObjectEvent], Poses],
) -> None:
    events, poses = walk
    for event in events:
        expected = poses[to_ns(event.header.stamp) - to_ns(event.absence)]
        np.testing.assert_allclose(pose_to_matrix(event.pose_then), expected, atol=1e-9)
    apart = [
        np.linalg.norm(pose_to_matrix(event.pose_then)[:3, 3] - pose_to_matrix(event.pose_now)[:3, 3])
        for event in events
    ]
    assert max(apart) > 1.0  # metres: it came from elsewhere
