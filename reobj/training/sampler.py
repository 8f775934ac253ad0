"""Batches of P objects with K views each, the identical ones of a room first.

A batch is drawn from few scenes, as telling a chair from the other chairs *of its room* is what is to be
learned. It follows from (seed, step, rank) alone: a run that resumes draws what it would have drawn, and
a batch can be prepared in any thread. Only the columns of the table are looked at, no pixels.

Who takes part: an object with two views or more can be one of the P; one with a single view has no
positive and is drawn only as one of the ``singles``, a negative. Where a positive is the transformed
anchor, an object with a single view is as good as any. An object with fewer than K views shows some of
them twice (augmented in different ways).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.training.objects import ObjectIndex, Rows
from reobj.training.sections import SamplerConfig
from reobj.views.table import ViewTable


@dataclass(frozen=True, slots=True, eq=False)
class BatchPlan:
    """Which views make a batch.

    Attributes:
        rows: (B,) int64, of the table.
        objects: (B,) int64, identity of each, as ``table.identities()`` numbers them.
        scenes: (B,) int64.
    """

    rows: NDArray[np.int64]
    objects: NDArray[np.int64]
    scenes: NDArray[np.int64]


class Sampler:
    """Draws the batches of one device.

    Args:
        table: views to train on.
        config: what a batch is made of.
        seed: of the run, >= 0.
        rank, ranks: this device's number and the number of devices: at any step each draws from other
            scenes, so their batches have nothing in common.

    Raises:
        InputError: fewer scenes with objects to train on than devices, in particular none.
    """

    def __init__(
        self, table: ViewTable, config: SamplerConfig, seed: int, rank: int = 0, ranks: int = 1
    ) -> None:
        self._config, self._seed, self._rank, self._ranks = config, seed, rank, ranks
        self._frames = table.frames
        self._index = ObjectIndex(table)
        self._usable = self._index.counts >= (1 if config.transformed else 2)
        self._scenes = np.unique(self._index.scenes[self._usable])
        if len(self._scenes) < ranks:
            needed = "one view" if config.transformed else "two views of one object"
            expected = f"at least {ranks} scenes (one per device) with {needed}"
            raise InputError(
                mismatch("views to train on", expected, f"{len(self._scenes)} in {len(table)} views")
            )

    def batch(self, step: int) -> BatchPlan:
        """The batch of a step, 0, 1, ...; smaller than asked for where the scenes have too few objects."""
        order = np.random.default_rng([self._seed, step]).permutation(self._scenes)[self._rank :: self._ranks]
        rng = np.random.default_rng([self._seed, step, 1 + self._rank])
        shown = self._anchors(order, rng)
        alone = self._negatives(order, shown, rng)
        parts = [self._views(obj, rng) for obj in shown.tolist()]
        parts += [rng.choice(self._index.rows(obj), 1) for obj in alone.tolist()]
        repeats = [len(part) for part in parts]
        objects = np.repeat(np.concatenate([shown, alone]), repeats)
        return BatchPlan(np.concatenate(parts), objects, self._index.scenes[objects])

    def _anchors(self, order: Rows, rng: np.random.Generator) -> Rows:
        """Up to P objects: equal shares of the first scenes, then of further ones until it is full, and
        at last whatever the scenes that had more than their share still have.
        """
        wanted, scenes = self._config.identities, min(self._config.scenes, len(order))
        chosen: list[Rows] = []
        left = wanted
        for number, scene in enumerate(order.tolist()):
            share = -(-left // (scenes - number)) if number < scenes else left
            objects = self._index.in_scene(scene)
            picked = self._of_scene(objects[self._usable[objects]], min(share, left), rng)
            chosen.append(picked)
            left -= len(picked)
            if left == 0:
                return np.concatenate(chosen)
        everyone = np.concatenate([self._index.in_scene(scene) for scene in order.tolist()])
        others = everyone[self._usable[everyone] & ~np.isin(everyone, np.concatenate(chosen))]
        return np.concatenate([*chosen, rng.permutation(others)[:left]])

    def _of_scene(self, objects: Rows, count: int, rng: np.random.Generator) -> Rows:
        """Up to ``count`` objects of a scene, the asked share of them in whole classes."""
        objects = rng.permutation(objects)
        kinds, position, sizes = np.unique(
            self._index.kinds[objects], return_inverse=True, return_counts=True
        )
        alike = sizes[position] > 1
        # Classes in the order of a random member: a class of twelve comes early more often than a pair.
        first = np.full(len(kinds), len(objects))
        np.minimum.at(first, position, np.arange(len(objects)))
        in_classes = objects[alike][np.argsort(first[position[alike]], kind="stable")]
        hard = in_classes[: round(self._config.same_class * count)]
        rest = objects[~np.isin(objects, hard)][: count - len(hard)]
        return np.concatenate([hard, rest])

    def _negatives(self, order: Rows, shown: Rows, rng: np.random.Generator) -> Rows:
        """Up to ``singles`` other objects of the same scenes, those like a shown one first."""
        if self._config.singles == 0:
            return np.zeros(0, np.int64)
        scenes = order[: max(self._config.scenes, 1)]
        others = rng.permutation(np.concatenate([self._index.in_scene(scene) for scene in scenes.tolist()]))
        others = others[~np.isin(others, shown)]
        alike = np.isin(self._index.kinds[others], self._index.kinds[shown])
        hard = others[alike][: round(self._config.same_class * self._config.singles)]
        rest = others[~np.isin(others, hard)][: self._config.singles - len(hard)]
        return np.concatenate([hard, rest])

    def _views(self, obj: int, rng: np.random.Generator) -> Rows:
        """(K,) views of an object, ``min_gap`` frames apart as far as it has such."""
        rows, count = self._index.rows(obj), self._config.views
        if self._config.transformed:
            return np.repeat(rng.choice(rows, 1), count)
        rows = rng.permutation(rows)
        if self._config.min_gap > 0 and len(rows) > 1:
            rows = self._spread(rows)
        return np.resize(rows, count)  # repeats them where there are fewer

    def _spread(self, rows: Rows) -> Rows:
        """The views in an order that takes those first which keep the gap to all taken before them."""
        frames = self._frames[rows]
        taken, late = [0], list[int]()
        for number in range(1, len(rows)):
            near = np.abs(frames[taken] - frames[number]).min() < self._config.min_gap
            (late if near else taken).append(number)
            if len(taken) == self._config.views:
                break
        return rows[taken + late]
