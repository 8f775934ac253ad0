"""Screens, laptops, keyboards and kitchen machines."""

from __future__ import annotations

import numpy as np

from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import grey, picture, plain, seed_of, steel, vivid
from reobj.scans.simulator.scene import Material, Model, Texture
from reobj.scans.simulator.shapes import block, facing, patch, rounded_box, tube

BLACK_GLASS = Material(Texture("plain", ((0.05, 0.05, 0.06),)), gloss=0.12, depth_return=0.25)


def _screen_material(rng: np.random.Generator, lit: bool) -> Material:
    if not lit:
        return BLACK_GLASS
    shown = Texture("screen", (vivid(rng, 0.6, 0.45), vivid(rng)), seed_of(rng))
    return Material(shown, repeat=1.0, gloss=0.06, depth_return=0.35, glow=0.55)


def monitor(rng: np.random.Generator, name: str) -> Model:
    """A computer screen on a foot; a tv to COCO."""
    return _tv(rng, name, float(rng.uniform(0.5, 0.62)), 0.12, lit=rng.random() < 0.7)


def television(rng: np.random.Generator, name: str) -> Model:
    """A large screen on two feet."""
    return _tv(rng, name, float(rng.uniform(0.9, 1.25)), 0.06, lit=rng.random() < 0.3)


def _tv(rng: np.random.Generator, name: str, width: float, stand: float, lit: bool) -> Model:
    height, shell = width * 0.58, plain(grey(0.1), gloss=0.05, depth_return=0.7)
    made = Builder()
    made.add(shell, rounded_box((width, 0.04, height), 0.012, (0, 0, stand + height / 2)))
    glass = facing(width - 0.03, height - 0.03, -0.0215, stand + 0.015)
    made.add(_screen_material(rng, lit), glass)
    made.add(shell, block((-0.16, -0.09, 0), (0.16, 0.1, 0.012)))
    made.add(shell, block((-0.025, 0.012, 0.012), (0.025, 0.04, stand + 0.1)))
    return made.model(name, "tv")


def laptop(rng: np.random.Generator, name: str) -> Model:
    """An open laptop."""
    shell = plain(grey(float(rng.choice([0.25, 0.55, 0.75]))), gloss=0.06, depth_return=0.85)
    width, depth = float(rng.uniform(0.31, 0.37)), 0.24
    made = Builder()
    made.add(shell, block((-width / 2, -depth / 2, 0), (width / 2, depth / 2, 0.016), 0.06))
    keys = picture("keys", (grey(0.12), grey(0.3)), 0)
    board = patch((-width / 2 + 0.025, -0.02, 0.0168), (width - 0.05, 0, 0), (0, 0.115, 0)).fitted(
        width - 0.05, 0.115
    )
    made.add(keys, board)
    pad = patch((-0.05, -0.105, 0.0168), (0.1, 0, 0), (0, 0.065, 0))
    made.add(plain(grey(0.4)), pad)
    lid = (
        block((-width / 2, 0, 0), (width / 2, 0.008, 0.23), 0.06)
        .turned(roll=-0.32)
        .moved(0, depth / 2 - 0.004, 0.012)
    )
    made.add(shell, lid)
    glass = facing(width - 0.02, 0.205, -0.0012, 0.013).turned(roll=-0.32)
    made.add(_screen_material(rng, rng.random() < 0.85), glass.moved(0, depth / 2 - 0.004, 0.012))
    return made.model(name, "laptop")


def keyboard(rng: np.random.Generator, name: str) -> Model:
    """A flat keyboard."""
    dark = rng.random() < 0.6
    shell, caps = (grey(0.15), grey(0.1)) if dark else (grey(0.8), grey(0.88))
    made = Builder()
    made.add(plain(shell), block((-0.22, -0.075, 0), (0.22, 0.075, 0.02), 0.06))
    made.add(picture("keys", (caps, grey(0.3 if dark else 0.5)), 0),
             patch((-0.212, -0.067, 0.0208), (0.424, 0, 0), (0, 0.134, 0)).fitted(0.424, 0.134))  # fmt: skip
    return made.model(name, "keyboard")


def refrigerator(rng: np.random.Generator, name: str) -> Model:
    """Two doors with handles."""
    body = steel() if rng.random() < 0.4 else plain(vivid(rng, 0.3, 0.8), gloss=0.06)
    width, height = 0.62, float(rng.uniform(1.55, 1.85))
    x, split = width / 2, height * float(rng.uniform(0.58, 0.7))
    made = Builder()
    made.add(body, block((-x, -0.27, 0.03), (x, 0.31, height)))
    made.add(plain(grey(0.15)), block((-x + 0.02, -0.25, 0), (x - 0.02, 0.29, 0.03)))
    for low, high in ((0.05, split - 0.006), (split + 0.006, height - 0.005)):
        made.add(body, rounded_box((width, 0.05, high - low), 0.015, (0, -0.296, (low + high) / 2)))
        made.add(
            steel(),
            tube([(-x + 0.07, -0.345, low + 0.1), (-x + 0.07, -0.345, min(high - 0.08, low + 0.5))], 0.01),
        )
    return made.model(name, "refrigerator")


def microwave(rng: np.random.Generator, name: str) -> Model:
    """A case with a dark door and a panel."""
    body = steel() if rng.random() < 0.5 else plain((0.86, 0.86, 0.84))
    made = Builder()
    made.add(body, block((-0.24, -0.17, 0.012), (0.24, 0.17, 0.285)))
    for sx in (-0.19, 0.19):
        made.add(plain(grey(0.1)), block((sx - 0.02, -0.12, 0), (sx + 0.02, 0.12, 0.012)))
    made.add(BLACK_GLASS, block((-0.225, -0.178, 0.03), (0.11, -0.17, 0.27)))
    made.add(plain(grey(0.25)), block((0.125, -0.176, 0.03), (0.23, -0.17, 0.27)))
    made.add(steel(), tube([(0.09, -0.2, 0.05), (0.09, -0.2, 0.25)], 0.009))
    return made.model(name, "microwave")
