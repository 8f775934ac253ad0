"""Dividing views by scene: what is learned in one room is measured in another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.views.table import ViewTable

Rows = NDArray[np.int64]


def hold_out(table: ViewTable, share: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows of other scenes to validate on.

    Args:
        table: of all views.
        share: of the scenes to hold out, in (0, 1); at least one scene is, and at least one is not. Of one
            scene alone nothing is held out.
        seed: decides which.

    Raises:
        InputError: no scenes.
    """
    scenes = np.random.default_rng([seed, len(table.scene_names)]).permutation(_scenes(table, 1))
    count = min(max(round(share * len(scenes)), 1), len(scenes) - 1)
    held = np.isin(table.scenes, scenes[:count])
    return np.flatnonzero(~held), np.flatnonzero(held)


def scene_folds(table: ViewTable, folds: int, seed: int) -> list[Rows]:
    """The rows of each of ``folds`` parts of the scenes, which differ in size by one scene at most.

    Raises:
        InputError: fewer than two folds, or fewer than two scenes to train on beside each fold.
    """
    if folds < 2:
        raise InputError(mismatch("folds", "at least 2", folds))
    scenes = _scenes(table, max(folds, 4 if folds == 2 else 3))
    parts = np.array_split(np.random.default_rng([seed, folds]).permutation(scenes), folds)
    return [np.flatnonzero(np.isin(table.scenes, part)) for part in parts]


def _scenes(table: ViewTable, least: int) -> Rows:
    scenes = np.unique(table.scenes)
    if len(scenes) < least:
        raise InputError(mismatch("scenes with views", f"at least {least}", len(scenes)))
    return scenes
