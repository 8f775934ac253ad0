"""From views on disk to batches, ahead of the training and in other threads.

Threads, not processes: decoding and cutting run outside Python's lock, a thread starts at once, needs no
shared memory, and is safe in a process that talks to ROS. What is read ahead is bounded by the number of
threads; the data set is never in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from reobj.encoding.crops import Crops
from reobj.encoding.model_spec import ModelSpec
from reobj.training.augment import augment
from reobj.training.sampler import Sampler
from reobj.training.sections import AugmentConfig
from reobj.views.batch import ViewBatch, collate, to_crops
from reobj.views.cutting import cut_view
from reobj.views.store import ViewStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class TrainBatch:
    """A batch that was read and cut, on the CPU.

    Attributes:
        step: the step it is for.
        views: B of them.
        objects: (B,) int64, identity of each.
        mirrored: (B,) bool, views to be mirrored.
    """

    step: int
    views: ViewBatch
    objects: Tensor
    mirrored: Tensor


class BatchReader:
    """Makes the batch of a step; the same whenever and in whichever thread it is called.

    Args:
        store: of all views.
        rows: (N,) int64 rows of the store to train on.
        sampler: of a table of just these rows.
        spec: size and context of the crops.
        config: of the augmentation.
        seed, rank: of the run and the device.
        pin: put batches into page-locked memory, from which a GPU copies by itself.
    """

    def __init__(
        self,
        store: ViewStore,
        rows: np.ndarray,
        sampler: Sampler,
        spec: ModelSpec,
        config: AugmentConfig,
        seed: int,
        rank: int,
        pin: bool,
    ) -> None:
        self._store, self._rows, self._sampler = store, rows, sampler
        self._spec, self._config, self._seed, self._rank, self._pin = spec, config, seed, rank, pin

    def read(self, step: int) -> TrainBatch:
        """The batch of a step.

        Raises:
            ViewsError: a view cannot be read. InputError: views with less context than asked for.
        """
        plan = self._sampler.batch(step)
        rng = np.random.default_rng([self._seed, step, self._rank, 2])
        count, config = len(plan.rows), self._config
        shifts = rng.uniform(-config.shift, config.shift, (count, 2))
        zooms = (1 + config.zoom) ** rng.uniform(-1, 1, count)
        cut = [
            cut_view(self._store.read(row), self._spec.context, self._spec.crop_size, (x, y), zoom)
            for row, (x, y), zoom in zip(
                self._rows[plan.rows].tolist(), shifts.tolist(), zooms.tolist(), strict=True
            )
        ]
        _, scene = np.unique(plan.scenes, return_inverse=True)
        mirrored = (rng.uniform(size=scene.max() + 1) < config.flip)[scene]
        views = collate(cut)
        views = views.pin_memory() if self._pin else views
        return TrainBatch(step, views, torch.from_numpy(plan.objects), torch.from_numpy(mirrored))

    def crops(self, batch: TrainBatch, device: torch.device) -> Crops:
        """The varied crops of a batch on ``device``."""
        seed = int(np.random.default_rng([self._seed, batch.step, self._rank, 3]).integers(2**62))
        generator = torch.Generator().manual_seed(seed)
        parts = (batch.views.colour, batch.views.mask, batch.views.inside)
        views = ViewBatch(*(part.to(device, non_blocking=True) for part in parts))
        return to_crops(augment(views, batch.mirrored, self._config, generator), device)


def ahead(make: Callable[[int], T], steps: Iterable[int], threads: int) -> Iterator[T]:
    """``make(step)`` of each step in order, made by threads while the caller works on earlier ones.

    At most ``2 * threads`` results wait. Without threads each is made when it is asked for. An error in
    ``make`` is raised where its result would have come.
    """
    if threads == 0:
        yield from map(make, steps)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="views")
    waiting: deque[Future[T]] = deque()
    try:
        for step in steps:
            waiting.append(pool.submit(make, step))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
