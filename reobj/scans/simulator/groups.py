"""The groups of furniture that layouts are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reobj.scans.simulator.cast import Cast
from reobj.scans.simulator.catalog import tables
from reobj.scans.simulator.group import Group, Spot
from reobj.scans.simulator.mesh import rotation_matrix
from reobj.scans.simulator.scene import Model

Maker = Callable[[Cast, np.random.Generator], Group]


def _small(cast: Cast, rng: np.random.Generator, counts: dict[str, tuple[int, int]]) -> list[Model]:
    """Random numbers of small products, the same model for all of one kind."""
    chosen: list[Model] = []
    for key, (low, high) in counts.items():
        chosen += [cast.any(rng, key)] * int(rng.integers(low, high + 1))
    return chosen


def _wobble(rng: np.random.Generator, degrees: float = 12.0) -> float:
    return float(np.clip(rng.normal(0, np.deg2rad(degrees) / 2), -np.deg2rad(degrees), np.deg2rad(degrees)))


def dining(cast: Cast, rng: np.random.Generator) -> Group:
    """A long table, equal chairs on both sides, tableware."""
    group, table, chair = Group(False), cast.any(rng, "table"), cast.any(rng, "dining chair")
    group.put(table, 0, 0)
    half_x, half_y = table.size[0] / 2, table.size[1] / 2
    for x in (-0.26 * table.size[0], 0.26 * table.size[0]):
        reach = half_y + chair.size[1] / 2 + float(rng.uniform(0.03, 0.15))
        group.put(chair, x, -reach, 0, np.pi + _wobble(rng))
        group.put(chair, x, reach, 0, _wobble(rng))
    if rng.random() < 0.5:
        group.put(chair, half_x + chair.size[1] / 2 + 0.08, 0, 0, -np.pi / 2 + _wobble(rng))
    spot = Spot(-half_x + 0.05, -half_y + 0.05, half_x - 0.05, half_y - 0.05, table.size[2])
    group.scatter(
        rng,
        _small(
            cast,
            rng,
            {
                "bowl": (0, 1),
                "vase": (0, 1),
                "laptop": (0, 1),
                "cup": (2, 3),
                "bottle": (1, 2),
                "book": (0, 1),
            },
        ),
        spot,
    )
    return group


def cafe(cast: Cast, rng: np.random.Generator) -> Group:
    """A round table with equal chairs around it."""
    group, table, chair = Group(False), cast.any(rng, "round table"), cast.any(rng, "dining chair")
    group.put(table, 0, 0)
    count, start = int(rng.integers(3, 5)), float(rng.uniform(0, 2 * np.pi))
    for angle in start + np.arange(count) * 2 * np.pi / count:
        reach = table.size[0] / 2 + chair.size[1] / 2 + 0.06
        group.put(chair, reach * np.cos(angle), reach * np.sin(angle), 0, angle - np.pi / 2 + _wobble(rng))
    side = table.size[0] / 2 * 0.68
    spot = Spot(-side, -side, side, side, table.size[2])
    group.scatter(
        rng,
        _small(
            cast,
            rng,
            {"laptop": (0, 1), "cup": (1, 2), "bottle": (1, 1), "desk plant": (0, 1), "book": (0, 1)},
        ),
        spot,
    )
    return group


def _workplace(group: Group, cast: Cast, rng: np.random.Generator, x: float, y: float, yaw: float) -> None:
    """A desk with its chair and things; the person sits at the local -y side."""
    place, desk, chair = Group(False), cast.any(rng, "desk"), cast.any(rng, "desk chair")
    place.put(desk, 0, 0)
    place.put(
        chair,
        _wobble(rng) * 0.5,
        -desk.size[1] / 2 - chair.size[1] / 2 - float(rng.uniform(0.03, 0.12)),
        0,
        np.pi + _wobble(rng, 25),
    )
    half_x, half_y, top = desk.size[0] / 2, desk.size[1] / 2, desk.size[2]
    spot = Spot(-half_x + 0.03, -half_y + 0.03, half_x - 0.03, half_y - 0.03, top)
    if rng.random() < 0.65:
        monitor, keyboard = cast.any(rng, "monitor"), cast.any(rng, "keyboard")
        place.put(monitor, 0, 0.18, top, _wobble(rng, 10))
        place.put(keyboard, 0, -0.18, top, _wobble(rng, 6))
        spot.take(0, 0.15, monitor)
        spot.take(0, -0.18, keyboard)
    else:
        laptop = cast.any(rng, "laptop")
        place.put(laptop, 0, -0.05, top, _wobble(rng))
        spot.take(0, 0, laptop)
    wanted = {"cup": (0, 1), "bottle": (0, 1), "book": (0, 1), "desk plant": (0, 1)}
    place.scatter(rng, _small(cast, rng, wanted), spot)
    if rng.random() < 0.4:
        pack = cast.any(rng, "backpack")
        place.put_beside(pack, -half_x - 0.08, -1, -0.1, _wobble(rng, 30))
    turn = rotation_matrix(yaw)[:2, :2]
    for item in place.items:
        px, py = turn @ [item.x, item.y] + [x, y]
        group.put(item.model, float(px), float(py), item.z, item.yaw + yaw)


def desk_island(cast: Cast, rng: np.random.Generator) -> Group:
    """Two desks back to back."""
    group = Group(False)
    gap = cast.any(rng, "desk").size[1] / 2 + 0.02
    _workplace(group, cast, rng, 0, -gap, 0.0)
    _workplace(group, cast, rng, 0, gap, np.pi)
    return group


def wall_desk(cast: Cast, rng: np.random.Generator) -> Group:
    """One desk against the wall."""
    group = Group(True)
    _workplace(group, cast, rng, 0, 0, 0.0)
    return group


def school_row(cast: Cast, rng: np.random.Generator) -> Group:
    """Two desks side by side, their chairs behind them."""
    group, width = Group(False), cast.any(rng, "desk").size[0] + 0.52
    for x in (-width / 2, width / 2):
        _workplace(group, cast, rng, x, 0, 0.0)
    return group


def couch_corner(cast: Cast, rng: np.random.Generator) -> Group:
    """A couch at the wall, a low table before it, a plant beside it."""
    group, couch, table = Group(True), cast.any(rng, "couch"), cast.any(rng, "low table")
    group.put(couch, 0, 0)
    reach = -couch.size[1] / 2 - table.size[1] / 2 - 0.3
    group.put(table, 0, reach)
    side = table.size[0] / 2 * 0.68
    wanted = {"cup": (1, 2), "book": (1, 2), "bowl": (0, 1)}
    group.scatter(
        rng, _small(cast, rng, wanted), Spot(-side, reach - side, side, reach + side, table.size[2])
    )
    plant = cast.any(rng, "tall plant" if rng.random() < 0.6 else "low plant")
    behind = couch.size[1] / 2 - plant.size[1] / 2
    group.put_beside(plant, couch.size[0] / 2 + 0.06, 1, behind, float(rng.uniform(0, 6)))
    if rng.random() < 0.5:
        pack = cast.any(rng, "backpack")
        group.put_beside(pack, -couch.size[0] / 2 - 0.1, -1, 0.1, _wobble(rng, 40))
    return group


def tv_corner(cast: Cast, rng: np.random.Generator) -> Group:
    """A television on a sideboard with vases or books."""
    group, screen = Group(True), cast.any(rng, "television")
    width = screen.size[0] + 0.7
    cabinet = tables.low_cabinet(rng, f"sideboard-{rng.integers(1 << 20)}", width)
    group.put(cabinet, 0, 0)
    group.put(screen, 0, 0.08, cabinet.size[2])
    for sx, key in ((-1, "vase"), (1, str(rng.choice(["book", "desk plant", "teddy bear"])))):
        group.put(cast.any(rng, key), sx * (width / 2 - 0.16), 0.0, cabinet.size[2], _wobble(rng, 30))
    return group


def kitchenette(cast: Cast, rng: np.random.Generator) -> Group:
    """A counter with sinks, a microwave and bottles, a refrigerator, cupboards above."""
    group, fridge, sink = Group(True), cast.any(rng, "refrigerator"), cast.any(rng, "sink")
    length = float(rng.uniform(2.2, 3.0))
    counter = tables.counter(rng, f"counter-{rng.integers(1 << 20)}", length)
    group.put(counter, 0, 0)
    spot = Spot(-length / 2 + 0.03, -0.27, length / 2 - 0.03, 0.27, 0.905)
    for x in (-length / 2 + 0.4, -length / 2 + 1.05)[: int(rng.integers(1, 3))]:
        group.put(sink, x, 0.0, 0.905)
        spot.take(x, 0.0, sink)
    oven = cast.any(rng, "microwave")
    group.put(oven, length / 2 - 0.35, 0.08, 0.905, _wobble(rng, 5))
    spot.take(length / 2 - 0.35, 0.08, oven)
    group.scatter(rng, _small(cast, rng, {"bottle": (2, 3), "cup": (2, 4), "bowl": (0, 1)}), spot)
    group.put(fridge, length / 2 + fridge.size[0] / 2 + 0.03, -0.03)
    cupboard = tables.wall_cupboard(
        rng, f"cupboard-{rng.integers(1 << 20)}", length * float(rng.uniform(0.6, 0.95))
    )
    group.put(cupboard, 0, 0.12, 1.45)
    return group


def bar(cast: Cast, rng: np.random.Generator) -> Group:
    """A free-standing counter with stools."""
    group, stool = Group(False), cast.any(rng, "stool")
    length = float(rng.uniform(1.6, 2.2))
    counter = tables.counter(rng, f"bar-{rng.integers(1 << 20)}", length)
    group.put(counter, 0, 0)
    for x in np.linspace(-length / 2 + 0.3, length / 2 - 0.3, 3):
        group.put(stool, float(x), counter.size[1] / 2 + 0.24, 0, _wobble(rng, 30))
    spot = Spot(-length / 2 + 0.05, -0.27, length / 2 - 0.05, 0.25, 0.905)
    group.scatter(
        rng,
        _small(
            cast, rng, {"bowl": (0, 1), "laptop": (0, 1), "cup": (1, 3), "bottle": (1, 2), "vase": (0, 1)}
        ),
        spot,
    )
    return group


def bedroom(cast: Cast, rng: np.random.Generator) -> Group:
    """A bed with its head at the wall, things beside and on it."""
    group, bed = Group(True), cast.any(rng, "bed")
    group.put(bed, 0, 0)
    side = bed.size[0] / 2
    group.put_beside(cast.any(rng, "suitcase"), side + 0.1, 1, -0.6, _wobble(rng, 30))
    group.put_beside(cast.any(rng, "low plant"), -side - 0.1, -1, 0.65, float(rng.uniform(0, 6)))
    group.put(cast.any(rng, "teddy bear"), 0.1, 0.05, 0.545, _wobble(rng, 40))
    return group


def shelf_wall(cast: Cast, rng: np.random.Generator) -> Group:
    """A bookshelf, sometimes with things on top, and luggage or a plant beside it."""
    group, height = Group(True), float(rng.choice([1.15, 1.9]))
    shelf = tables.bookshelf(rng, f"bookshelf-{rng.integers(1 << 20)}", float(rng.uniform(0.9, 1.7)), height)
    group.put(shelf, 0, 0)
    if height < 1.5:
        spot = Spot(-shelf.size[0] / 2 + 0.02, -0.15, shelf.size[0] / 2 - 0.02, 0.14, shelf.size[2])
        group.scatter(
            rng, _small(cast, rng, {"vase": (1, 2), "teddy bear": (0, 1), "desk plant": (0, 1)}), spot
        )
    beside = cast.any(rng, str(rng.choice(["suitcase", "backpack", "low plant"])))
    group.put_beside(beside, shelf.size[0] / 2 + 0.1, 1, 0.0, _wobble(rng, 20))
    return group


def plant_corner(cast: Cast, rng: np.random.Generator) -> Group:
    """A tall plant and a backpack at the wall."""
    group, plant, pack = Group(True), cast.any(rng, "tall plant"), cast.any(rng, "backpack")
    group.put_beside(plant, 0.0, -1, 0.0, float(rng.uniform(0, 6)))
    group.put_beside(pack, 0.12, 1, 0.0, _wobble(rng, 40))
    return group
