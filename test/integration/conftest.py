"""A short bag, nodes as processes of their own on a DDS domain of their own, and a node to talk to them."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile

from reobj.live_run import NodeProcesses
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate

FRAMES = 20
# The parts of the test run that pytest-xdist starts get domains apart from each other.
DOMAINS = itertools.cycle(range(1 + 10 * (os.getpid() % 10), 10 + 10 * (os.getpid() % 10)))

LABEL_IMAGE = {"reliability": "reliable", "device": "cpu", "detector.name": "label_image"}


@pytest.fixture(scope="session")
def short_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    scan = simulate(folder / "scene0007_00", seed=7, frames=FRAMES, size=(160, 120), workers=1)
    scan_to_bag(ScanNetScan(scan), folder / "bag")
    return folder / "bag"


@pytest.fixture
def domain() -> int:
    return next(DOMAINS)


@pytest.fixture
def nodes(tmp_path: Path, domain: int) -> Iterator[NodeProcesses]:
    with NodeProcesses(tmp_path / "log", domain) as processes:
        yield processes


class Probe:
    """A node in the test's own process that hears and says."""

    def __init__(self, domain: int) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("probe", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def hear(self, message_type: Any, topic: str, qos: QoSProfile | int = 50) -> list[Any]:
        """A list that fills with the messages of a topic."""
        heard: list[Any] = []
        self.node.create_subscription(message_type, topic, heard.append, qos)
        return heard

    def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
        """Spins until the condition holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._executor.spin_once(timeout_sec=0.05)
        return True

    def close(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def probe(domain: int) -> Iterator[Probe]:
    made = Probe(domain)
    yield made
    made.close()
