"""What belongs to a place: doors, windows, pictures, rugs, radiators, lamps. Never an instance."""

from __future__ import annotations

import numpy as np

from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import fabric, grey, picture, plain, seed_of, steel, vivid, wood
from reobj.scans.simulator.mesh import Mesh
from reobj.scans.simulator.scene import Material, Model, Texture
from reobj.scans.simulator.shapes import block, facing, patch, tube


def door(rng: np.random.Generator, name: str) -> Model:
    """A leaf with two panels in a frame; back at y = 0."""
    leaf = wood(rng) if rng.random() < 0.5 else plain(vivid(rng, 0.3, 0.7))
    frame = plain(grey(float(rng.uniform(0.5, 0.88))))
    made = Builder()
    for sx in (-0.5, 0.43):
        made.add(frame, block((sx, -0.05, 0), (sx + 0.07, -0.002, 2.1)))
    made.add(frame, block((-0.5, -0.05, 2.1), (0.5, -0.002, 2.17)))
    made.add(leaf, block((-0.43, -0.03, 0.005), (0.43, -0.002, 2.1)))
    for low, high in ((0.2, 0.95), (1.1, 1.95)):
        made.add(leaf, block((-0.3, -0.038, low), (0.3, -0.03, high)))
    made.add(
        steel(),
        tube([(0.37, -0.08, 1.03), (0.25, -0.08, 1.03)], 0.01),
        tube([(0.37, -0.08, 1.03), (0.37, -0.03, 1.03)], 0.01),
    )
    return made.model(name, "door")


def window(rng: np.random.Generator, name: str, width: float, height: float) -> Model:
    """A glowing view in a white frame with a sill; back at y = 0."""
    frame = plain(grey(0.85))
    view = picture("outside", ((1.0, 1.0, 1.0),), seed_of(rng), glow=1.6)
    x = width / 2
    made = Builder()
    made.add(
        Material(view.texture, 1.0, gloss=0.1, depth_return=0.15, glow=view.glow),
        facing(width - 0.1, height - 0.1, -0.01, 0.05),
    )
    bars = (
        ((-x, 0), (-x + 0.06, height)),
        ((x - 0.06, 0), (x, height)),
        ((-0.025, 0.06), (0.025, height - 0.06)),
        ((-x + 0.06, 0), (x - 0.06, 0.06)),
        ((-x + 0.06, height - 0.06), (x - 0.06, height)),
    )
    for a, b in bars:
        made.add(frame, block((a[0], -0.05, a[1]), (b[0], -0.002, b[1])))
    made.add(frame, block((-x - 0.05, -0.16, -0.04), (x + 0.05, -0.002, -0.002)))
    return made.model(name, "window")


def curtain(rng: np.random.Generator, name: str, height: float) -> Model:
    """Wavy cloth from a rail; back at y = 0."""
    t = np.linspace(-0.25, 0.25, 41)
    cloth = patch((-0.25, 0, 0), (0.5, 0, 0), (0, 0, height), 0.0125)
    columns = np.argmin(np.abs(cloth.vertices[:, :1] - t[None].astype(np.float32)), axis=1)
    phase = 2 * np.pi * 5 * t / 0.5
    vertices, normals = cloth.vertices.copy(), cloth.normals.copy()
    vertices[:, 1] = (-0.07 + 0.03 * np.sin(phase))[columns]
    slope = (0.03 * 2 * np.pi * 10 * np.cos(phase))[columns]
    normals = np.stack([slope, -np.ones_like(slope), 0 * slope], axis=1) / np.sqrt(1 + slope**2)[:, None]
    made = Builder()
    made.add(
        fabric(rng, vivid(rng, 0.4, 0.65)),
        Mesh(vertices, normals.astype(np.float32), cloth.uv, cloth.faces, cloth.materials),
    )
    return made.model(name, "curtain")


def picture_frame(rng: np.random.Generator, name: str) -> Model:
    """A framed picture; back at y = 0, centre at z = 0."""
    width, height = (float(v) for v in rng.uniform([0.3, 0.3], [0.8, 0.65]))
    art = picture("picture", tuple(vivid(rng, 0.5, 0.65) for _ in range(4)), seed_of(rng))
    made = Builder()
    made.add(wood(rng), block((-width / 2, -0.025, -height / 2), (width / 2, -0.002, height / 2)))
    made.add(art, facing(width - 0.02, height - 0.02, -0.027, -height / 2 + 0.01))
    return made.model(name, "picture")


def poster(rng: np.random.Generator, name: str) -> Model:
    """A sheet of paper or a map; centre at z = 0."""
    width = float(rng.uniform(0.45, 0.85))
    height = width * float(rng.uniform(0.7, 1.4))
    kind = str(rng.choice(["poster", "poster", "map"]))
    art = picture(kind, (vivid(rng, 0.25, 0.8), *(vivid(rng) for _ in range(4))), seed_of(rng))
    made = Builder()
    made.add(art, facing(width, height, -0.006, -height / 2))
    return made.model(name, "poster")


def whiteboard(rng: np.random.Generator, name: str, width: float) -> Model:
    """A board with writing and a tray; centre at z = 0."""
    inks = ((0.93, 0.94, 0.94), (0.1, 0.15, 0.6), (0.7, 0.1, 0.1), (0.1, 0.45, 0.2))
    made = Builder()
    made.add(steel(), block((-width / 2, -0.03, -0.6), (width / 2, -0.002, 0.6)))
    sheet = Material(Texture("board", inks, seed_of(rng)), 1.0, gloss=0.05)
    made.add(sheet, facing(width - 0.04, 1.16, -0.032, -0.58))
    made.add(steel(), block((-width / 3, -0.09, -0.62), (width / 3, -0.03, -0.605)))
    return made.model(name, "whiteboard")


def rug(rng: np.random.Generator, name: str, width: float, depth: float) -> Model:
    """A patterned rug on the floor."""
    art = Texture("rug", tuple(vivid(rng, 0.5, 0.5) for _ in range(4)), seed_of(rng))
    sheet = patch((-width / 2, -depth / 2, 0.008), (width, 0, 0), (0, depth, 0), 0.06)
    made = Builder()
    made.add(Material(art, 1.0), sheet.fitted(width, depth))
    return made.model(name, "rug")


def radiator(rng: np.random.Generator, name: str) -> Model:
    """Ribs below a window; back at y = 0."""
    paint = plain((0.86, 0.86, 0.83))
    half = float(rng.uniform(0.4, 0.65))
    made = Builder()
    for x in np.arange(-half, half, 0.06).tolist():
        made.add(paint, block((x, -0.13, 0.14), (x + 0.045, -0.04, 0.7)))
    made.add(
        paint,
        block((-half, -0.11, 0.17), (half, -0.06, 0.2)),
        block((-half, -0.11, 0.64), (half, -0.06, 0.67)),
    )
    return made.model(name, "radiator")


def ceiling_panel(name: str, side: float, warmth: tuple[float, float, float]) -> Model:
    """A square lamp under the ceiling; its top is at z = 0."""
    glow = Material(Texture("plain", (warmth,)), glow=2.5, depth_return=0.3)
    sheet = patch((-side / 2, side / 2, -0.02), (side, 0, 0), (0, -side, 0), 0.3)
    made = Builder()
    made.add(
        plain(grey(0.8)),
        block((-side / 2 - 0.02, -side / 2 - 0.02, -0.018), (side / 2 + 0.02, side / 2 + 0.02, -0.002), 0.3),
    )
    made.add(glow, sheet)
    return made.model(name, "light")
