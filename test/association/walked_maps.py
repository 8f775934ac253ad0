"""Rooms of objects with true numbers, and the maps that walks through them leave behind."""

from __future__ import annotations

import numpy as np

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.types import ModelId

DIM = 32
MODEL = ModelId("test", "abcdef", DIM)


def turn(yaw: float, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1]])


def unit(x):
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


class Room:
    """Objects at places (N, 3), each with one look of as many as ``kinds`` says and that class name."""

    def __init__(self, places, kinds, seed: int = 0) -> None:
        self.places, self.kinds = np.asarray(places, float), np.asarray(kinds)
        looks = np.random.default_rng(seed).standard_normal((max(kinds) + 1, DIM))
        self.looks = unit(looks)[self.kinds]

    def walk(self, seed: int, seen, frame=None, noise_m: float = 0.03, placed: bool = True, model=MODEL):
        """An object map and, for each id from 1 on, which object of the room it is."""
        rng = np.random.default_rng(seed)
        seen = rng.permutation(np.asarray(seen))
        walked = ObjectMap()
        walked.use(model)
        for k, i in enumerate(seen.tolist()):
            views = self.looks[i] + 0.4 / np.sqrt(DIM) * rng.standard_normal((3, DIM))
            where = self.places[i] + noise_m * rng.standard_normal(3)
            stamp_ns = 1_000_000_000 * seed + 1000 * k
            walked.create(
                Views.of(unit(views), stamp_ns),
                [f"kind {self.kinds[i]}"] * 5,
                (stamp_ns, stamp_ns + 500),
                _place(where, np.eye(4) if frame is None else frame)
                if placed
                else InstanceGeometry.unknown(1),
                track_id=k + 1,
                pose=np.eye(4) if frame is None else frame,
            )
        return walked, seen


def _place(where, frame) -> InstanceGeometry:
    return InstanceGeometry(
        np.ones(1),
        (frame[:3, :3] @ where + frame[:3, 3])[None],
        0.03**2 * np.eye(3)[None],
        np.array([[0.5, 0.4, 0.3]]),
    )


def furnished(seed: int) -> Room:
    """Twelve equal chairs, eight equal cups and ten things that there are once."""
    places = np.random.default_rng(seed).uniform(0, 1, (30, 3)) * [6, 5, 1]
    return Room(places, [0] * 12 + [1] * 8 + list(range(2, 12)))


def true_pairs(plan, seen_a, seen_b) -> tuple[int, int]:
    """How many pairs of a plan are right, and how many are wrong."""
    right = sum(seen_a[pair.id_a - 1] == seen_b[pair.id_b - 1] for pair in plan.pairs)
    return int(right), len(plan.pairs) - int(right)
