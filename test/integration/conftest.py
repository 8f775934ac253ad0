"""A short bag, nodes as processes of their own on a DDS domain of their own, and a node to talk to them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

from processes import FRAMES, Probe

from reobj.live_run import NodeProcesses
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate

# The parts of a test run that pytest-xdist starts get domains apart from each other, as 1..9 and 11..19, and
# those of another run on this machine, as a rule, too.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
TENS = 10 * ((os.getppid() + WORKER) % 10)
DOMAINS = itertools.cycle(range(TENS + 1, TENS + 10))


@pytest.fixture(scope="session")
def short_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    scan = simulate(folder / "scene0007_00", seed=7, frames=FRAMES, size=(160, 120), workers=1)
    scan_to_bag(ScanNetScan(scan), folder / "bag")
    return folder / "bag"


@pytest.fixture(scope="session")
def new_domain() -> Callable[[], int]:
    """For nodes that live longer than a test."""
    return lambda: next(DOMAINS)


@pytest.fixture
def domain(new_domain: Callable[[], int]) -> int:
    return new_domain()


@pytest.fixture
def nodes(tmp_path: Path, domain: int) -> Iterator[NodeProcesses]:
    with NodeProcesses(tmp_path / "log", domain) as processes:
        yield processes


@pytest.fixture
def probe(domain: int) -> Iterator[Probe]:
    made = Probe(domain)
    yield made
    made.close()
