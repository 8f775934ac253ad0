"""Reading back what was stored, and refusing what is not a folder of views."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from view_room import make_frame, make_truth, write_views

from reobj.errors import InputError, ViewsError
from reobj.views.settings import ViewSettings
from reobj.views.shard import read_shard
from reobj.views.store import ViewStore


def test_a_view_is_read_back(views_folder: Path) -> None:
    store = ViewStore(views_folder)
    row = 4  # scene a, frame 1, instance 2: the chair in the corner
    view, (x0, y0, x1, y1) = store.read(row), store.table.regions[row].astype(int)
    assert (view.box.tolist(), view.frame_size) == ([60, 30, 80, 60], (80, 60))
    np.testing.assert_array_equal(view.mask, make_truth().ids[y0:y1, x0:x1] == 2)
    assert np.abs(view.colour.astype(int) - make_frame(1).colour[y0:y1, x0:x1]).mean() < 4


def test_the_table_says_what_every_view_is(views_folder: Path, settings: ViewSettings) -> None:
    store = ViewStore(views_folder)
    assert (len(store), store.settings) == (9, settings)
    assert (store.table.scene_names, store.table.label_names) == (("a", "b"), ("chair", "cup"))
    assert store.table.frames.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert store.table.stamps_ns[3] == 1_000_000
    assert store.table.poses[3, 0, 3] == 1


def test_a_shard_is_a_plain_tar_of_pairs_that_the_table_points_into(views_folder: Path) -> None:
    shards = views_folder / "shards"
    rows, data = read_shard(shards, "b").rows, (shards / "b.tar").read_bytes()
    with tarfile.open(shards / "b.tar") as tar:
        members = tar.getmembers()
        assert [m.name for m in members[:2]] == ["000000_00001.jpg", "000000_00001.png"]
        for row, jpg, png in zip(rows, members[::2], members[1::2], strict=True):
            assert tar.extractfile(jpg).read() == data[row["jpg_at"] :][: row["jpg_bytes"]]  # type: ignore[union-attr]
            assert tar.extractfile(png).read() == data[row["png_at"] :][: row["png_bytes"]]  # type: ignore[union-attr]


def test_several_folders_are_one_store(tmp_path: Path, settings: ViewSettings) -> None:
    folders = [
        write_views(tmp_path / name, settings, {name: frames}) for name, frames in (("a", 1), ("z", 2))
    ]
    store = ViewStore(folders)
    assert store.table.scene_names == ("a", "z") and len(store) == 9
    np.testing.assert_array_equal(store.read(8).mask, ViewStore(folders[1]).read(5).mask)


def test_one_scene_in_two_folders_is_refused(views_folder: Path) -> None:
    with pytest.raises(InputError, match="expected different scenes, got a, b in two"):
        ViewStore([views_folder, views_folder])


def test_folders_of_different_context_are_refused(views_folder: Path, narrow_folder: Path) -> None:
    with pytest.raises(InputError, match="expected one context"):
        ViewStore([views_folder, narrow_folder])


def test_no_folder_is_refused() -> None:
    with pytest.raises(InputError, match="expected at least one folder"):
        ViewStore([])


def test_a_scene_without_views_is_a_scene(tmp_path: Path, settings: ViewSettings) -> None:
    store = ViewStore(write_views(tmp_path, settings, {"empty": 0}))
    assert (len(store), store.table.scene_names) == (0, ("empty",))


@pytest.mark.parametrize("row", [-1, 9])
def test_a_row_that_is_not_there_is_refused(row: int, views_folder: Path) -> None:
    with pytest.raises(InputError, match="expected one of 9 views"):
        ViewStore(views_folder).read(row)


def test_a_copy_in_another_process_reads_the_same(views_folder: Path) -> None:
    store = ViewStore(views_folder)
    copy = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(copy.read(7).colour, store.read(7).colour)


def test_threads_may_share_a_store(views_folder: Path) -> None:
    store = ViewStore(views_folder)
    rows = list(range(9)) * 5
    with ThreadPoolExecutor(4) as pool:
        for row, view in zip(rows, pool.map(store.read, rows), strict=True):
            np.testing.assert_array_equal(view.colour, store.read(row).colour)


def test_another_version_is_refused_with_both(views_folder: Path) -> None:
    index = views_folder / "views.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"version": 2}))
    with pytest.raises(ViewsError, match="expected 'reobj views' version 1, got 'reobj views' version 2"):
        ViewStore(views_folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"format": "reobj views", "version": 1}'])
def test_an_index_that_is_none_is_refused(text: str, views_folder: Path) -> None:
    (views_folder / "views.json").write_text(text)
    with pytest.raises(ViewsError, match=r"views.json: expected the index of a folder of views"):
        ViewStore(views_folder)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ViewsError, match=r"views.json"):
        ViewStore(tmp_path)


def test_an_unknown_setting_is_named(views_folder: Path) -> None:
    index = views_folder / "views.json"
    data = json.loads(index.read_text())
    data["settings"]["colour"] = "red"
    index.write_text(json.dumps(data))
    with pytest.raises(ViewsError, match=r"settings.colour: unknown key"):
        ViewStore(views_folder)


def test_shards_of_an_unfinished_build_are_refused(views_folder: Path, settings: ViewSettings) -> None:
    index = (views_folder / "views.json").read_bytes()
    write_views(views_folder, dataclasses.replace(settings, quality=50), {"b": 1})
    (views_folder / "views.json").write_bytes(index)
    with pytest.raises(ViewsError, match=r"b: expected the settings of views.json, got others"):
        ViewStore(views_folder)


def test_a_cut_off_tar_is_refused_when_opened(views_folder: Path) -> None:
    tar = views_folder / "shards" / "a.tar"
    tar.write_bytes(tar.read_bytes()[:-700])
    with pytest.raises(ViewsError, match=r"a\.tar: expected \d+ bytes, got \d+"):
        ViewStore(views_folder)


def test_a_tar_that_goes_away_is_an_error_of_that_view(views_folder: Path) -> None:
    store = ViewStore(views_folder)
    (views_folder / "shards" / "b.tar").unlink()
    assert store.read(0).mask.any()
    with pytest.raises(ViewsError, match=r"b\.tar, view 8: cannot be read: No such file"):
        store.read(8)


def test_damaged_pixels_are_an_error_of_that_view(views_folder: Path) -> None:
    tar = views_folder / "shards" / "a.tar"
    row = read_shard(tar.parent, "a").rows[1]
    data = bytearray(tar.read_bytes())
    data[row["jpg_at"] : row["jpg_at"] + row["jpg_bytes"]] = bytes(row["jpg_bytes"])
    tar.write_bytes(data)
    store = ViewStore(views_folder)
    assert store.read(0).mask.any()
    with pytest.raises(ViewsError, match=r"a\.tar, view 1: expected a JPEG and a PNG image of one size"):
        store.read(1)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10_000))
def test_a_cut_off_table_is_refused_wherever_it_ends(views_folder: Path, length: int) -> None:
    table = views_folder / "shards" / "a.npz"
    whole = table.read_bytes()
    table.write_bytes(whole[: length % len(whole)])
    try:
        with pytest.raises(ViewsError, match=r"a\.npz"):
            ViewStore(views_folder)
    finally:
        table.write_bytes(whole)


@pytest.mark.parametrize(
    "rows", [np.zeros(3, np.int64), np.array([{"a": 1}], dtype=object), np.zeros((2, 2))]
)
def test_a_table_of_another_kind_is_refused(rows: np.ndarray, views_folder: Path) -> None:
    """An array of Python objects would be unpickled, which executes code: it is refused unread."""
    table = views_folder / "shards" / "a.npz"
    with np.load(table) as data:
        parts = {name: data[name] for name in ("head", "labels")}
    np.savez(table, rows=rows, **parts)
    with pytest.raises(ViewsError, match=r"a\.npz"):
        ViewStore(views_folder)


def test_images_that_no_decoder_takes_are_refused(
    views_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise cv2.error("too large")

    store = ViewStore(views_folder)
    monkeypatch.setattr(cv2, "imdecode", refuse)
    with pytest.raises(ViewsError, match="expected a JPEG and a PNG image"):
        store.read(0)
