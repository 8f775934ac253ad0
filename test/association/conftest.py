"""A small world of boxes that a camera looks at: true ids, masks, depth, poses and embeddings."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pytest

from reobj.types import Embeddings, Frame, Instances, Intrinsics, ModelId

DIM = 32
MODEL = ModelId("test", "abcdef", DIM)
CAMERA = Intrinsics(150.0, 150.0, 79.5, 59.5, 160, 120)
WALL_M = 8.0
STEP_NS = 100_000_000


def unit(x):
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


class World:
    """Objects are squares that face along z, each with one look; a wall stands behind them."""

    def __init__(self, positions, looks, noise: float = 0.0, labels=None, side_m: float = 0.3) -> None:
        self.positions = np.asarray(positions, dtype=np.float64)
        self.looks = unit(np.asarray(looks, dtype=np.float64))
        self.labels = labels or ["chair"] * len(self.positions)
        self._noise, self._half = noise, side_m / 2
        self._rng = np.random.default_rng(7)

    def look(self, stamp_ns: int, camera=(0.0, 0.0, 0.0), hidden: Collection[int] = (), extras: bool = True):
        """What a camera at ``camera`` sees, looking along z: frame, instances, embeddings, true indices."""
        pose = np.eye(4)
        pose[:3, 3] = camera
        depth = np.full((CAMERA.height, CAMERA.width), WALL_M, np.float32)
        owner = np.full(depth.shape, -1)
        local = self.positions - np.asarray(camera)
        for i in np.argsort(-local[:, 2]):
            x0, y0, x1, y1 = self._box(local[i])
            if i not in hidden and local[i, 2] > 0.3:
                depth[y0:y1, x0:x1] = local[i, 2]
                owner[y0:y1, x0:x1] = i
        seen = np.array([i for i in range(len(local)) if (owner == i).sum() >= 40], dtype=int)
        seen = self._rng.permutation(seen)
        return (
            Frame(
                np.broadcast_to(np.uint8(0), (*depth.shape, 3)),
                stamp_ns,
                depth=depth if extras else None,
                intrinsics=CAMERA if extras else None,
                pose=pose if extras else None,
            ),
            self._instances(owner, seen),
            Embeddings(
                unit(self.looks[seen] + self._noise * self._rng.standard_normal((len(seen), DIM))), MODEL
            ),
            seen,
        )

    def _box(self, local):
        centre = local[:2] / max(local[2], 0.1) * CAMERA.fx + (CAMERA.cx, CAMERA.cy)
        half = self._half / max(local[2], 0.1) * CAMERA.fx
        low = np.clip(np.rint(centre - half), 0, (CAMERA.width, CAMERA.height)).astype(int)
        high = np.clip(np.rint(centre + half), 0, (CAMERA.width, CAMERA.height)).astype(int)
        return (*low, *high)

    def _instances(self, owner, seen) -> Instances:
        masks = np.zeros(owner.shape, np.uint16)
        boxes = np.zeros((len(seen), 4), np.float32)
        for k, i in enumerate(seen):
            masks[owner == i] = k + 1
            y, x = np.nonzero(owner == i)
            boxes[k] = x.min(), y.min(), x.max() + 1, y.max() + 1
        labels = tuple(self.labels[i] for i in seen)
        return Instances(boxes, masks, labels, np.ones(len(seen), np.float32))


class Walk:
    """Feeds an associator and keeps, for every frame, which id each true object got."""

    def __init__(self, world: World, associator, extras: bool = True) -> None:
        self.world, self.associator, self._extras = world, associator, extras
        self.stamp_ns = 0
        self.answers: list[dict[int, int]] = []
        self.events = []

    def step(self, camera=(0.0, 0.0, 0.0), hidden: Collection[int] = (), frames: int = 1):
        for _ in range(frames):
            frame, found, embeddings, seen = self.world.look(self.stamp_ns, camera, hidden, self._extras)
            result = self.associator.update(frame, found, embeddings)
            self.answers.append({int(seen[o.index]): o.object_id for o in result.objects})
            self.events += result.events
            self.stamp_ns += STEP_NS
        return result

    @property
    def last(self) -> dict[int, int]:
        return self.answers[-1]

    def ids_of(self, true_index: int) -> set[int]:
        """All ids that an object ever got, without "not yet"."""
        return {a[true_index] for a in self.answers if a.get(true_index)}


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World


@pytest.fixture
def make_walk() -> Callable[..., Walk]:
    return Walk


@pytest.fixture
def model() -> ModelId:
    return MODEL


@pytest.fixture
def distinct() -> Callable[[int], np.ndarray]:
    """n looks at right angles to each other."""
    return lambda n: np.eye(DIM)[:n]


@pytest.fixture
def alike() -> Callable[[int], np.ndarray]:
    """n times the same look."""
    return lambda n: np.repeat(np.eye(DIM)[:1], n, axis=0)
