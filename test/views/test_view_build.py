"""Whole builds: what they give, what they skip, and how they go on after a kill."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from view_room import make_frame, make_truth, write_scan

from reobj.errors import ConfigError, InputError, StorageError, ViewsError
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan
from reobj.views.build import ViewBuildConfig, build_views
from reobj.views.counts import ClassCount
from reobj.views.index import read_index
from reobj.views.recordings import fingerprint
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings
from reobj.views.store import ViewStore

Scan = Callable[..., Path]
FilesOf = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def config(settings: ViewSettings) -> ViewBuildConfig:
    return ViewBuildConfig(settings, device="cpu")


def test_every_object_of_every_frame_becomes_a_view(
    scan: Scan, tmp_path: Path, config: ViewBuildConfig
) -> None:
    report = build_views([scan("scene0001_00"), scan("scene0002_00", 2)], tmp_path / "out", config, workers=1)
    assert report.counts == {"chair": ClassCount(10, 10, 4), "cup": ClassCount(5, 5, 2)}
    assert [(s.scene, s.views, s.frames) for s in report.scenes] == [
        ("scene0001_00", 9, 3),
        ("scene0002_00", 6, 2),
    ]
    table = ViewStore(tmp_path / "out").table
    assert table.frames.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1, 1, 1]
    assert table.stamps_ns[3] == 40_000_000
    assert table.poses[3, 0, 3] == pytest.approx(1)


def test_every_so_many_frames(scan: Scan, tmp_path: Path, config: ViewBuildConfig) -> None:
    settings = dataclasses.replace(config.settings, every=2)
    build_views([scan("scene0001_00")], tmp_path / "out", ViewBuildConfig(settings), workers=1)
    assert np.unique(ViewStore(tmp_path / "out").table.frames).tolist() == [0, 2]


def test_a_bag_gives_the_views_of_its_scan(scan: Scan, tmp_path: Path, config: ViewBuildConfig) -> None:
    folder, bag = scan("scene0001_00"), tmp_path / "bag"
    scan_to_bag(ScanNetScan(folder), bag, raw=True)
    build_views([folder], tmp_path / "a", config, workers=1)
    build_views([bag], tmp_path / "b", config, workers=1)
    a, b = ViewStore(tmp_path / "a"), ViewStore(tmp_path / "b")
    for column in ("instances", "labels", "frames", "boxes", "regions"):
        np.testing.assert_array_equal(getattr(a.table, column), getattr(b.table, column))
    np.testing.assert_allclose(a.table.directions, b.table.directions, atol=1e-5)
    np.testing.assert_array_equal(a.read(4).mask, b.read(4).mask)


def test_two_processes_write_what_one_does(
    scan: Scan, tmp_path: Path, config: ViewBuildConfig, files_of: FilesOf
) -> None:
    scans = [scan("scene0001_00"), scan("scene0002_00", 2)]
    done: list[tuple[int, int]] = []
    build_views(scans, tmp_path / "a", config, workers=1)
    build_views(scans, tmp_path / "b", config, workers=2, progress=lambda *now: done.append(now))
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert done == [(1, 2), (2, 2)]


def test_a_damaged_scan_is_skipped_and_named(scan: Scan, tmp_path: Path, config: ViewBuildConfig) -> None:
    good, cut, bare = scan("scene0001_00"), scan("scene0002_00"), scan("scene0003_00")
    sens = cut / "scene0002_00.sens"
    sens.write_bytes(sens.read_bytes()[: sens.stat().st_size * 2 // 3])
    (bare / "scene0003_00_2d-instance-filt.zip").unlink()
    out = tmp_path / "out"
    report = build_views([cut, good, bare, tmp_path / "nowhere"], out, config, workers=1)
    reasons = {scene.scene: scene.reason for scene in report.skipped}
    assert list(reasons) == ["scene0002_00", "scene0003_00", "nowhere"]
    assert "cut off" in reasons["scene0002_00"] and "expected true instances" in reasons["scene0003_00"]
    assert report.views == len(ViewStore(out)) == 9
    assert read_index(out).skipped == reasons
    assert sorted(p.name for p in (out / "shards").iterdir()) == ["scene0001_00.npz", "scene0001_00.tar"]


def test_nothing_but_damage_is_an_error(tmp_path: Path, config: ViewBuildConfig) -> None:
    with pytest.raises(ViewsError, match="none of 1 recordings gave views; the first: "):
        build_views([tmp_path / "nowhere"], tmp_path / "out", config)
    assert not (tmp_path / "out").exists()


def test_what_is_finished_is_kept(
    scan: Scan, tmp_path: Path, config: ViewBuildConfig, files_of: FilesOf
) -> None:
    scans, out = [scan("scene0001_00"), scan("scene0002_00")], tmp_path / "out"
    first = build_views(scans[:1], out, config, workers=1)
    tar = out / "shards" / "scene0001_00.tar"
    written = tar.stat().st_mtime_ns
    second = build_views(scans, out, config, workers=1)
    assert [scene.kept for scene in second.scenes] == [True, False]
    assert tar.stat().st_mtime_ns == written
    assert second.scenes[0].counts == first.scenes[0].counts
    build_views(scans, tmp_path / "fresh", config, workers=1)
    assert files_of(out) == files_of(tmp_path / "fresh")


def test_other_settings_or_another_recording_are_built_anew(
    scan: Scan, tmp_path: Path, config: ViewBuildConfig
) -> None:
    folder, out = scan("scene0001_00"), tmp_path / "out"
    build_views([folder], out, config, workers=1)
    every = ViewBuildConfig(dataclasses.replace(config.settings, every=3))
    assert build_views([folder], out, every, workers=1).views == 3
    write_scan(folder, frames=4)
    assert build_views([folder], out, every, workers=1).views == 6


@pytest.mark.parametrize("spoil", ["table", "tar", "leftover"])
def test_a_damaged_shard_is_built_anew(
    spoil: str, scan: Scan, tmp_path: Path, config: ViewBuildConfig, files_of: FilesOf
) -> None:
    folder, out = scan("scene0001_00"), tmp_path / "out"
    build_views([folder], out, config, workers=1)
    before, shards = files_of(out), out / "shards"
    if spoil == "table":
        (shards / "scene0001_00.npz").write_bytes(b"junk")
    elif spoil == "tar":
        (shards / "scene0001_00.tar").write_bytes(b"junk")
    else:  # a build that was killed while it wrote
        (shards / "scene0001_00.npz").unlink()
        (shards / ".scene0001_00.tar.0a1b2c3d.part").write_bytes(b"half")
    build_views([folder], out, config, workers=1)
    assert files_of(out) == before


def test_what_another_scene_is_writing_stays(tmp_path: Path, settings: ViewSettings) -> None:
    longer = SceneViews(tmp_path, "room.v2", settings)
    SceneViews(tmp_path, "room", settings).abort()
    assert len(list((tmp_path / "shards").glob(".room.v2.tar.*.part"))) == 1
    longer.abort()


def test_files_of_a_recording_are_not_those_of_one_whose_name_goes_on(tmp_path: Path) -> None:
    (tmp_path / "walk1.sens").write_bytes(b"123")
    (tmp_path / "walk1_vh_clean.aggregation.json").write_bytes(b"45")
    (tmp_path / "walk10.sens").write_bytes(b"6789")
    assert fingerprint(tmp_path / "walk1.sens") == {"bytes": 5}


KILLED = """
import os, signal, sys
from pathlib import Path
from reobj.views.build import ViewBuildConfig, build_views
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings

def die(self, views, add=SceneViews.add_views):
    if self._scene == "scene0002_00" and self._frames == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return add(self, views)

SceneViews.add_views = die
*scans, out = map(Path, sys.argv[1:])
build_views(scans, out, ViewBuildConfig(ViewSettings(min_side=4)), workers=1)
"""


def test_a_killed_build_goes_on_to_the_same_bytes(
    scan: Scan, tmp_path: Path, config: ViewBuildConfig, files_of: FilesOf
) -> None:
    scans, out = [scan("scene0001_00"), scan("scene0002_00")], tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, *scans, out], timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "views.json").exists() and list((out / "shards").glob(".*.part"))
    report = build_views(scans, out, config, workers=1)
    assert [scene.kept for scene in report.scenes] == [True, False]
    build_views(scans, tmp_path / "whole", config, workers=1)
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_detector_s_valid_detections_become_views(
    scan: Scan, tmp_path: Path, config: ViewBuildConfig
) -> None:
    """The label-image detector leaves out the cup, which is too small for it, and finds chairs exactly."""
    section = {"name": "label_image", "min_area": 0.01}
    detected = ViewBuildConfig(dataclasses.replace(config.settings, detector=section), device="cpu")
    report = build_views([scan("scene0001_00")], tmp_path / "out", detected, workers=1)
    assert report.counts == {"chair": ClassCount(6, 6, 2)}
    store = ViewStore(tmp_path / "out")
    assert sorted(store.table.instances.tolist()) == [1, 1, 1, 2, 2, 2]
    assert store.table.overlaps.tolist() == [1] * 6
    assert store.settings.detector["seed"] == 0  # type: ignore[index]
    first = store.read(int(np.flatnonzero(store.table.instances == 1)[0]))
    assert first.mask.sum() == 16 * 24


@pytest.mark.parametrize(
    ("section", "says"),
    [({"name": "nonsense"}, "detector.name"), ({"name": "label_image", "colour": 1}, "detector.colour")],
)
def test_an_unknown_detector_or_option_is_named(
    section: dict[str, object], says: str, scan: Scan, tmp_path: Path
) -> None:
    config = ViewBuildConfig(ViewSettings(detector=section))
    with pytest.raises(ConfigError, match=says):
        build_views([scan("scene0001_00")], tmp_path / "out", config)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_scans_stands_for_them(scan: Scan, tmp_path: Path, config: ViewBuildConfig) -> None:
    folder = scan("scene0002_00", 1).parent
    scan("scene0001_00", 1)
    report = build_views([folder], tmp_path / "out", config, workers=1)
    assert [scene.scene for scene in report.scenes] == ["scene0001_00", "scene0002_00"]


def test_two_recordings_of_one_name_are_refused(scan: Scan, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected different names, got scene0001_00 twice"):
        build_views([scan("scene0001_00"), tmp_path / "other" / "scene0001_00"], tmp_path / "out")


def test_a_recording_is_never_taken_for_the_folder_of_views(scan: Scan) -> None:
    first, second = scan("scene0001_00", 1), scan("scene0002_00", 1)
    with pytest.raises(InputError, match="expected a new folder or one of views, got a recording"):
        build_views([first], second)


def test_a_refused_write_ends_the_build(scan: Scan, tmp_path: Path, config: ViewBuildConfig) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        build_views([scan("scene0001_00", 1)], tmp_path / "file" / "out", config, workers=1)


def test_a_scene_that_is_given_up_leaves_nothing(tmp_path: Path, settings: ViewSettings) -> None:
    gathered = SceneViews(tmp_path, "a", settings)
    assert gathered.add(0, make_frame(), None, make_truth()) == 3
    gathered.abort()
    assert not list((tmp_path / "shards").iterdir())


def test_truth_of_another_size_is_refused_and_the_scene_goes_on(
    tmp_path: Path, settings: ViewSettings
) -> None:
    gathered = SceneViews(tmp_path, "a", settings)
    with pytest.raises(InputError, match="expected 80x60 pixels as their image, got 20x10"):
        gathered.add(0, make_frame(), None, make_truth({}, 10, 20))
    gathered.add(1, make_frame(), None, make_truth())
    assert gathered.close().views == 3


@pytest.mark.parametrize(
    ("setting", "value"),
    [("max_side", 0), ("min_side", 0), ("every", 0), ("quality", 101), ("min_iou", 1.0)],
)
def test_settings_out_of_range_are_named(setting: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{setting}: expected"):
        ViewSettings(**{setting: value})  # type: ignore[arg-type]


def test_settings_survive_json() -> None:
    settings = ViewSettings(every=3, exclude=("wall",), detector={"name": "mask_rcnn"})
    assert ViewSettings.from_mapping(json.loads(json.dumps(settings.mapping())), "settings") == settings
