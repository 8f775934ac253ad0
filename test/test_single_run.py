"""``reobj run``: what is kept between two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from reobj.association.store.reading import read_map
from reobj.errors import MapFileError
from reobj.scans.simulator.simulate import simulate
from reobj.single_run import RunConfig, run_recording


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan") / "scene0007_00"
    return simulate(folder, 7, 12, (320, 240), workers=1)


def test_a_second_run_goes_on_with_the_map_of_the_first(scan: Path, tmp_path: Path) -> None:
    config = RunConfig(scan, tmp_path, device="cpu", map_file=tmp_path / "room.map")
    first = run_recording(config)
    before = read_map(config.map_file)
    assert 0 < first.objects == len(before.living())
    assert run_recording(config).objects == first.objects
    after = read_map(config.map_file)
    assert after.objects.object_ids.tolist() == before.objects.object_ids.tolist()
    assert len(after.visits) == 2 * len(before.visits)


def test_a_damaged_map_ends_the_run_before_it_begins_and_stays_as_it_is(scan: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "room.map"
    damaged.write_bytes(b"not a map")
    with pytest.raises(MapFileError):
        run_recording(RunConfig(scan, tmp_path / "out", device="cpu", map_file=damaged))
    assert damaged.read_bytes() == b"not a map"
    assert not (tmp_path / "out").exists()
