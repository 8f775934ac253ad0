from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.views.store import ViewStore
from reobj.views.table import ViewTable


@pytest.fixture
def table(views_folder: Path) -> ViewTable:
    return ViewStore(views_folder).table


def test_an_object_is_a_scene_and_an_instance(table: ViewTable) -> None:
    """Three objects in each of two scenes; two frames of the first."""
    assert table.scenes.tolist() == [0] * 6 + [1] * 3
    assert table.instances.tolist() == [1, 2, 5] * 3
    assert table.identities().tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]


def test_some_views_keep_the_names(table: ViewTable) -> None:
    part = table.only(np.array([8, 1]))
    assert (len(part), part.scenes.tolist(), part.instances.tolist()) == (2, [1, 0], [5, 2])
    assert [part.label_names[i] for i in part.labels] == ["cup", "chair"]
    assert table.only(table.frames == 1).frames.tolist() == [1, 1, 1]
    assert part.identities().tolist() == [1, 0]


def test_no_views_have_no_identities(table: ViewTable) -> None:
    assert table.only(np.zeros(0, np.int64)).identities().shape == (0,)


@pytest.mark.parametrize(
    ("column", "spoilt"),
    [
        ("boxes", np.zeros((9, 3), np.float32)),
        ("frames", np.zeros(9, np.int32)),
        ("labels", np.full(9, 2)),
        ("scenes", np.full(9, -1)),
        ("scene_names", ("a", "a")),
    ],
)
def test_a_table_checks_its_columns(table: ViewTable, column: str, spoilt: object) -> None:
    with pytest.raises(InputError, match="views: "):
        dataclasses.replace(table, **{column: spoilt})
