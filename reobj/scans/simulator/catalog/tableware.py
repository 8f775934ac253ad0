"""Small things that stand on tables: cups, bottles, bowls, vases, books."""

from __future__ import annotations

import numpy as np

from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import darker, grey, picture, plain, seed_of, steel, vivid
from reobj.scans.simulator.scene import Model
from reobj.scans.simulator.shapes import ball, block, cylinder, lathe, patch, tube


def cup(rng: np.random.Generator, name: str) -> Model:
    """A mug with a handle and something in it."""
    radius, height = float(rng.uniform(0.038, 0.046)), float(rng.uniform(0.085, 0.11))
    china = plain(vivid(rng, 0.6, 0.7), gloss=0.08)
    made = Builder()
    wall = [
        (0, 0),
        (radius * 0.85, 0),
        (radius, 0.012),
        (radius, height),
        (radius - 0.005, height),
        (radius - 0.006, height * 0.75),
    ]
    made.add(china, lathe(wall))
    made.add(plain((0.25, 0.15, 0.1)), lathe([(radius - 0.006, height * 0.75), (0, height * 0.75)]))
    if rng.random() < 0.5:
        made.add(
            plain(vivid(rng)), lathe([(radius + 0.0008, height * 0.35), (radius + 0.0008, height * 0.6)])
        )
    angle = np.linspace(-np.pi / 2, np.pi / 2, 7)
    arc = np.stack([radius + 0.028 * np.cos(angle), 0 * angle, height * 0.5 + 0.028 * np.sin(angle)], axis=1)
    made.add(china, tube(arc.tolist(), 0.006))
    return made.model(name, "cup")


def bottle(rng: np.random.Generator, name: str) -> Model:
    """A bottle with a label and a cap."""
    radius, height = float(rng.uniform(0.034, 0.044)), float(rng.uniform(0.22, 0.31))
    glass = plain(vivid(rng, 0.65, 0.4), gloss=0.15, depth_return=0.8)
    shoulder, neck = height * float(rng.uniform(0.55, 0.68)), 0.014
    made = Builder()
    made.add(glass, lathe([(0, 0), (radius, 0.004), (radius, shoulder), (radius * 0.8, shoulder + 0.03),
                           (neck, shoulder + 0.075), (neck, height - 0.02)]))  # fmt: skip
    made.add(plain(vivid(rng)), cylinder(neck + 0.002, 0.022, 12).moved(z=height - 0.022))
    low, high = 0.25 * shoulder, 0.8 * shoulder
    band = (
        lathe([(radius + 0.001, low), (radius + 0.001, high)])
        .moved(z=-low)
        .fitted(2 * np.pi * radius, high - low)
    )
    made.add(
        picture("poster", (vivid(rng, 0.3, 0.85), vivid(rng), vivid(rng)), seed_of(rng)), band.moved(z=low)
    )
    return made.model(name, "bottle")


def bowl(rng: np.random.Generator, name: str) -> Model:
    """An open bowl with fruit."""
    radius = float(rng.uniform(0.09, 0.14))
    made = Builder()
    outside = [(0, 0), (0.5 * radius, 0), (0.85 * radius, 0.3 * radius), (radius, 0.62 * radius)]
    inside = [(0.96 * radius, 0.62 * radius), (0.8 * radius, 0.32 * radius), (0, 0.1 * radius)]
    made.add(plain(vivid(rng, 0.5, 0.7), gloss=0.06), lathe(outside + inside, 28))
    fruit = plain(vivid(rng, 0.75, 0.75))
    for angle in np.arange(3) * 2 * np.pi / 3:
        x, y = 0.42 * radius * np.cos(angle), 0.42 * radius * np.sin(angle)
        made.add(fruit, ball(0.036, x, y, 0.36 * radius + 0.036))
    return made.model(name, "bowl")


def vase(rng: np.random.Generator, name: str) -> Model:
    """A tall vase of random outline."""
    height = float(rng.uniform(0.2, 0.34))
    radii = rng.uniform([0.04, 0.05, 0.04, 0.02, 0.03], [0.06, 0.1, 0.09, 0.04, 0.055])
    smooth = np.interp(np.linspace(0, 4, 17), np.arange(5), radii)
    smooth = np.convolve(np.pad(smooth, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    profile = [(0.0, 0.0), *zip(smooth.tolist(), np.linspace(0, height, 17).tolist(), strict=True)]
    colour = vivid(rng, 0.55, 0.55)
    made = Builder()
    made.add(plain(colour, gloss=0.1), lathe([*profile, (smooth[-1] - 0.006, height)], 24))
    made.add(
        plain(darker(colour, 0.3)),
        lathe([(smooth[-1] - 0.006, height), (smooth[-1] - 0.006, height - 0.05), (0, height - 0.05)], 24),
    )
    return made.model(name, "vase")


def book(rng: np.random.Generator, name: str) -> Model:
    """A closed book that lies on its back, cover upwards."""
    width, depth, height = (float(v) for v in rng.uniform([0.15, 0.21, 0.02], [0.2, 0.28, 0.05]))
    cover = vivid(rng, 0.6, 0.55)
    x, y = width / 2, depth / 2
    made = Builder()
    made.add(
        plain(cover),
        block((-x, -y, 0), (x, y, 0.004), 0.07),
        block((-x, -y, 0.004), (-x + 0.004, y, height - 0.004), 0.07),
    )
    made.add(plain(cover), block((-x, -y, height - 0.004), (x, y, height), 0.07))
    made.add(
        plain((0.87, 0.84, 0.76)),
        block((-x + 0.004, -y + 0.004, 0.004), (x - 0.004, y - 0.004, height - 0.004), 0.07),
    )
    front = patch((-x, -y, height + 0.0008), (width, 0, 0), (0, depth, 0), 0.07).fitted(width, depth)
    made.add(picture("poster", (cover, vivid(rng), vivid(rng), vivid(rng, 0.2, 0.9)), seed_of(rng)), front)
    return made.model(name, "book")


def sink(rng: np.random.Generator, name: str) -> Model:
    """A basin with a rim and a tap, set on a counter; its back is at +y."""
    metal = steel() if rng.random() < 0.6 else plain((0.88, 0.88, 0.86), gloss=0.1)
    x, y, rim = 0.27, 0.2, 0.03
    made = Builder()
    made.add(
        plain(grey(0.42), gloss=0.2, depth_return=0.7),
        block((-x + rim, -y + rim, 0), (x - rim, y - rim, 0.004), 0.05),
    )
    for low, high in (
        ((-x, -y), (x, -y + rim)),
        ((-x, y - rim), (x, y)),
        ((-x, -y + rim), (-x + rim, y - rim)),
        ((x - rim, -y + rim), (x, y - rim)),
    ):
        made.add(metal, block((*low, 0), (*high, 0.05), 0.05))
    made.add(plain(grey(0.08)), cylinder(0.025, 0.006).moved(z=0.003))
    angle = np.linspace(0, np.pi, 9)
    arc = [(0.0, y - 0.1 + 0.085 * float(np.cos(a)), 0.27 + 0.085 * float(np.sin(a))) for a in angle]
    made.add(steel(), tube([(0, y - 0.015, 0.05), *arc, (0, y - 0.185, 0.22)], 0.012))
    return made.model(name, "sink")
