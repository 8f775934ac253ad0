"""Chairs, couches and beds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import darker, fabric, grey, pale, plain, steel, vivid, wood
from reobj.scans.simulator.mesh import Mesh
from reobj.scans.simulator.scene import Model
from reobj.scans.simulator.shapes import block, cylinder, rounded_box, tube


def wooden_chair(rng: np.random.Generator, name: str) -> Model:
    """Four legs, a seat, a back with slats."""
    frame = wood(rng)
    seat = frame if rng.random() < 0.5 else fabric(rng, vivid(rng))
    width, depth, height, top = rng.uniform([0.40, 0.40, 0.43, 0.82], [0.46, 0.46, 0.47, 0.98])
    x, y, leg = width / 2, depth / 2, 0.036
    made = Builder()
    for sx in (-1, 1):
        inner, outer = sorted((sx * (x - leg), sx * x))
        made.add(frame, block((inner, -y, 0), (outer, -y + leg, height)))
        made.add(frame, block((inner, y - leg, 0), (outer, y, top)))
        made.add(frame, block((inner, -y + leg, height - 0.09), (outer, y - leg, height - 0.04)))
    made.add(seat, rounded_box((width, depth, 0.045), 0.018, (0, 0, height)))
    made.add(frame, block((-x + leg, y - 0.032, top - 0.09), (x - leg, y - 0.008, top - 0.01)))
    made.add(frame, block((-x + leg, y - 0.032, height + 0.12), (x - leg, y - 0.008, height + 0.17)))
    for x_slat in np.linspace(-x + 0.09, x - 0.09, int(rng.integers(3, 6))):
        low, high = (x_slat - 0.014, y - 0.027, height + 0.17), (x_slat + 0.014, y - 0.013, top - 0.09)
        made.add(frame, block(low, high))
    return made.model(name, "chair")


def shell_chair(rng: np.random.Generator, name: str) -> Model:
    """A plastic shell on a bent steel frame."""
    shell = plain(vivid(rng, 0.6, 0.6), gloss=0.05)
    width, depth, height = rng.uniform([0.42, 0.42, 0.43], [0.48, 0.47, 0.46])
    x, y = width / 2 - 0.03, depth / 2
    made = Builder()
    for sx in (-1, 1):
        line = [
            (sx * x, -y, 0.01),
            (sx * x, -y + 0.05, height - 0.04),
            (sx * x, y - 0.08, height - 0.04),
            (sx * x, y, 0.01),
        ]
        made.add(steel(), *_bars(line, 0.012))
    made.add(steel(), tube([(-x, -y + 0.05, height - 0.04), (x, -y + 0.05, height - 0.04)], 0.012))
    made.add(shell, rounded_box((width, depth, 0.03), 0.012, (0, 0, height)))
    back = rounded_box((width - 0.02, 0.025, 0.38), 0.011, (0, 0, 0.19)).turned(roll=-0.2)
    made.add(shell, back.moved(y=y - 0.02, z=height + 0.05))
    made.add(
        steel(),
        tube([(0, y - 0.1, height - 0.03), (0, y + 0.01, height), (0, y + 0.05, height + 0.2)], 0.015),
    )
    return made.model(name, "chair")


def _bars(line: list[tuple[float, float, float]], radius: float) -> list[Mesh]:
    return [tube([a, b], radius) for a, b in pairwise(line)]


def office_chair(rng: np.random.Generator, name: str) -> Model:
    """Five castors, a gas spring, padded seat and back, arm rests."""
    cloth = fabric(rng, vivid(rng, 0.5, 0.45) if rng.random() < 0.75 else grey(0.2))
    black = plain(grey(0.13), depth_return=0.8)
    height = float(rng.uniform(0.44, 0.52))
    made = Builder()
    for angle in np.arange(5) * 2 * np.pi / 5:
        dx, dy = 0.27 * np.cos(angle), 0.27 * np.sin(angle)
        made.add(black, tube([(0, 0, 0.11), (dx, dy, 0.07)], 0.018))
        made.add(black, rounded_box((0.05, 0.05, 0.055), 0.02, (dx, dy, 0.03)))
    made.add(steel(), cylinder(0.025, height - 0.13).moved(z=0.09))
    made.add(cloth, rounded_box((0.48, 0.47, 0.09), 0.04, (0, 0, height)))
    back = rounded_box((0.44, 0.07, float(rng.uniform(0.45, 0.6))), 0.034, (0, 0, 0.26)).turned(roll=-0.14)
    made.add(cloth, back.moved(y=0.22, z=height + 0.12))
    made.add(black, tube([(0, 0.12, height - 0.04), (0, 0.27, height), (0, 0.29, height + 0.25)], 0.022))
    if rng.random() < 0.7:
        for sx in (-0.27, 0.27):
            made.add(black, tube([(sx * 0.9, 0, height - 0.03), (sx, 0, height + 0.2)], 0.016))
            made.add(black, rounded_box((0.06, 0.26, 0.03), 0.013, (sx, 0, height + 0.21)))
    return made.model(name, "chair")


def stool(rng: np.random.Generator, name: str) -> Model:
    """A bar stool without a back; a chair to COCO."""
    height = float(rng.uniform(0.58, 0.68))
    made = Builder()
    made.add(plain(vivid(rng, 0.6, 0.6)), rounded_box((0.36, 0.36, 0.07), 0.033, (0, 0, height)))
    for angle in np.arange(4) * np.pi / 2 + np.pi / 4:
        foot, seat = (
            0.25 * np.array([np.cos(angle), np.sin(angle)]),
            0.15 * np.array([np.cos(angle), np.sin(angle)]),
        )
        made.add(steel(), tube([(*foot, 0.01), (*seat, height - 0.02)], 0.014))
    for angle in np.arange(4) * np.pi / 2 + np.pi / 4:
        a = 0.21 * np.array([np.cos(angle), np.sin(angle)])
        made.add(steel(), tube([(a[0], a[1], 0.22), (-a[1], a[0], 0.22)], 0.01))
    return made.model(name, "chair")


def couch(rng: np.random.Generator, name: str) -> Model:
    """Base, arms, back, one cushion per seat, short feet."""
    cloth = fabric(rng, vivid(rng, 0.35, 0.5))
    seats = int(rng.integers(2, 4))
    depth, arm, height = (float(v) for v in rng.uniform([0.82, 0.13, 0.40], [0.95, 0.2, 0.45]))
    inner = 0.62 * seats
    half = inner / 2 + arm
    made = Builder()
    made.add(cloth, rounded_box((2 * half, depth, 0.2), 0.03, (0, 0, 0.2)))
    made.add(cloth, rounded_box((2 * half, 0.2, 0.5), 0.07, (0, depth / 2 - 0.1, 0.53)))
    for sx in (-1, 1):
        made.add(cloth, rounded_box((arm, depth - 0.02, 0.36), 0.06, (sx * (half - arm / 2), 0, 0.4)))
        for sy in (-1, 1):
            foot = cylinder(0.025, 0.1).moved(sx * (half - 0.08), sy * (depth / 2 - 0.08))
            made.add(wood(np.random.default_rng(1)), foot)
    for i in range(seats):
        x = (i - (seats - 1) / 2) * 0.62
        made.add(cloth, rounded_box((0.61, depth - 0.2, 0.15), 0.05, (x, -0.1, height - 0.05)))
        back = rounded_box((0.59, 0.16, 0.38), 0.07, (0, 0, 0.18)).turned(roll=-0.2)
        made.add(cloth, back.moved(x, depth / 2 - 0.29, height))
    pillow = rounded_box((0.4, 0.13, 0.38), 0.06, (0, 0, 0.19)).turned(roll=-0.35)
    made.add(fabric(rng, vivid(rng)), pillow.moved(inner / 2 - 0.22, depth / 2 - 0.5, height + 0.02))
    return made.model(name, "couch")


def bed(rng: np.random.Generator, name: str) -> Model:
    """A frame with headboard, mattress, blanket and two pillows; its head is at +y."""
    frame = wood(rng)
    width = float(rng.choice([0.95, 1.4]))
    length, x = 2.0, width / 2
    cover = vivid(rng, 0.4, 0.55)
    made = Builder()
    made.add(frame, block((-x, -length / 2, 0.14), (x, length / 2, 0.32)))
    made.add(frame, block((-x, length / 2, 0.0), (x, length / 2 + 0.05, float(rng.uniform(0.8, 1.05)))))
    for sx in (-1, 1):
        made.add(frame, cylinder(0.035, 0.15).moved(sx * (x - 0.06), -length / 2 + 0.06))
    made.add(fabric(rng, pale(rng)), rounded_box((width - 0.04, length - 0.04, 0.2), 0.06, (0, 0, 0.4)))
    blanket = rounded_box((width + 0.03, length * 0.66, 0.24), 0.07, (0, -0.3, 0.42))
    made.add(fabric(rng, cover), blanket)
    made.add(
        fabric(rng, darker(cover, 0.6)), rounded_box((width + 0.035, 0.22, 0.245), 0.07, (0, 0.3, 0.423))
    )
    for px in [0.0] if width < 1 else [-0.33, 0.33]:
        pillow = rounded_box((0.56, 0.36, 0.14), 0.065).turned(roll=0.25)
        made.add(fabric(rng, (0.88, 0.87, 0.84)), pillow.moved(px, length / 2 - 0.28, 0.56))
    return made.model(name, "bed")
