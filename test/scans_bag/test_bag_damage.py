"""A damaged bag gives frames or a BagError, and nothing else, wherever the damage is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reobj.errors import BagError
from reobj.scans.bag_reader import BagScan
from reobj.scans.bag_writer import scan_to_bag

MakeScan = Callable[..., Any]


@pytest.fixture(scope="module", params=["mcap", "sqlite3"])
def file(request: pytest.FixtureRequest, tmp_path_factory: Any, make_scan: MakeScan) -> Path:
    """The storage file of a small bag, alone."""
    bag = tmp_path_factory.mktemp("bags") / "walk"
    scan_to_bag(make_scan(2), bag, storage=request.param)
    return next(entry for entry in bag.iterdir() if entry.suffix != ".yaml")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), new=st.binary(min_size=1, max_size=9))
def test_overwritten_bytes(file: Path, tmp_path: Path, where: float, new: bytes) -> None:
    data = bytearray(file.read_bytes())
    at = int(where * len(data))
    data[at : at + len(new)] = new
    damaged = tmp_path / file.name
    damaged.write_bytes(data)
    try:
        frames = list(BagScan(damaged))
    except BagError:
        return
    assert len(frames) <= 2
