"""Gathering pictures, and which of them a step sees."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from toy_scenes import LABELS, make_picture, short_config, write_scene_scan, write_scene_scans

from reobj.detector_training.gather import Gathering, Stopped, gather
from reobj.detector_training.pictures import PictureScene, read_scene
from reobj.detector_training.reader import PictureReader, PictureSet
from reobj.errors import InputError, ScanError
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan


def gathered(scans: list[Path], out: Path, every: int = 1) -> tuple[list[PictureScene], dict[str, str]]:
    skipped: dict[str, str] = {}
    return gather(scans, Gathering(out, every, skipped.__setitem__, lambda *_: None)), skipped


def test_a_picture_comes_back_with_its_truth(tmp_path: Path) -> None:
    scan = write_scene_scan(tmp_path / "scene0005_00", 5)
    (scene,), skipped = gathered([scan], tmp_path / "pictures", every=3)
    assert scene.frames == (0, 3) and scene.labels == LABELS and not skipped
    colour, truth = scene.read(3)
    assert np.array_equal(truth.ids, make_picture(503)[1].ids)
    assert np.abs(colour.astype(int) - ScanNetScan(scan).frame(3).colour).mean() < 3
    assert read_scene(scene.folder) == scene


def test_a_bag_gives_the_pictures_of_its_scan(tmp_path: Path) -> None:
    scan = write_scene_scan(tmp_path / "scene0005_00", 5)
    scan_to_bag(ScanNetScan(scan), tmp_path / "bag", raw=True)
    (scene,), _ = gathered([tmp_path / "bag"], tmp_path / "pictures", every=2)
    assert scene.frames == (0, 2)
    assert np.array_equal(scene.read(2)[1].ids, make_picture(502)[1].ids)


def test_a_damaged_recording_is_reported_and_left_out(tmp_path: Path) -> None:
    scans = write_scene_scans(tmp_path / "scans", 2)
    file = next(scans[0].glob("*.sens"))
    file.write_bytes(file.read_bytes()[:3000])
    scenes, skipped = gathered([tmp_path / "scans"], tmp_path / "pictures")
    assert [scene.folder.name for scene in scenes] == ["scene0001_00"]
    assert list(skipped) == ["scene0000_00"] and skipped["scene0000_00"]
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["scene0001_00"]


def test_without_one_good_recording_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one, got none of 1"):
        gathered([tmp_path / "nothing"], tmp_path / "pictures")


def test_pictures_are_kept_for_the_next_run_and_made_anew_for_another_recording(tmp_path: Path) -> None:
    scan, out = write_scene_scan(tmp_path / "scene0000_00", 0), tmp_path / "pictures"
    gathered([scan], out)
    marker = out / "scene0000_00" / "marker"
    marker.touch()
    gathered([scan], out)
    assert marker.exists()
    shutil.rmtree(scan)
    write_scene_scan(scan, 1, frames=2)
    (scene,), _ = gathered([scan], out)
    assert not marker.exists() and scene.frames == (0, 1)


def test_a_stop_keeps_finished_scenes_and_no_half_ones(tmp_path: Path) -> None:
    write_scene_scans(tmp_path / "scans", 2, frames=2)
    answers = iter([False, False, True])
    how = Gathering(tmp_path / "out", 1, lambda *_: None, lambda *_: None, lambda: next(answers))
    with pytest.raises(Stopped):
        gather([tmp_path / "scans"], how)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene0000_00"]


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (scene,), _ = gathered([write_scene_scan(tmp_path / "scene0000_00", 0)], tmp_path / "pictures")
    (scene.folder / "000001.png").write_bytes(b"no image")
    with pytest.raises(ScanError, match=r"000001\.png"):
        scene.read(1)


def pictures_of(frames: int) -> PictureSet:
    return PictureSet([PictureScene(Path("nowhere"), {}, tuple(range(frames)), LABELS)])


def test_every_picture_is_seen_once_before_any_is_seen_again() -> None:
    reader = PictureReader(pictures_of(6), {}, short_config())
    epochs = [np.concatenate([reader.rows(step) for step in range(3 * e, 3 * e + 3)]) for e in range(3)]
    assert all(sorted(epoch.tolist()) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch.tolist()) for epoch in epochs}) == 3


def test_two_devices_share_an_epoch() -> None:
    readers = [PictureReader(pictures_of(8), {}, short_config(), rank, 2) for rank in (0, 1)]
    seen = Counter(row for reader in readers for step in range(2) for row in reader.rows(step).tolist())
    assert seen == Counter(range(8))


def test_a_batch_larger_than_the_set_goes_on_in_the_next_epoch() -> None:
    rows = PictureReader(pictures_of(3), {}, short_config(batch=7)).rows(0)
    assert sorted(Counter(rows.tolist()).values()) == [2, 2, 3]
