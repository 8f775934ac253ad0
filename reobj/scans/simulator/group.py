"""A group of furniture in coordinates of its own: what stands together in one spot."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.mesh import rotation_matrix
from reobj.scans.simulator.scene import Model

TRIES = 40  #: attempts to find a free spot on a table


@dataclass(frozen=True)
class Item:
    """One thing of a group: position of its origin in metres, yaw in radians."""

    model: Model
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0


@dataclass
class Group:
    """Things that stand together; the front is at -y, the back (the wall side, if any) at the greatest y.

    Attributes:
        items: all of them.
        at_wall: whether its back must stand against a wall.
    """

    at_wall: bool
    items: list[Item] = field(default_factory=list)

    def put(self, model: Model, x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> None:
        """Adds one thing."""
        self.items.append(Item(model, x, y, z, yaw))

    def put_beside(self, model: Model, edge: float, side: int, y: float, yaw: float) -> None:
        """Adds one thing on the floor, its footprint from x = ``edge`` on towards that side (-1 or 1)."""
        outline = _footprint(Item(model, 0.0, y, 0.0, yaw))[:, 0]
        self.put(model, edge - float(outline.min() if side > 0 else outline.max()), y, 0.0, yaw)

    def scatter(self, rng: np.random.Generator, models: list[Model], spot: Spot) -> None:
        """Puts small things on a free part of a surface; those that find no room are left out."""
        for model in models:
            radius = _reach(model) + 0.01
            if 2 * radius > min(spot.x1 - spot.x0, spot.y1 - spot.y0):
                continue
            for _ in range(TRIES):
                x, y = rng.uniform([spot.x0 + radius, spot.y0 + radius], [spot.x1 - radius, spot.y1 - radius])
                if all(np.hypot(x - a, y - b) > radius + r for a, b, r in spot.taken):
                    spot.taken.append((x, y, radius))
                    self.put(model, float(x), float(y), spot.z, float(rng.uniform(-np.pi, np.pi)))
                    break

    def bounds(self) -> NDArray[np.float64]:
        """(4,) x0 y0 x1 y1 of all footprints."""
        corners = np.concatenate([_footprint(item) for item in self.items])
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


@dataclass
class Spot:
    """A free rectangle on a surface, with circles that are taken already. Metres."""

    x0: float
    y0: float
    x1: float
    y1: float
    z: float
    taken: list[tuple[float, float, float]] = field(default_factory=list)

    def take(self, x: float, y: float, model: Model) -> None:
        """Keeps the place of something that was put there on purpose."""
        self.taken.append((x, y, _reach(model)))


def _reach(model: Model) -> float:
    """Distance from the model's origin to the farthest corner of its footprint."""
    return float(np.linalg.norm(_footprint(Item(model, 0.0, 0.0)), axis=1).max())


def _footprint(item: Item) -> NDArray[np.float64]:
    sx, sy, _ = item.model.size
    mx, my, _ = item.model.middle
    local = np.array([[-sx, -sy], [sx, -sy], [sx, sy], [-sx, sy]]) / 2 + [mx, my]
    return local @ rotation_matrix(item.yaw)[:2, :2].T + [item.x, item.y]
