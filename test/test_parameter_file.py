"""config/parameters.yaml has every parameter of every node, and the nodes take it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

import rclpy

from reobj_ros.association_node import AssociationNode
from reobj_ros.detector_node import DetectorNode
from reobj_ros.encoder_node import EncoderNode
from reobj_ros.live_node import LiveNode
from reobj_ros.node.managed import ManagedNode
from reobj_ros.record_node import RecordNode
from reobj_ros.replay_node import ReplayNode
from reobj_ros.trainer_node import TrainerNode

ROOT = Path(__file__).parent.parent
FILE = ROOT / "config/parameters.yaml"
NODES = (LiveNode, DetectorNode, EncoderNode, AssociationNode, ReplayNode, RecordNode, TrainerNode)


def test_it_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/parameter_file.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run python tools/parameter_file.py"


@pytest.mark.parametrize("kind", NODES, ids=lambda kind: kind.__name__)
def test_a_node_takes_it_and_it_has_all_of_its_parameters(kind: type[ManagedNode]) -> None:
    rclpy.init(args=["--ros-args", "--params-file", str(FILE)], domain_id=95)
    node = kind()
    try:
        sections = yaml.safe_load(FILE.read_text())
        own = sections.get(f"/**/{node.get_name()}") or sections["/**"]
        values = node.own_parameters.values
        assert set(values) <= set(own["ros__parameters"])
        assert values == {name: own["ros__parameters"][name] for name in values}
        assert node.own_parameters.misspelt() == {}  # what is for other nodes, too
    finally:
        node.destroy_node()
        rclpy.shutdown()
