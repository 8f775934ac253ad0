"""Backpacks, suitcases, plants and bears."""

from __future__ import annotations

import numpy as np

from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import darker, fabric, grey, plain, seed_of, steel, vivid
from reobj.scans.simulator.mesh import Mesh
from reobj.scans.simulator.scene import Material, Model, Texture
from reobj.scans.simulator.shapes import ball, lathe, ribbon, rounded_box, tube


def backpack(rng: np.random.Generator, name: str) -> Model:
    """A body, a front pocket, side pockets, straps and a loop."""
    colour = vivid(rng, 0.6, 0.5)
    cloth, trim = fabric(rng, colour), fabric(rng, darker(colour, 0.45))
    height = float(rng.uniform(0.42, 0.5))
    made = Builder()
    made.add(cloth, rounded_box((0.31, 0.17, height), 0.07, (0, 0, height / 2)))
    made.add(trim, rounded_box((0.24, 0.09, height * 0.45), 0.035, (0, -0.095, height * 0.3)))
    made.add(
        plain(grey(0.1)),
        tube(
            [(-0.13, -0.065, height * 0.68), (0, -0.088, height * 0.72), (0.13, -0.065, height * 0.68)], 0.006
        ),
    )
    for sx in (-1, 1):
        made.add(trim, rounded_box((0.05, 0.12, height * 0.32), 0.02, (sx * 0.16, 0, height * 0.22)))
        strap = [
            (sx * 0.07, 0.075, height - 0.04),
            (sx * 0.09, 0.125, height * 0.7),
            (sx * 0.1, 0.12, height * 0.35),
            (sx * 0.11, 0.07, height * 0.12),
        ]
        made.add(trim, tube(strap, 0.018))
    arc = [
        (0.05 * float(np.cos(a)), 0.05, height - 0.01 + 0.045 * float(np.sin(a)))
        for a in np.linspace(0, np.pi, 7)
    ]
    made.add(trim, tube(arc, 0.008))
    return made.model(name, "backpack")


def suitcase(rng: np.random.Generator, name: str) -> Model:
    """An upright hard case with ribs, wheels and a handle."""
    shell = plain(vivid(rng, 0.55, 0.55), gloss=0.06)
    height = float(rng.uniform(0.52, 0.68))
    made = Builder()
    made.add(shell, rounded_box((0.4, 0.24, height), 0.05, (0, 0, height / 2 + 0.05)))
    for x in np.linspace(-0.13, 0.13, 5):
        made.add(shell, rounded_box((0.025, 0.256, height - 0.12), 0.01, (float(x), 0, height / 2 + 0.05)))
    for sx in (-0.15, 0.15):
        for sy in (-0.08, 0.08):
            made.add(plain(grey(0.1)), rounded_box((0.035, 0.05, 0.06), 0.015, (sx, sy, 0.03)))
    made.add(steel(), tube([(-0.09, 0.08, height + 0.04), (-0.09, 0.08, height + 0.3)], 0.008))
    made.add(steel(), tube([(0.09, 0.08, height + 0.04), (0.09, 0.08, height + 0.3)], 0.008))
    made.add(plain(grey(0.12)), rounded_box((0.22, 0.035, 0.03), 0.012, (0, 0.08, height + 0.3)))
    return made.model(name, "suitcase")


def potted_plant(rng: np.random.Generator, name: str, height: float) -> Model:
    """A pot with bent leaves."""
    pot = 0.13 + 0.14 * height
    radius = 0.45 * pot + 0.02
    clay = plain(vivid(rng, 0.45, 0.6))
    made = Builder()
    made.add(
        clay,
        lathe([(0, 0), (0.72 * radius, 0), (radius, pot), (radius - 0.01, pot), (radius - 0.02, pot * 0.88)]),
    )
    made.add(plain((0.22, 0.16, 0.12)), lathe([(radius - 0.02, pot * 0.88), (0, pot * 0.9)]))
    green = (float(rng.uniform(0.3, 0.42)), float(rng.uniform(0.55, 0.7)), float(rng.uniform(0.22, 0.36)))
    leaves = Material(Texture("leaf", (darker(green, 0.6), green), seed_of(rng)), repeat=0.2)
    count = int(rng.integers(16, 28))
    for i in range(count):
        made.add(
            leaves, _leaf(rng, i * 2.4, pot * 0.88, height, float(rng.uniform(0.12, 0.3)) * (0.4 + height))
        )
    return made.model(name, "potted plant")


def _leaf(rng: np.random.Generator, azimuth: float, base: float, height: float, width: float) -> Mesh:
    """A leaf that rises from the pot and bends over outwards; ``azimuth`` by the golden angle."""
    t = np.linspace(0, 1, 8)
    reach = float(rng.uniform(0.15, 0.5)) * height
    rise = float(rng.uniform(0.5, 1.0)) * (height - base)
    out = np.array([np.cos(azimuth), np.sin(azimuth)])
    radial = 0.02 + reach * t**1.6
    up = base + rise * (1.25 * t - 0.45 * t**3)
    line = np.concatenate([radial[:, None] * out, up[:, None]], axis=1)
    shape = np.clip(np.sin(np.pi * np.clip(t * 1.05 - 0.12, 0, 1)), 0.04, 1) * 0.3 * width
    return ribbon(line, shape, (-out[1], out[0], 0.0))


def teddy_bear(rng: np.random.Generator, name: str) -> Model:
    """A sitting bear out of balls."""
    fur = fabric(rng, vivid(rng, 0.45, 0.55))
    made = Builder()
    made.add(fur, ball(0.1, 0, 0, 0.11), ball(0.08, 0, -0.01, 0.26), ball(0.04, 0, -0.075, 0.25))
    for sx in (-1, 1):
        made.add(
            fur,
            ball(0.03, sx * 0.06, 0, 0.335),
            ball(0.045, sx * 0.11, -0.05, 0.16),
            ball(0.05, sx * 0.075, -0.12, 0.055),
        )
        made.add(plain(grey(0.05)), ball(0.011, sx * 0.03, -0.083, 0.285))
    made.add(plain(grey(0.05)), ball(0.014, 0, -0.115, 0.258))
    return made.model(name, "teddy bear")
