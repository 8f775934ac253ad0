"""Batches of crops, read here and in other processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from reobj.encoding.context import ContextSpec
from reobj.errors import InputError
from reobj.views.batch import collate, to_crops
from reobj.views.cutting import cut_view
from reobj.views.loading import load_crops
from reobj.views.store import ViewStore

CPU, DOUBLE = torch.device("cpu"), ContextSpec(2.0, square=True)
ROWS = np.array([8, 0, 3, 5, 5])


def test_batches_come_in_the_order_of_the_rows(views_folder: Path) -> None:
    store = ViewStore(views_folder)
    batches = list(load_crops(store, ROWS, DOUBLE, 16, CPU, batch_size=2))
    assert [rows.tolist() for rows, _ in batches] == [[8, 0], [3, 5], [5]]
    alone = to_crops(collate([cut_view(store.read(3), DOUBLE, 16)]), CPU)
    torch.testing.assert_close(batches[1][1].background[:1], alone.background, rtol=0, atol=0)


def test_other_processes_give_the_same(views_folder: Path) -> None:
    store = ViewStore(views_folder)
    for (rows, here), (same, there) in zip(
        load_crops(store, ROWS, DOUBLE, 16, CPU, batch_size=2),
        load_crops(store, ROWS, DOUBLE, 16, CPU, batch_size=2, workers=2),
        strict=True,
    ):
        np.testing.assert_array_equal(rows, same)
        torch.testing.assert_close(here.foreground, there.foreground, rtol=0, atol=0)


def test_no_rows_give_no_batch(views_folder: Path) -> None:
    assert not list(load_crops(ViewStore(views_folder), ROWS[:0], DOUBLE, 16, CPU))


def test_a_context_wider_than_stored_is_refused(narrow_folder: Path) -> None:
    with pytest.raises(InputError, match="expected at most what is stored"):
        list(load_crops(ViewStore(narrow_folder), np.array([0]), DOUBLE, 16, CPU))
