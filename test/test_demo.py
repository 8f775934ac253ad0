"""The parts of the demo; the whole is run by `make demo` and, over DDS, by test/integration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reobj.demo import in_step, true_objects
from reobj.live_run import LiveRunError, NodeProcesses
from reobj.types import Embeddings, FrameResult, Instances, ModelId


def result(stamp_ns: int) -> FrameResult:
    nothing = Embeddings(np.zeros((0, 1), np.float32), ModelId("m", "h", 1))
    return FrameResult(stamp_ns, "camera", Instances.empty(2, 2), nothing, ())


def test_results_are_taken_in_step_with_the_frames() -> None:
    take = in_step(result(stamp) for stamp in (10, 30, 40))
    found = [take(stamp) for stamp in (10, 20, 30, 40, 50)]
    assert [item and item.stamp_ns for item in found] == [10, None, 30, 40, None]


def test_true_objects_come_from_the_scene(tmp_path: Path) -> None:
    scene = {"objects": [{"id": 4, "label": "cup", "centre": [1, 2, 0.8], "extent": [0.1, 0.1, 0.1]}]}
    (tmp_path / "scene.json").write_text(json.dumps(scene))
    (item,) = true_objects(tmp_path)
    assert (item.object_id, item.label, item.position.tolist()) == (4, "cup", [1, 2, 0.8])


def test_a_node_that_fails_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2")
    with NodeProcesses(tmp_path, domain_id=3) as nodes:
        nodes.start("replay_node", {"bag": "nowhere"})
        with pytest.raises(LiveRunError, match=r"replay_node ended with code 1; its last lines:\n.*nowhere"):
            nodes.wait("replay_node", timeout_s=60)


def test_without_rclpy_the_error_names_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LiveRunError, match=r"expected the package rclpy, got none; run `make setup`"):
        NodeProcesses(tmp_path)
