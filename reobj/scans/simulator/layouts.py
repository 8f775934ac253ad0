"""Builds the description of a room from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reobj.errors import InputError, mismatch
from reobj.scans.simulator import groups
from reobj.scans.simulator.cast import Cast
from reobj.scans.simulator.catalog import fixtures
from reobj.scans.simulator.floorplan import FloorPlan, walls
from reobj.scans.simulator.labels import OBJECT_IDS
from reobj.scans.simulator.scene import Placement, Room, Scene
from reobj.scans.simulator.shell import WallDresser, ceiling_lamps, ceiling_model, floor_model, wall_model

RECIPES: dict[str, tuple[groups.Maker, ...]] = {
    "office": (
        groups.desk_island, groups.desk_island, groups.kitchenette, groups.cafe, groups.wall_desk,
        groups.couch_corner, groups.shelf_wall, groups.plant_corner,
    ),
    "classroom": (
        groups.school_row, groups.school_row, groups.school_row, groups.tv_corner, groups.shelf_wall,
        groups.kitchenette, groups.wall_desk, groups.plant_corner,
    ),
    "lounge": (
        groups.couch_corner, groups.tv_corner, groups.cafe, groups.cafe, groups.couch_corner,
        groups.shelf_wall, groups.bedroom, groups.wall_desk, groups.plant_corner,
    ),
    "kitchen": (
        groups.kitchenette, groups.dining, groups.bar, groups.cafe, groups.couch_corner, groups.wall_desk,
        groups.shelf_wall, groups.plant_corner,
    ),
}  # fmt: skip
"""What each layout has, the most important first; what finds no room is left out."""

LAYOUTS = (*RECIPES, "random")
WALL_MARGIN = 0.3  #: metres between a rug and the walls
MIN_CLASSES, MIN_OBJECTS, MAX_OBJECTS = 8, 25, 60


def build_scene(seed: int, layout: str = "random") -> Scene:
    """The description of a room. The same arguments always give the same room.

    Args:
        seed: >= 0; another seed is another room: size, furniture, textures, light.
        layout: one of ``LAYOUTS``; ``random`` lets the seed choose.

    Raises:
        InputError: unknown layout, negative seed.
    """
    if layout not in LAYOUTS:
        raise InputError(mismatch("layout", ", ".join(LAYOUTS), layout))
    if seed < 0:
        raise InputError(mismatch("seed", "an integer >= 0", seed))
    rng = np.random.default_rng([seed, LAYOUTS.index(layout)])
    chosen = layout if layout != "random" else str(rng.choice(list(RECIPES)))
    while True:  # a room in which too little found its place is thrown away
        scene = _attempt(np.random.default_rng(rng.integers(1 << 62)), seed, chosen)
        classes = {p.model.label for p in scene.objects}
        if len(classes) >= MIN_CLASSES and MIN_OBJECTS <= len(scene.objects) <= MAX_OBJECTS:
            return scene


def _attempt(rng: np.random.Generator, seed: int, layout: str) -> Scene:
    width, depth, height = (float(v) for v in rng.uniform([7.0, 6.0, 2.55], [9.0, 7.8, 2.9]))
    room = Room(width, depth, height)
    plan, cast = FloorPlan(room), Cast(rng)
    dresser = WallDresser(plan, rng)
    dresser.openings()
    for make in RECIPES[layout]:
        plan.place(make(cast, rng), rng)
    stations = np.stack(plan.stations) if plan.stations else np.zeros((0, 2))
    dresser.decorate()
    _lay_rugs(plan, rng)
    panels, lamps = ceiling_lamps(rng, room)
    placements = _with_ids([*_shell(rng, room), *panels, *plan.placements])
    return Scene(seed, layout, room, placements, (*lamps, *dresser.lamps), stations)


def _shell(rng: np.random.Generator, room: Room) -> list[Placement]:
    parts = [Placement(floor_model(rng, room), (0, 0, 0)), Placement(ceiling_model(room), (0, 0, 0))]
    for i, wall in enumerate(walls(room)):
        x, y = wall.start
        parts.append(
            Placement(wall_model(rng, wall, room.height, f"wall-{i}"), (float(x), float(y), 0), wall.yaw)
        )
    return parts


def _lay_rugs(plan: FloorPlan, rng: np.random.Generator) -> None:
    """Rugs under up to two groups."""
    size = np.array([plan.room.width, plan.room.depth])
    for number, i in enumerate(rng.permutation(len(plan.stations))[: int(rng.integers(1, 3))]):
        x, y = centre = plan.stations[i]
        half = np.minimum(rng.uniform(0.8, 1.4, 2), np.minimum(centre, size - centre) - WALL_MARGIN)
        if half.min() > 0.4 and _apart(plan, x, y):
            model = fixtures.rug(rng, f"rug-{number}", 2 * float(half[0]), 2 * float(half[1]))
            plan.placements.append(Placement(model, (float(x), float(y), 0.0)))


def _apart(plan: FloorPlan, x: float, y: float) -> bool:
    """Whether no rug lies near."""
    rugs = [p.position for p in plan.placements if p.model.label == "rug"]
    return all(abs(x - rx) > 2.9 or abs(y - ry) > 2.9 for rx, ry, _ in rugs)


def _with_ids(placements: list[Placement]) -> tuple[Placement, ...]:
    """Numbers the objects 1, 2, 3... in the order of their placing."""
    numbered, count = [], 0
    for p in placements:
        if p.model.label in OBJECT_IDS:
            count += 1
            p = replace(p, object_id=count)
        numbered.append(p)
    return tuple(numbered)
