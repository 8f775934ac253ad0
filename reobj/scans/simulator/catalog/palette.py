"""Colours and materials that products choose from."""

from __future__ import annotations

import colorsys

import numpy as np

from reobj.scans.simulator.scene import Colour, Material, Texture

WOODS: tuple[tuple[Colour, Colour], ...] = (
    ((0.76, 0.60, 0.42), (0.62, 0.44, 0.27)),
    ((0.60, 0.42, 0.27), (0.45, 0.29, 0.17)),
    ((0.42, 0.28, 0.19), (0.30, 0.19, 0.12)),
    ((0.86, 0.76, 0.62), (0.77, 0.64, 0.48)),
    ((0.68, 0.48, 0.34), (0.52, 0.33, 0.20)),
)


def seed_of(rng: np.random.Generator) -> int:
    """A seed for a texture."""
    return int(rng.integers(1 << 30))


def vivid(rng: np.random.Generator, saturation: float = 0.45, value: float = 0.55) -> Colour:
    """A clear colour of random hue."""
    s = float(np.clip(rng.normal(saturation, 0.14), 0.1, 0.75))
    v = float(np.clip(rng.normal(value, 0.13), 0.2, 0.92))
    return colorsys.hsv_to_rgb(float(rng.random()), s, v)


def pale(rng: np.random.Generator) -> Colour:
    """A light wall colour."""
    return colorsys.hsv_to_rgb(
        float(rng.random()), float(rng.uniform(0.01, 0.16)), float(rng.uniform(0.72, 0.9))
    )


def grey(value: float) -> Colour:
    """A neutral grey."""
    return (value, value, value)


def darker(colour: Colour, factor: float = 0.7) -> Colour:
    """The colour times a factor."""
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def wood(rng: np.random.Generator, gloss: float = 0.03) -> Material:
    """A random kind of wood."""
    return Material(Texture("wood", WOODS[rng.integers(len(WOODS))], seed_of(rng)), repeat=0.9, gloss=gloss)


def fabric(rng: np.random.Generator, colour: Colour) -> Material:
    """Cloth."""
    return Material(Texture("fabric", (colour, darker(colour)), seed_of(rng)), repeat=0.25)


def plain(colour: Colour, gloss: float = 0.02, depth_return: float = 1.0) -> Material:
    """Paint or plastic of one colour."""
    return Material(Texture("plain", (colour,)), repeat=0.4, gloss=gloss, depth_return=depth_return)


def steel() -> Material:
    """Brushed metal: a depth camera loses part of it."""
    return plain((0.62, 0.63, 0.65), gloss=0.25, depth_return=0.75)


def picture(kind: str, colours: tuple[Colour, ...], seed: int, glow: float = 0.0) -> Material:
    """An image that fills uv in [0, 1]."""
    return Material(Texture(kind, colours, seed), repeat=1.0, glow=glow)
