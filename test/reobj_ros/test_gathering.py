"""Frames to a folder of views, without a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gathered import CHAIRS, CUPS, detected_second, frame, truth

from reobj.errors import ConfigError, InputError, StorageError
from reobj.types import LabelImage
from reobj.views.index import read_index
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings
from reobj.views.store import ViewStore
from reobj_ros.messages.stamps import SECOND_NS
from reobj_ros.training.gathering import Gatherer


@pytest.fixture
def gatherer(tmp_path: Path) -> Gatherer:
    return Gatherer(tmp_path / "views", ViewSettings())


def test_true_masks_of_all_frames_become_one_scene(gatherer: Gatherer) -> None:
    for stamp in (1, 2, 3):
        gatherer.add(frame(stamp), None, truth())
    assert (gatherer.frames, gatherer.views) == (3, 6)
    table = ViewStore(gatherer.finish()).table
    assert len(table) == 6
    assert table.scene_names == ("recording_000",)
    assert sorted(table.instances.tolist()) == [1, 1, 1, 2, 2, 2]
    assert sorted(set(table.stamps_ns.tolist())) == [SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS]
    np.testing.assert_array_equal(table.boxes[0], [5, 5, 30, 35])


def test_masks_of_a_detector_become_views_with_the_true_id(gatherer: Gatherer) -> None:
    gatherer.add(frame(1), detected_second(), truth())
    table = ViewStore(gatherer.finish()).table
    assert table.instances.tolist() == [2]
    np.testing.assert_array_equal(table.boxes[0], [41, 20, 75, 55])
    assert table.overlaps[0] == pytest.approx(34 / 35)


def test_bags_one_after_another_become_scenes_whose_objects_differ(gatherer: Gatherer) -> None:
    for names in (CHAIRS, CUPS):
        gatherer.add(frame(1), None, truth(names))
    table = ViewStore(gatherer.finish()).table
    assert table.scene_names == ("recording_000", "recording_001")
    assert len(np.unique(table.identities())) == 4


def test_a_looped_bag_gives_its_views_once(gatherer: Gatherer) -> None:
    for stamp in (1, 2, 1, 2):
        gatherer.add(frame(stamp), None, truth())
    assert (gatherer.frames, gatherer.views) == (2, 4)


def test_only_every_so_many_frames_are_taken(tmp_path: Path) -> None:
    gatherer = Gatherer(tmp_path / "views", ViewSettings(every=3))
    for stamp in range(1, 8):
        gatherer.add(frame(stamp), None, truth())
    table = ViewStore(gatherer.finish()).table
    assert sorted(set(table.frames.tolist())) == [0, 3, 6]


def test_a_frame_before_the_label_names_is_refused_and_the_next_is_taken(gatherer: Gatherer) -> None:
    with pytest.raises(InputError, match="label names: expected those of the instances on ground_truth"):
        gatherer.add(frame(1), None, truth({}))
    gatherer.add(frame(2), None, truth())
    assert gatherer.views == 2


def test_a_frame_whose_truth_has_another_size_is_refused_and_the_next_is_taken(gatherer: Gatherer) -> None:
    with pytest.raises(InputError, match="80x60"):
        gatherer.add(frame(1), None, truth(size=(60, 90)))
    gatherer.add(frame(2), None, truth())
    assert gatherer.views == 2


def test_without_views_there_is_nothing_to_finish(gatherer: Gatherer, tmp_path: Path) -> None:
    gatherer.add(frame(1), None, LabelImage(np.zeros((60, 80), np.uint16), CHAIRS))
    with pytest.raises(InputError, match="views from topics: expected at least one, got none"):
        gatherer.finish()
    assert not list((tmp_path / "views").rglob("*.*"))


def test_what_comes_after_the_end_is_left_out_and_the_end_may_come_twice(gatherer: Gatherer) -> None:
    gatherer.add(frame(1), None, truth())
    folder = gatherer.finish()
    gatherer.add(frame(2), None, truth())
    assert gatherer.finish() == folder
    assert len(ViewStore(folder)) == 2


def test_a_folder_that_has_views_is_refused(gatherer: Gatherer) -> None:
    gatherer.add(frame(1), None, truth())
    folder = gatherer.finish()
    with pytest.raises(ConfigError, match="has views already"):
        Gatherer(folder, ViewSettings())


def test_a_full_disk_keeps_the_recordings_that_were_finished(
    gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gatherer.add(frame(1), None, truth(CHAIRS))
    gatherer.add(frame(1), None, truth(CUPS))

    def full(*_: object) -> int:
        raise StorageError("no space left")

    monkeypatch.setattr(SceneViews, "add", full)
    with pytest.raises(StorageError):
        gatherer.add(frame(2), None, truth(CUPS))
    monkeypatch.undo()
    gatherer.add(frame(3), None, truth(CUPS))
    assert gatherer.views == 2
    assert read_index(gatherer.finish()).scenes == ("recording_000",)
