"""Where a camera can be without touching anything, and a loop through it."""

from __future__ import annotations

import heapq

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, label

from reobj.scans.simulator.scene import Scene

CELL = 0.05  #: metres
CLEARANCE = 0.3  #: metres between the camera and anything else
CORRIDOR = (0.05, 2.1)  #: metres above the floor that a person with a camera fills
COMFORT = 0.6  #: metres: closer to furniture than this, a way counts as longer

Array = NDArray[np.float64]


class FreeSpace:
    """A grid of the floor.

    Attributes:
        distance: (rows, columns) metres from each cell to the nearest furniture or wall.
    """

    def __init__(self, scene: Scene) -> None:
        shape = (int(scene.room.depth / CELL), int(scene.room.width / CELL))
        blocked = np.zeros(shape, np.uint8)
        for p in scene.placements:
            if p.model.label in ("wall", "floor", "ceiling") or p.top < CORRIDOR[0] or p.bottom > CORRIDOR[1]:
                continue
            cv2.fillConvexPoly(blocked, np.round(p.corners / CELL).astype(np.int32), 1)
        padded = np.pad(blocked, 1, constant_values=1)
        self.distance: Array = distance_transform_edt(padded == 0)[1:-1, 1:-1] * CELL

    def largest(self) -> NDArray[np.bool_]:
        """The largest connected part of the free floor."""
        regions, count = label(self.distance > CLEARANCE)
        if count == 0:
            return np.zeros_like(self.distance, bool)
        sizes = np.bincount(regions.ravel())[1:]
        return regions == 1 + int(np.argmax(sizes))

    def clearance(self, points: Array) -> Array:
        """(N,) metres from (N, 2) points to the nearest obstacle."""
        cells = np.clip((points / CELL).astype(int), 0, np.array(self.distance.shape)[::-1] - 1)
        return self.distance[cells[:, 1], cells[:, 0]]


def shortest_loop(space: FreeSpace, rng: np.random.Generator) -> Array:
    """(N, 2) metres: a closed, smooth way past free places all around the room, without touching anything."""
    free = space.largest()
    rows, columns = np.nonzero(free)
    cells = np.column_stack([columns, rows])
    middle = cells.mean(axis=0)
    angle = np.arctan2(*(cells - middle).T[::-1])
    stops = []
    for direction in rng.uniform(0, 2 * np.pi) + np.arange(6) * np.pi / 3:
        near = np.flatnonzero(np.abs((angle - direction + np.pi) % (2 * np.pi) - np.pi) < np.pi / 7)
        if len(near):
            wide = np.minimum(space.distance[cells[near, 1], cells[near, 0]], COMFORT)
            away = np.linalg.norm(cells[near] - middle, axis=1) * CELL
            stops.append(tuple(cells[near[np.argmax(wide + 0.25 * np.minimum(away, 2.5))]]))
    legs = [_way(space, free, a, b)[:-1] for a, b in zip(stops, stops[1:] + stops[:1], strict=True) if a != b]
    path = (np.concatenate(legs) + 0.5) * CELL
    return _smoothed(space, np.concatenate([path, path[:1]]))


def _way(
    space: FreeSpace, free: NDArray[np.bool_], start: tuple[int, int], goal: tuple[int, int]
) -> NDArray[np.int64]:
    """(N, 2) column, row cells of the cheapest way (Dijkstra); keeping away from furniture is cheaper."""
    cost = 1 + 6 * np.clip(1 - space.distance / COMFORT, 0, 1)
    best, previous = {start: 0.0}, {start: start}
    queue = [(0.0, start)]
    while queue:
        spent, cell = heapq.heappop(queue)
        if cell == goal:
            break
        if spent > best[cell]:
            continue
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            x, y = cell[0] + dx, cell[1] + dy
            if not (0 <= y < free.shape[0] and 0 <= x < free.shape[1] and free[y, x]):
                continue
            total = spent + cost[y, x] * (dx * dx + dy * dy) ** 0.5
            if total < best.get((x, y), np.inf):
                best[(x, y)], previous[(x, y)] = total, cell
                heapq.heappush(queue, (total, (x, y)))
    cells = [goal]
    while cells[-1] != start:
        cells.append(previous[cells[-1]])
    return np.array(cells[::-1])


def _smoothed(space: FreeSpace, path: Array) -> Array:
    """The closed path as smooth as the furniture allows."""
    even = resampled(path, np.arange(0, _length(path), CELL, dtype=np.float64))
    for sigma in (10, 7, 5, 3, 2, 1):
        smooth = gaussian_filter1d(even, sigma, axis=0, mode="wrap")
        if space.clearance(smooth).min() > CLEARANCE - CELL:
            break
    return np.concatenate([smooth, smooth[:1]])


def _length(path: Array) -> float:
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def resampled(loop: Array, run: Array) -> Array:
    """(N, 2) points at the distances ``run`` along a closed path, which is walked again and again."""
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(loop, axis=0), axis=1))])
    wrapped = np.mod(run, steps[-1])
    return np.column_stack([np.interp(wrapped, steps, loop[:, i]) for i in range(2)])
