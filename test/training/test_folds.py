from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_views import toy_config, write_toy_views

from reobj.errors import InputError
from reobj.training.folds import train_folds


def test_each_scene_is_tested_once_by_a_network_that_has_not_seen_it(tmp_path: Path) -> None:
    views = write_toy_views(tmp_path / "views", scenes=6)
    out = tmp_path / "out"
    config = toy_config(budget={"steps": 2, "validate_every": 2})
    scores = train_folds(config, [views], out, 3, device="cpu")
    assert scores is not None and scores.folds == 3
    written = json.loads((out / "folds.json").read_text())
    tested = [name for fold in written["folds"] for name in fold["scenes"]]
    assert sorted(tested) == [f"room{n:02d}" for n in range(6)]
    ranks = [fold["scores"]["same-scene same-class"]["rank-1"] for fold in written["folds"]]
    found = scores.figures["same-scene same-class"]["rank-1"]
    assert found.mean == pytest.approx(sum(ranks) / 3)
    for number in range(3):
        data = json.loads((out / f"fold{number}" / "model.json").read_text())["training"]["data"]
        assert data["train"]["scenes"] + data["validation"]["scenes"] == 4


def test_a_stop_ends_the_whole_cross_validation(tmp_path: Path) -> None:
    views = write_toy_views(tmp_path / "views", scenes=6)
    asked = train_folds(toy_config(), [views], tmp_path / "out", 3, device="cpu", should_stop=lambda: True)
    assert asked is None
    assert not (tmp_path / "out" / "folds.json").exists()


def test_more_folds_than_scenes_are_refused(tmp_path: Path) -> None:
    views = write_toy_views(tmp_path / "views", scenes=3)
    with pytest.raises(InputError, match="at least 4"):
        train_folds(toy_config(), [views], tmp_path / "out", 4, device="cpu")
