"""Tables, counters, shelves and cupboards."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import WOODS, grey, picture, plain, seed_of, steel, vivid, wood
from reobj.scans.simulator.mesh import Mesh, merge
from reobj.scans.simulator.scene import Material, Model, Texture
from reobj.scans.simulator.shapes import block, cylinder, lathe, patch, tube

TOP_STEP = 0.05  #: metres: table tops carry the shadows of small things


def dining_table(rng: np.random.Generator, name: str, length: float, width: float) -> Model:
    """Four wooden legs, an apron, a top."""
    top, x, y, height = wood(rng, gloss=0.05), length / 2, width / 2, 0.74
    legs = top if rng.random() < 0.6 else plain(grey(0.85))
    leg = float(rng.uniform(0.05, 0.08))
    made = Builder()
    made.add(top, block((-x, -y, height - 0.035), (x, y, height), TOP_STEP))
    for sx in (-1, 1):
        for sy in (-1, 1):
            cx, cy = sx * (x - leg / 2 - 0.03), sy * (y - leg / 2 - 0.03)
            low, high = (cx - leg / 2, cy - leg / 2, 0), (cx + leg / 2, cy + leg / 2, height - 0.035)
            made.add(legs, block(low, high))
        ax, ay = sx * (x - 0.06), sx * (y - 0.06)
        made.add(legs, block((ax - 0.01, -y + 0.1, height - 0.11), (ax + 0.01, y - 0.1, height - 0.035)))
        made.add(legs, block((-x + 0.1, ay - 0.01, height - 0.11), (x - 0.1, ay + 0.01, height - 0.035)))
    return made.model(name, "dining table")


def round_table(rng: np.random.Generator, name: str, radius: float, height: float = 0.74) -> Model:
    """A round top on one foot."""
    top, foot = wood(rng, gloss=0.05), steel() if rng.random() < 0.5 else plain(grey(0.2))
    radii = [0.0, *np.linspace(radius, 0, 1 + int(np.ceil(radius / 0.07)))]
    profile = [(r, height - (0.03 if i < 1 else 0.0)) for i, r in enumerate(radii)]
    profile.insert(1, (radius, height - 0.03))
    made = Builder()
    made.add(top, _flat_uv(lathe(profile, 36)))
    made.add(
        foot, cylinder(0.04, height - 0.05).moved(z=0.02), cylinder(0.6 * radius, 0.025, 24, 0.5 * radius)
    )
    return made.model(name, "dining table")


def _flat_uv(mesh: Mesh) -> Mesh:
    """Texture straight from above, so that wood grain does not run in circles."""
    return Mesh(
        mesh.vertices, mesh.normals, mesh.vertices[:, :2] + mesh.vertices[:, 2:], mesh.faces, mesh.materials
    )


def desk(rng: np.random.Generator, name: str, length: float, width: float = 0.75) -> Model:
    """An office desk: light top, steel legs, a modesty panel at +y, a drawer unit."""
    top = wood(rng) if rng.random() < 0.6 else plain((0.82, 0.82, 0.8))
    x, y, height = length / 2, width / 2, 0.73
    made = Builder()
    made.add(top, block((-x, -y, height - 0.028), (x, y, height), TOP_STEP))
    for sx in (-x + 0.05, x - 0.05):
        made.add(steel(), block((sx - 0.02, -y + 0.08, 0.03), (sx + 0.02, -y + 0.12, height - 0.028)))
        made.add(steel(), block((sx - 0.02, y - 0.12, 0.03), (sx + 0.02, y - 0.08, height - 0.028)))
        made.add(steel(), block((sx - 0.02, -y + 0.04, 0), (sx + 0.02, y - 0.04, 0.03)))
    made.add(top, block((-x + 0.08, y - 0.06, 0.3), (x - 0.08, y - 0.04, height - 0.028)))
    front = -y + 0.06
    made.add(plain(grey(0.75)), block((x - 0.48, front, 0.08), (x - 0.09, y - 0.14, 0.6)))
    for z in (0.1, 0.27, 0.44):
        made.add(plain(grey(0.6)), block((x - 0.47, front - 0.012, z), (x - 0.1, front, z + 0.15)))
        made.add(
            steel(), tube([(x - 0.34, front - 0.025, z + 0.1), (x - 0.23, front - 0.025, z + 0.1)], 0.006)
        )
    return made.model(name, "desk")


def counter(rng: np.random.Generator, name: str, length: float) -> Model:
    """A kitchen counter with doors; its back is at +y."""
    front = plain(vivid(rng, 0.3, 0.7)) if rng.random() < 0.6 else wood(rng)
    stone = Material(
        Texture("marble", ((0.72, 0.71, 0.69), (0.4, 0.38, 0.37)), seed_of(rng)), 0.7, gloss=0.08
    )
    x, y = length / 2, 0.3
    made = Builder()
    made.add(plain(grey(0.2)), block((-x, -y + 0.06, 0), (x, y, 0.1)))
    made.add(front, block((-x, -y + 0.02, 0.1), (x, y, 0.87)))
    made.add(stone, block((-x, -y - 0.02, 0.87), (x, y, 0.905), TOP_STEP))
    made.add(stone, block((-x, y - 0.02, 0.905), (x, y, 1.0), TOP_STEP))
    edges = np.linspace(-x, x, 1 + max(1, round(length / 0.6)))
    for a, b in pairwise(edges):
        made.add(front, block((a + 0.006, -y, 0.11), (b - 0.006, -y + 0.018, 0.86)))
        made.add(steel(), tube([(b - 0.06, -y - 0.02, 0.68), (b - 0.06, -y - 0.02, 0.8)], 0.007))
    return made.model(name, "counter")


def wall_cupboard(rng: np.random.Generator, name: str, length: float) -> Model:
    """Closed cupboards that hang above a counter."""
    body = plain(vivid(rng, 0.25, 0.75)) if rng.random() < 0.6 else wood(rng)
    x = length / 2
    made = Builder()
    made.add(body, block((-x, -0.16, 0), (x, 0.16, 0.65)))
    edges = np.linspace(-x, x, 1 + max(1, round(length / 0.5)))
    for a, b in pairwise(edges):
        made.add(body, block((a + 0.006, -0.18, 0.008), (b - 0.006, -0.162, 0.642)))
        made.add(steel(), tube([(b - 0.05, -0.2, 0.05), (b - 0.05, -0.2, 0.17)], 0.006))
    return made.model(name, "cabinet")


def bookshelf(rng: np.random.Generator, name: str, width: float, height: float) -> Model:
    """Boards with rows of spines; part of the background, for no two places have the same books."""
    board, x, depth = wood(rng), width / 2, 0.3
    made = Builder()
    for sx in (-x + 0.0125, x - 0.0125):
        made.add(board, block((sx - 0.0125, -depth / 2, 0), (sx + 0.0125, depth / 2, height)))
    made.add(board, block((-x + 0.025, depth / 2 - 0.012, 0), (x - 0.025, depth / 2, height)))
    levels = np.linspace(0.06, height - 0.025, 1 + round(height / 0.36))
    for z in levels:
        made.add(board, block((-x + 0.025, -depth / 2 + 0.005, z), (x - 0.025, depth / 2 - 0.012, z + 0.022)))
    for z, above in pairwise(levels):
        made.add(_spines(rng), _book_row(rng, x - 0.03, z + 0.022, above - z - 0.022))
    return made.model(name, "bookshelf")


def _spines(rng: np.random.Generator) -> Material:
    return picture("books", tuple(vivid(rng, 0.5, 0.5) for _ in range(5)), seed_of(rng))


def _book_row(rng: np.random.Generator, half: float, z: float, room: float) -> Mesh:
    """A block of books that fills part of a shelf."""
    length = float(rng.uniform(0.5, 1.0)) * 2 * half
    height = room * float(rng.uniform(0.7, 0.92))
    front = patch((-half, -0.06, z), (length, 0, 0), (0, 0, height)).fitted(max(length, 0.6), -height)
    top = patch((-half, -0.06, z + height), (length, 0, 0), (0, 0.18, 0)).fitted(4.0, 60.0)
    side = patch((-half + length, -0.06, z), (0, 0.18, 0), (0, 0, height)).fitted(60.0, -height)
    return merge([front, top, side])


def low_cabinet(rng: np.random.Generator, name: str, width: float, height: float = 0.55) -> Model:
    """A sideboard with doors, for a tv."""
    body = Material(Texture("wood", WOODS[rng.integers(len(WOODS))], seed_of(rng)), 0.9, gloss=0.04)
    x = width / 2
    made = Builder()
    made.add(body, block((-x, -0.2, 0.08), (x, 0.2, height), TOP_STEP))
    for sx in (-x + 0.06, x - 0.06):
        for sy in (-0.15, 0.15):
            made.add(plain(grey(0.2)), cylinder(0.02, 0.08).moved(sx, sy))
    edges = np.linspace(-x, x, 1 + max(2, round(width / 0.5)))
    for a, b in pairwise(edges):
        made.add(body, block((a + 0.006, -0.215, 0.1), (b - 0.006, -0.2, height - 0.03)))
        knob = cylinder(0.012, 0.02, 8).turned(roll=np.pi / 2).moved((a + b) / 2, -0.215, height - 0.1)
        made.add(steel(), knob)
    return made.model(name, "cabinet")
