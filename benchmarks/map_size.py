"""Milliseconds and bytes of matching 20 tracks against maps of 1,000 to 1,000,000 objects, on one core.

    python benchmarks/map_size.py [SIZES ...]

Objects of 8 x 512-d prototypes stand one per square metre, in 50 classes that look alike (numbers of
an embedding have a falling spectrum, about 84 effective dimensions); rows have nothing to do with
places, so that memory is read in the worst order. A round is what is done with 20 confirmed tracks
without an object: choosing candidates, all evidence, all decisions. With pose they are chosen by place,
without by looks. Times are of the processor. The comparison with all objects, once in single precision,
says how often the index finds the object that looks most like a view, and how many of the ten best; the
same for half precision. A million objects take 12 GB of memory and, with the index, half an hour.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.decisions import Thresholds, decide
from reobj.association.evidence import Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidate_search import CandidateSearch
from reobj.association.map.candidates import Candidates

Array = NDArray[np.float32]

SLOTS, DIM, CLASSES, TRACKS = 8, 512, 50, 20
ROUNDS = 200
#: objects whose views are searched for, to measure recall
ASKED = 100
#: objects that are made at once
PART = 8192
#: length of what tells objects of a class apart, and views of an object, against what they share
OBJECT_SPREAD, VIEW_SPREAD = 1.0, 0.6


def unit(x: Array) -> Array:
    """Rows of length 1."""
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True), np.float32)


class Looks:
    """Embeddings of any object, the same each time it is asked for."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        scale = rng.permutation(1 / (1 + np.arange(DIM) / 32)).astype(np.float32)
        self._scale = scale / np.linalg.norm(scale)
        self._classes = unit(self._draw(rng, CLASSES))

    def _draw(self, rng: np.random.Generator, *shape: int) -> Array:
        return rng.standard_normal((*shape, DIM), dtype=np.float32) * self._scale

    def objects(self, part: int) -> tuple[Array, NDArray[np.int64]]:
        """(PART, DIM) looks of the objects of a part, and (PART,) their classes."""
        rng = np.random.default_rng([1, part])
        classes = rng.integers(0, CLASSES, PART)
        return unit(self._classes[classes] + OBJECT_SPREAD * self._draw(rng, PART)), classes

    def views(self, rng: np.random.Generator, looks: Array, count: int) -> Array:
        """(N, count, DIM) views of objects that look like this (N, DIM)."""
        return unit(looks[:, None] + VIEW_SPREAD * self._draw(rng, len(looks), count))


@dataclass
class World:
    """A map of n objects: what the object map holds that matching reads."""

    n: int
    looks: Looks = field(default_factory=Looks)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(2)
        self.search = CandidateSearch(SLOTS, DIM)
        side = np.sqrt(self.n)
        self.places = InstanceGeometry.unknown(self.n)
        self.places.positions[:] = rng.uniform((0, 0, 0), (side, side, 1), (self.n, 3))
        self.places.covariances[:] = 0.01 * np.eye(3)
        self.places.extents[:] = 0.3
        self.classes = np.concatenate([self.looks.objects(p)[1] for p in range(-(-self.n // PART))])[: self.n]

    def fill(self, views: Array) -> Array:
        """Adds all objects; likeness (Q, n) of views (Q, DIM) to each in single precision."""
        likeness = np.empty((len(views), self.n), np.float32)
        for start in range(0, self.n, PART):
            part = slice(start, min(start + PART, self.n))
            rng = np.random.default_rng([3, start])
            looks = self.looks.objects(start // PART)[0][: part.stop - start]
            banks = self.looks.views(rng, looks, SLOTS)
            self.search.append(banks, np.full(len(banks), SLOTS), self.places.positions[part])
            likeness[:, part] = best_of(banks, views)
        nothing = np.zeros((0, SLOTS, DIM), np.float32), np.zeros(0, np.int64), np.zeros((0, 3))
        for _ in range(200):  # as with the next objects: what is left is converted to half precision
            self.search.append(*nothing)
        return likeness

    def seen(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> Array:
        """(N, DIM) new views of objects."""
        views = np.empty((len(rows), DIM), np.float32)
        for part in np.unique(rows // PART):
            here = rows // PART == part
            looks = self.looks.objects(int(part))[0][rows[here] % PART]
            views[here] = self.looks.views(rng, looks, 1)[:, 0]
        return views

    def candidates(self, asked: Queries, radius_m: float, located: bool) -> Candidates:
        """As ``ObjectMap.candidates``."""
        around = asked.places.positions if located else None
        rows, uncompared = self.search.rows(around, radius_m, asked.views)
        labels = np.eye(CLASSES)[self.classes[rows]]
        banks, places = self.search.bank.gather(rows), self.places.select(rows)
        return Candidates(rows + 1, banks, labels, places, self.n, uncompared)


def best_of(banks: Array, views: Array) -> Array:
    """(Q, N) likeness of each view to the nearest prototype of each object."""
    likeness = banks.reshape(-1, DIM) @ views.T
    return likeness.reshape(len(banks), SLOTS, -1).max(axis=1).T


Round = tuple[Queries, NDArray[np.intp]]


def rounds(world: World, count: int) -> list[Round]:
    """Each of 20 tracks of objects around one spot, with one view and a place, and which objects they are."""
    rng = np.random.default_rng(4)
    corners = rng.uniform(0, np.sqrt(world.n), (count, 3)) * (1, 1, 0)
    positions = world.places.positions
    rows = np.stack([np.argpartition(((positions - c) ** 2).sum(axis=1), TRACKS)[:TRACKS] for c in corners])
    views = world.seen(rng, rows.ravel()).reshape(count, TRACKS, 1, DIM)
    asked = []
    for here, seen in zip(rows, views, strict=True):
        places = world.places.select(here)
        places.positions[:] += rng.normal(0, 0.05, (TRACKS, 3))
        labels = np.eye(CLASSES)[world.classes[here]]
        asked.append((Queries(seen, np.ones((TRACKS, 1)), np.ones(TRACKS), labels, places), here))
    return asked


def match(world: World, located: bool, asked: list[Round]) -> tuple[NDArray[np.float64], float, float]:
    """Milliseconds of each round, candidates per round, share of tracks whose likeliest object is right."""
    config = AssociatorConfig()
    terms = MapAssociator(config).evidence
    times, counts, right = [], [], []
    for queries, rows in asked:
        start = time.process_time()
        candidates = world.candidates(queries, config.gate_radius_m, located)
        found = {k: term(queries, candidates) for k, term in terms.items() if located or k != "position"}
        excluded = np.zeros((TRACKS, len(candidates)), dtype=bool)
        overdue = np.zeros(TRACKS, dtype=bool)
        unlike = candidates.uncompared * config.unlike_probability
        decide(found, excluded, candidates.object_ids, overdue, Thresholds(), world.n, unlike)
        times.append(1e3 * (time.process_time() - start))
        counts.append(len(candidates))
        likeliest = np.sum(list(found.values()), axis=0).argmax(axis=1)
        right.append(np.mean(candidates.object_ids[likeliest] == rows + 1))
    return np.array(times), float(np.mean(counts)), float(np.mean(right))


def recall(world: World, views: Array, likeness: Array) -> tuple[float, float]:
    """Of each view the object most like it, and its ten best: the share that the candidates hold."""
    ten = np.argpartition(-likeness, 10, axis=1)[:, :10]
    one = likeness.argmax(axis=1)
    found = [set(world.search.rows(views=view[None, None])[0].tolist()) for view in views]
    first = [int(best) in rows for best, rows in zip(one, found, strict=True)]
    share = [len(rows & set(best.tolist())) / 10 for best, rows in zip(ten, found, strict=True)]
    return float(np.mean(first)), float(np.mean(share))


def halving(world: World, views: Array, likeness: Array) -> tuple[float, float]:
    """The same for comparing with all prototypes as they are kept."""
    kept = np.concatenate([best_of(part, views) for part, _ in world.search.bank], axis=1)
    ten, ten_kept = (np.argpartition(-x, 10, axis=1)[:, :10] for x in (likeness, kept))
    share = [len(set(a.tolist()) & set(b.tolist())) / 10 for a, b in zip(ten, ten_kept, strict=True)]
    return float((kept.argmax(axis=1) == likeness.argmax(axis=1)).mean()), float(np.mean(share))


def resident() -> int:
    """Bytes of memory that this process has in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(n: int) -> None:
    """Prints what a map of n objects costs."""
    before, start = resident(), time.perf_counter()
    world = World(n)
    rng = np.random.default_rng(5)
    views = world.seen(rng, np.unique(rng.integers(0, min(n, 10 * PART), ASKED)))
    likeness = world.fill(views)
    took = time.perf_counter() - start
    kilobytes = (resident() - before - likeness.nbytes) / n / 1e3
    bank = world.search.bank
    print(f"\n{n} objects, made in {took:.0f} s: {kilobytes:.2f} kB an object, ", end="")
    print(
        f"of which prototypes {bank.nbytes / n / 1e3:.2f} kB; as kept, the best object is the same for ",
        end="",
    )
    print(
        "{:.4f} of the views, and {:.4f} of the ten best".format(*halving(world, views, likeness)), flush=True
    )
    asked = rounds(world, ROUNDS)
    report("with pose", *match(world, True, asked))
    start = time.perf_counter()
    world.search.rows(views=views[:1, None])  # the first question begins the index
    world.search.nearest.settle()
    index = world.search.nearest.index
    if index is not None:
        took = time.perf_counter() - start
        print(f"  index: built in {took:.0f} s, {index.nbytes / n / 1e3:.2f} kB an object", flush=True)
    report("without pose", *match(world, False, asked))
    print("  recall of the best {:.4f}, of the ten best {:.4f}".format(*recall(world, views, likeness)))


def report(name: str, times: NDArray[np.float64], candidates: float, right: float) -> None:
    """Prints one line."""
    middle, high = np.percentile(times, (50, 95))
    print(
        f"  {name:13}p50 {middle:6.2f} ms  p95 {high:6.2f} ms  {candidates:6.0f} candidates  "
        f"{right:.4f} likeliest is right",
        flush=True,
    )


def main() -> None:
    """Measures the sizes that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    for n in parser.parse_args().sizes:
        measure(n)


if __name__ == "__main__":
    main()
