from __future__ import annotations

from pathlib import Path

import pytest

from reobj.commands.scan import parse_seeds
from reobj.errors import InputError
from reobj.scans.opening import open_source
from reobj.scans.simulator.rooms import RoomSettings, simulate_rooms

TINY = RoomSettings(frames=2, size=(64, 48))


def test_each_seed_gives_a_scan(tmp_path: Path) -> None:
    folders = simulate_rooms(tmp_path, [3, 4], TINY, workers=2)
    assert [folder.name for folder in folders] == ["scene0003_00", "scene0004_00"]
    assert [len(open_source(folder)) for folder in folders] == [2, 2]


def test_finished_rooms_are_kept(tmp_path: Path) -> None:
    (folder,) = simulate_rooms(tmp_path, [3], TINY, workers=1)
    before = (folder / "scene.json").stat().st_mtime_ns
    seen: list[tuple[int, int | None]] = []
    simulate_rooms(tmp_path, [3], TINY, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert (folder / "scene.json").stat().st_mtime_ns == before
    assert seen == [(1, 1)]


def test_a_seed_is_a_scene_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seeds: expected 0 to 9999, got 10000"):
        simulate_rooms(tmp_path, [1, 10000], TINY)
    assert not list(tmp_path.iterdir())


def test_seeds_are_a_range_with_both_ends() -> None:
    assert list(parse_seeds("7-9")) == [7, 8, 9]
    assert list(parse_seeds("7")) == [7]


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "5-4", "1-2-3"])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--seeds"):
        parse_seeds(text)
