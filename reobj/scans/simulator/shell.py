"""Walls, floor, ceiling, lamps, and what hangs on the walls: the background of each place."""

from __future__ import annotations

import colorsys
from itertools import pairwise

import numpy as np

from reobj.scans.simulator.catalog import fixtures
from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import WOODS, darker, grey, pale, plain, seed_of, vivid, wood
from reobj.scans.simulator.floorplan import FloorPlan, Interval, Wall, overlap, walls
from reobj.scans.simulator.scene import Lamp, Material, Model, Placement, Room, Texture
from reobj.scans.simulator.shapes import block, patch

FLOOR_STEP = 0.06  #: metres between the floor's light samples
WALL_STEP = 0.09  #: metres between those of the walls
EDGE = 0.35  #: metres of wall kept free beside a fixture


def floor_model(rng: np.random.Generator, room: Room) -> Model:
    """Parquet, carpet or tiles."""
    kind = str(rng.choice(["planks", "carpet", "tiles"], p=[0.45, 0.3, 0.25]))
    if kind == "planks":
        material = Material(Texture(kind, WOODS[rng.integers(len(WOODS))], seed_of(rng)), 1.3, gloss=0.04)
    elif kind == "carpet":
        colour = vivid(rng, 0.25, 0.45)
        material = Material(Texture(kind, (colour, darker(colour)), seed_of(rng)), 0.8)
    else:
        tone = pale(rng)
        other = tone if rng.random() < 0.6 else darker(tone, 0.75)
        material = Material(Texture(kind, (tone, other), seed_of(rng)), 1.6, gloss=0.06)
    made = Builder()
    made.add(material, patch((0, 0, 0), (room.width, 0, 0), (0, room.depth, 0), FLOOR_STEP))
    return made.model("floor", "floor")


def ceiling_model(room: Room) -> Model:
    """A plain white ceiling."""
    made = Builder()
    made.add(
        plain(grey(0.86)), patch((0, room.depth, room.height), (room.width, 0, 0), (0, -room.depth, 0), 0.25)
    )
    return made.model("ceiling", "ceiling")


def wall_model(rng: np.random.Generator, wall: Wall, height: float, name: str) -> Model:
    """A wall in up to three differently painted stretches, some with wainscot, and a skirting board."""
    made = Builder()
    cuts = np.sort(rng.uniform(0.25, 0.75, int(rng.integers(0, 3)))) * wall.length
    edges = [0.0, *(c for i, c in enumerate(cuts) if i == 0 or c - cuts[i - 1] > 0.8), wall.length]
    skirting = wood(rng) if rng.random() < 0.5 else plain(grey(0.85))
    for a, b in pairwise(edges):
        split = float(rng.uniform(0.8, 1.1)) if rng.random() < 0.35 else 0.0
        if split:
            made.add(_wainscot(rng), patch((a, 0, 0), (b - a, 0, 0), (0, 0, split), WALL_STEP))
            made.add(skirting, block((a, -0.02, split - 0.02), (b, 0.0, split + 0.02)))
        made.add(_wall_paint(rng), patch((a, 0, split), (b - a, 0, 0), (0, 0, height - split), WALL_STEP))
    made.add(skirting, block((0, -0.014, 0), (wall.length, 0.0, 0.08)))
    return made.model(name, "wall")


def _wall_paint(rng: np.random.Generator) -> Material:
    kind = str(rng.choice(["plaster", "wallpaper", "stripes", "brick"], p=[0.6, 0.18, 0.14, 0.08]))
    if kind == "brick":
        return Material(Texture(kind, ((0.6, 0.38, 0.3), (0.7, 0.68, 0.64)), seed_of(rng)), 0.9)
    base = pale(rng) if rng.random() < 0.7 else vivid(rng, 0.26, 0.64)
    hue, saturation, value = colorsys.rgb_to_hsv(*base)
    second = colorsys.hsv_to_rgb(
        (hue + float(rng.normal(0, 0.08))) % 1, min(1, saturation * 1.2), value * 0.9
    )
    return Material(Texture(kind, (base, second), seed_of(rng)), 1.1)


def _wainscot(rng: np.random.Generator) -> Material:
    if rng.random() < 0.5:
        return Material(Texture("tiles", (pale(rng), vivid(rng, 0.4, 0.6)), seed_of(rng)), 0.7, gloss=0.05)
    return wood(rng)


class WallDresser:
    """Hangs things on the walls of a floor plan, never over a door or window, never behind a cupboard."""

    def __init__(self, plan: FloorPlan, rng: np.random.Generator) -> None:
        self._plan, self._rng, self._count = plan, rng, 0
        self._used: list[list[Interval]] = [[], [], [], []]
        self.lamps: list[Lamp] = []

    def openings(self) -> None:
        """Doors and windows, which furniture must respect: before the furniture is placed."""
        order = [int(i) for i in self._rng.permutation(4)]
        self._hang(order[0], fixtures.door(self._rng, "door-1"), 0.0, self._plan.doors, front=0.9)
        if self._rng.random() < 0.35:
            self._hang(order[1], fixtures.door(self._rng, "door-2"), 0.0, self._plan.doors, front=0.9)
        for index in order[2:] if self._rng.random() < 0.5 else order[2:3]:
            for _ in range(int(self._rng.integers(1, 3))):
                self._window(index)

    def _window(self, index: int) -> None:
        width, height = (float(v) for v in self._rng.uniform([1.0, 1.1], [1.8, 1.4]))
        bottom = 2.3 - height
        s = self._hang(
            index, fixtures.window(self._rng, self._name("window"), width, height), bottom, self._plan.windows
        )
        if s is None:
            return
        wall = walls(self._plan.room)[index]
        left = wall.at(s - width / 2 + 0.06) + 0.02 * wall.inward
        corner = np.array([*left, bottom + 0.06], np.float32)
        edge_u = np.array([*(wall.along * (width - 0.12)), 0], np.float32)
        edge_v = np.array([0, 0, height - 0.12], np.float32)
        light = self._rng.uniform(2.2, 4.5) * np.array([0.88, 0.96, 1.08], np.float32)
        self.lamps.append(Lamp(corner, edge_u, edge_v, light.astype(np.float32)))
        if self._rng.random() < 0.5:
            curtain = fixtures.curtain(self._rng, self._name("curtain"), 2.2)
            for side in (-1, 1):
                self._fix(index, s + side * (width / 2 + 0.2), curtain, 0.12)

    def decorate(self) -> None:
        """Pictures, posters, boards and radiators, after the furniture."""
        for index in range(4):
            for low, high in self._plan.windows[index]:
                if high - low > 1.4 and self._rng.random() < 0.6:
                    self._radiator(index, (low + high) / 2)
            if self._rng.random() < 0.4:
                board = fixtures.whiteboard(
                    self._rng, self._name("whiteboard"), float(self._rng.uniform(1.2, 2.0))
                )
                self._hang(index, board, 1.5, self._used)
            for _ in range(int(self._rng.integers(4, 8))):
                maker = fixtures.poster if self._rng.random() < 0.5 else fixtures.picture_frame
                self._hang(
                    index,
                    maker(self._rng, self._name("art")),
                    float(self._rng.uniform(1.45, 1.75)),
                    self._used,
                )

    def _radiator(self, index: int, s: float) -> None:
        wall, model = walls(self._plan.room)[index], fixtures.radiator(self._rng, self._name("radiator"))
        centre, half = wall.at(s), model.size[0] / 2 + 0.1
        low = np.minimum(centre - half * np.abs(wall.along), centre + 0.3 * wall.inward)
        high = np.maximum(centre + half * np.abs(wall.along), centre + 0.3 * wall.inward)
        if not any((low < t[2:]).all() and (t[:2] < high).all() for t in self._plan.taken):
            self._fix(index, s, model, 0.0)

    def _hang(
        self, index: int, model: Model, z: float, into: list[list[Interval]], front: float = 0.0
    ) -> float | None:
        """Hangs a model at a random free place of a wall and books the place; None when there is none."""
        wall = walls(self._plan.room)[index]
        half = model.size[0] / 2 + EDGE / 2
        for _ in range(30):
            if wall.length <= 2 * half + 0.4:
                return None
            s = float(self._rng.uniform(half + 0.2, wall.length - half - 0.2))
            interval = (s - half, s + half)
            if any(overlap(interval, other) for other in self._booked(index)):
                continue
            into[index].append(interval)
            if front:
                self._keep_free(wall, s, half, front)
            self._fix(index, s, model, z)
            return s
        return None

    def _booked(self, index: int) -> list[Interval]:
        plan = self._plan
        return plan.doors[index] + plan.windows[index] + plan.hidden[index] + self._used[index]

    def _keep_free(self, wall: Wall, s: float, half: float, front: float) -> None:
        """Nothing may stand in front of a door."""
        points = np.stack([wall.at(s - half), wall.at(s + half), wall.at(s) + front * wall.inward])
        self._plan.keep(np.concatenate([points.min(axis=0), points.max(axis=0)]), stands_free=False)

    def _fix(self, index: int, s: float, model: Model, z: float) -> None:
        wall = walls(self._plan.room)[index]
        x, y = wall.at(s)
        self._plan.placements.append(Placement(model, (float(x), float(y), z), wall.yaw))

    def _name(self, what: str) -> str:
        self._count += 1
        return f"{what}-{self._count}"


def ceiling_lamps(rng: np.random.Generator, room: Room) -> tuple[list[Placement], list[Lamp]]:
    """A grid of square panels; one or two of them may be dark."""
    warmth = np.array([1.0, float(rng.uniform(0.86, 0.98)), float(rng.uniform(0.66, 0.95))])
    side = float(rng.uniform(0.45, 0.7))
    columns, rows = max(1, round(room.width / 3)), max(1, round(room.depth / 3))
    power = float(rng.uniform(4.5, 7.5)) * room.width * room.depth / (30 * columns * rows * side**2)
    model = fixtures.ceiling_panel("panel", side, (float(warmth[0]), float(warmth[1]), float(warmth[2])))
    placements, lamps = [], []
    for i in range(columns * rows):
        x = room.width * (i % columns + 0.5) / columns + float(rng.normal(0, 0.15))
        y = room.depth * (i // columns + 0.5) / rows + float(rng.normal(0, 0.15))
        placements.append(Placement(model, (x, y, room.height)))
        strength = float(rng.uniform(0.5, 1.2)) * power
        corner = np.array([x - side / 2, y + side / 2, room.height - 0.03], np.float32)
        edges = np.array([[side, 0, 0], [0, -side, 0]], np.float32)
        lamps.append(Lamp(corner, edges[0], edges[1], (strength * warmth**2.2).astype(np.float32)))
    return placements, lamps
