"""train.launch.py: a bag becomes a model, and all ends with it."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")
pytest.importorskip("reobj_msgs", reason="needs a ROS 2 installation; see docs/testing.md")

import launch_testing
from launch_testing.markers import keep_alive
from launched import description, short_bag

OUT = Path(tempfile.mkdtemp(prefix="reobj_launch_test_"))

CONFIG = """
model:
  network: small
  crop_size: 32
  context: {ratio: 2.0, square: true}
  options: {widths: [4, 8], blocks: [1], layout_channels: 2, layout_grid: 2, dim: 12}
sampler: {identities: 4, views: 2, scenes: 1}
budget: {steps: 3, validate_every: 3}
workers: 0
"""


@pytest.mark.launch_test
@keep_alive  # the only process may have ended before the test has seen it
def generate_test_description():
    config = OUT / "tiny.yaml"
    config.write_text(CONFIG)
    arguments = {
        "bags": str(short_bag()),
        "config": str(config),
        "out": str(OUT / "model"),
        "device": "cpu",
        "namespace": "trained",
    }
    return description("train.launch.py", arguments)


class TestTraining(unittest.TestCase):
    def test_the_training_ends_by_itself(self, proc_info) -> None:
        proc_info.assertWaitForShutdown(process="trainer_node", timeout=200.0)


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_there_is_a_model_and_the_node_ended_in_order(self, proc_info) -> None:
        assert (OUT / "model/model.safetensors").is_file()
        launch_testing.asserts.assertExitCodes(proc_info)
