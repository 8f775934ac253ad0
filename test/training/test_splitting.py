from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_views import table_of

from reobj.errors import InputError
from reobj.training.splitting import hold_out, scene_folds


@given(st.integers(2, 30), st.floats(0.01, 0.99), st.integers(0, 5))
def test_held_out_scenes_are_not_trained_on(scenes: int, share: float, seed: int) -> None:
    table = table_of(list(range(scenes)) * 2, [0] * 2 * scenes, [0] * 2 * scenes)
    train, held = hold_out(table, share, seed)
    assert not set(table.scenes[train].tolist()) & set(table.scenes[held].tolist())
    assert sorted([*train.tolist(), *held.tolist()]) == list(range(2 * scenes))
    assert len(held) // 2 == min(max(round(share * scenes), 1), scenes - 1)


@given(st.integers(3, 30), st.integers(2, 5), st.integers(0, 5))
def test_folds_share_no_scene_and_miss_none(scenes: int, folds: int, seed: int) -> None:
    table = table_of(list(range(scenes)) * 2, [0] * 2 * scenes, [0] * 2 * scenes)
    if scenes < folds or (folds, scenes) == (2, 3):  # of three scenes one fold would leave a single one
        with pytest.raises(InputError):
            scene_folds(table, folds, seed)
        return
    parts = [np.unique(table.scenes[rows]) for rows in scene_folds(table, folds, seed)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(scenes))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_of_one_scene_nothing_is_held_out() -> None:
    train, held = hold_out(table_of([0, 0], [0, 1], [0, 0]), 0.5, 0)
    assert (train.tolist(), held.tolist()) == ([0, 1], [])


def test_no_scene_cannot_be_divided() -> None:
    with pytest.raises(InputError, match="scenes with views: expected at least 1, got 0"):
        hold_out(table_of([], [], []), 0.5, 0)


def test_another_seed_holds_out_other_scenes() -> None:
    table = table_of(list(range(30)), [0] * 30, [0] * 30)
    held = {tuple(hold_out(table, 0.2, seed)[1].tolist()) for seed in range(5)}
    assert len(held) > 1


@pytest.mark.parametrize("folds", [0, 1])
def test_fewer_than_two_folds_are_refused(folds: int) -> None:
    with pytest.raises(InputError, match="folds"):
        scene_folds(table_of([0, 1, 2], [0] * 3, [0] * 3), folds, 0)
