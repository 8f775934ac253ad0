from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import torch
from toy_views import toy_config, write_toy_views

from reobj.training.data import BatchReader, ahead
from reobj.training.sampler import Sampler
from reobj.views.store import ViewStore


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_order(threads: int) -> None:
    assert list(ahead(lambda step: step * step, range(20), threads)) == [n * n for n in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_is_read_ahead_than_promised(threads: int) -> None:
    made: list[int] = []
    results = ahead(lambda step: made.append(step) or step, itertools.count(), threads)
    for taken in range(1, 6):
        next(results)
        assert len(made) <= taken + 2 * threads
    results.close()  # type: ignore[attr-defined]


def test_closing_ends_the_threads() -> None:
    results = ahead(lambda step: step, itertools.count(), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("views")]


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_comes_where_its_result_would(threads: int) -> None:
    def fail_at_three(step: int) -> int:
        if step == 3:
            raise ValueError("three")
        return step

    results = ahead(fail_at_three, range(10), threads)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ViewStore:
    return ViewStore(write_toy_views(tmp_path_factory.mktemp("rooms") / "views", scenes=2))


def reader(store: ViewStore, **augment: float) -> BatchReader:
    config = toy_config(augment=augment, sampler={"scenes": 2})
    rows = np.arange(len(store))
    sampler = Sampler(store.table, config.sampler, 0)
    return BatchReader(store, rows, sampler, config.model, config.augment, 0, 0, False)


def test_all_views_of_a_scene_are_mirrored_or_none(store: ViewStore) -> None:
    reading = reader(store, flip=0.5)
    kinds = set()
    for step in range(12):
        batch = reading.read(step)
        scenes = store.table.scenes[np.unique(store.table.identities(), return_index=True)[1]]
        for scene in (0, 1):
            mirrored = batch.mirrored[torch.from_numpy(scenes[batch.objects.numpy()] == scene)]
            assert len(mirrored.unique()) == 1
            kinds.add(bool(mirrored[0]))
    assert kinds == {False, True}


def test_shifts_and_zooms_move_the_object_in_the_crop(store: ViewStore) -> None:
    still = reader(store, shift=0, zoom=0, flip=0).read(0).views.mask
    moved = reader(store, shift=0.2, zoom=0.3, flip=0).read(0).views.mask
    assert (still == still[0]).all()  # the toy's boxes are all the same
    assert len({tuple(mask.flatten().tolist()) for mask in moved}) > 6


def test_a_batch_is_the_same_in_any_thread(store: ViewStore) -> None:
    reading = reader(store, shift=0.1, zoom=0.2)
    alone = [reading.read(step) for step in range(4)]
    together = list(ahead(reading.read, range(4), 3))
    for first, second in zip(alone, together, strict=True):
        assert torch.equal(first.views.colour, second.views.colour)
        assert torch.equal(first.objects, second.objects)
