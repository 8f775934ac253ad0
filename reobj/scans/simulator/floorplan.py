"""Finding room for groups of furniture so that nothing overlaps and people can pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.group import Group
from reobj.scans.simulator.mesh import rotation_matrix
from reobj.scans.simulator.scene import Placement, Room

WALL_GAP = 0.03  #: metres between a wall and what stands against it
AISLE = 0.8  #: metres kept free around free-standing groups, so that the camera can pass
NEIGHBOUR = 0.15  #: metres between two groups along the walls
TALL = 0.85  #: metres; what is higher hides what hangs on the wall behind it
TRIES = 300  #: attempts to place a group

Interval = tuple[float, float]


@dataclass(frozen=True)
class Wall:
    """One of the four walls, seen from inside.

    Attributes:
        start: (2,) the corner where its coordinate is 0.
        along: (2,) unit direction.
        yaw: turns what faces -y so that it faces into the room.
        length: metres.
    """

    start: NDArray[np.float64]
    along: NDArray[np.float64]
    yaw: float
    length: float

    def at(self, s: float) -> NDArray[np.float64]:
        """(2,) the point at coordinate ``s``."""
        return self.start + s * self.along

    @property
    def inward(self) -> NDArray[np.float64]:
        """(2,) unit normal into the room."""
        return np.array([np.sin(self.yaw), -np.cos(self.yaw)])


def walls(room: Room) -> tuple[Wall, ...]:
    """South, east, north, west; each runs to the left of one who looks at it from inside."""
    w, d = room.width, room.depth
    corners = np.array([[w, 0], [w, d], [0, d], [0, 0]], np.float64)
    along = np.array([[-1, 0], [0, -1], [1, 0], [0, 1]], np.float64)
    yaws, lengths = (np.pi, -np.pi / 2, 0.0, np.pi / 2), (w, d, w, d)
    return tuple(Wall(c, a, y, n) for c, a, y, n in zip(corners, along, yaws, lengths, strict=True))


@dataclass
class FloorPlan:
    """What stands where.

    Attributes:
        room: its size.
        taken: (x0, y0, x1, y1) of each placed group, and of the space before doors.
        free_standing: whether each of ``taken`` needs an aisle all around.
        doors, windows: per wall, the stretches that they occupy.
        hidden: per wall, the stretches that tall furniture hides.
        placements: everything placed, object ids still 0.
        stations: centre of each group, (2,).
    """

    room: Room
    taken: list[NDArray[np.float64]] = field(default_factory=list)
    free_standing: list[bool] = field(default_factory=list)
    doors: list[list[Interval]] = field(default_factory=lambda: [[], [], [], []])
    windows: list[list[Interval]] = field(default_factory=lambda: [[], [], [], []])
    hidden: list[list[Interval]] = field(default_factory=lambda: [[], [], [], []])
    placements: list[Placement] = field(default_factory=list)
    stations: list[NDArray[np.float64]] = field(default_factory=list)

    def place(self, group: Group, rng: np.random.Generator) -> bool:
        """Puts the group somewhere; False when there is no room for it."""
        for _ in range(TRIES):
            if self._try_wall(group, rng) if group.at_wall else self._try_floor(group, rng):
                return True
        return False

    def _try_floor(self, group: Group, rng: np.random.Generator) -> bool:
        yaw = float(rng.choice(4)) * np.pi / 2
        bounds = _turned(group.bounds(), yaw)
        low = np.array([AISLE, AISLE]) - bounds[:2]
        high = np.array([self.room.width, self.room.depth]) - AISLE - bounds[2:]
        if (high < low).any():
            return False
        shift = rng.uniform(low, high)
        return self._settle(group, shift, yaw, bounds + np.tile(shift, 2))

    def _try_wall(self, group: Group, rng: np.random.Generator) -> bool:
        index = int(rng.integers(4))
        wall, bounds = walls(self.room)[index], group.bounds()
        width = bounds[2] - bounds[0]
        if width > wall.length - 0.4:
            return False
        s = float(rng.uniform(0.2, wall.length - width - 0.2))
        interval = (s - 0.05, s + width + 0.05)
        tall = any(item.z + float(item.model.mesh.high[2]) > TALL for item in group.items)
        blocked = self.doors[index] + (self.windows[index] if tall else [])
        if any(overlap(interval, other) for other in blocked):
            return False
        # Along the wall a model's +x points in the direction of rotation_matrix(yaw) @ (1, 0, 0) = along.
        shift = wall.at(s - bounds[0]) + wall.inward * (bounds[3] + WALL_GAP)
        if not self._settle(group, shift, wall.yaw, _turned(bounds, wall.yaw) + np.tile(shift, 2)):
            return False
        if tall:
            self.hidden[index].append(interval)
        return True

    def _settle(self, group: Group, shift: NDArray[np.float64], yaw: float, box: NDArray[np.float64]) -> bool:
        for other, stands_free in zip(self.taken, self.free_standing, strict=True):
            gap = NEIGHBOUR if group.at_wall and not stands_free else AISLE
            if (box[:2] - gap < other[2:]).all() and (other[:2] - gap < box[2:]).all():
                return False
        self.keep(box, not group.at_wall)
        turn = rotation_matrix(yaw)[:2, :2]
        for item in group.items:
            x, y = turn @ [item.x, item.y] + shift
            self.placements.append(Placement(item.model, (float(x), float(y), item.z), item.yaw + yaw))
        self.stations.append((box[:2] + box[2:]) / 2)
        return True

    def keep(self, box: NDArray[np.float64], stands_free: bool) -> None:
        """Books (x0, y0, x1, y1) of the floor."""
        self.taken.append(box)
        self.free_standing.append(stands_free)


def overlap(a: Interval, b: Interval) -> bool:
    """Whether two intervals share more than an end."""
    return a[0] < b[1] and b[0] < a[1]


def _turned(bounds: NDArray[np.float64], yaw: float) -> NDArray[np.float64]:
    """(4,) box around a box that is turned about the origin."""
    x0, y0, x1, y1 = bounds
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) @ rotation_matrix(yaw)[:2, :2].T
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
