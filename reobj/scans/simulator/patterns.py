"""Painters of surfaces: wood, fabric, tiles. All of them tile but the rug and the keys."""

from __future__ import annotations

import cv2
import numpy as np

from reobj.scans.simulator.noise import SIZE, Image, Painter, axes, blend, periodic_noise, shaded


def _plain(rng: np.random.Generator, colours: Image) -> Image:
    return shaded(colours[0], 1 + 0.025 * periodic_noise(rng, 0.9))


def _plaster(rng: np.random.Generator, colours: Image) -> Image:
    return shaded(colours[0], 1 + 0.012 * periodic_noise(rng, 1.5) + 0.02 * periodic_noise(rng, 0.3))


def _fabric(rng: np.random.Generator, colours: Image) -> Image:
    x, y = axes()
    weave = 0.05 * np.sign(np.sin(2 * np.pi * 64 * x) * np.sin(2 * np.pi * 64 * y))
    mix = blend(colours[0], colours[-1], 0.25 + 0.2 * periodic_noise(rng, 0.6))
    return shaded(mix, 1 + weave + 0.05 * periodic_noise(rng, 0.7))


def _wood(rng: np.random.Generator, colours: Image) -> Image:
    grain = periodic_noise(rng, 1.5, stretch=9.0)
    rings = (0.5 + 0.5 * np.sin(7 * grain)).astype(np.float32)
    return shaded(blend(colours[0], colours[-1], 0.55 * rings), 1 + 0.04 * periodic_noise(rng, 0.7, 6.0))


def _planks(rng: np.random.Generator, colours: Image) -> Image:
    """Parquet: rows of planks of different tone, each row shifted."""
    x, y = axes()
    rows, columns = 8, 2
    row = np.floor(y * rows).astype(int)
    shift = rng.random(rows)[row].astype(np.float32)
    along = (x + shift) * columns
    tone = rng.normal(0, 0.11, (rows, columns))[row, np.floor(along).astype(int) % columns].astype(np.float32)
    gap = np.minimum(np.abs(y * rows - np.round(y * rows)) / rows, np.abs(along - np.round(along)) / columns)
    seam = np.where(gap < 0.6 / SIZE, 0.6, 1.0)
    return shaded(_wood(rng, colours), seam * (1 + tone))


def _tiles(rng: np.random.Generator, colours: Image) -> Image:
    x, y = axes()
    count = 4
    column, row = np.floor(x * count).astype(int), np.floor(y * count).astype(int)
    tone = 1 + rng.normal(0, 0.03, (count, count))[row, column] + 0.03 * periodic_noise(rng, 1.3)
    edge = np.minimum(np.abs(x * count - np.round(x * count)), np.abs(y * count - np.round(y * count)))
    checker = ((row + column) % 2).astype(np.float32)
    tile = blend(colours[0], colours[-1], checker)
    return blend(shaded(tile, tone), colours[0] * 0.65, (edge < 0.025).astype(np.float32))


def _brick(rng: np.random.Generator, colours: Image) -> Image:
    x, y = axes()
    rows, columns = 8, 4
    row = np.floor(y * rows).astype(int)
    along = x * columns + 0.5 * (row % 2)
    tone = 1 + rng.normal(0, 0.12, (rows, columns))[row, np.floor(along).astype(int) % columns]
    joint = (np.abs(y * rows - np.round(y * rows)) < 0.07) | (np.abs(along - np.round(along)) < 0.03)
    brick = shaded(colours[0], tone + 0.06 * periodic_noise(rng, 0.8))
    return blend(brick, colours[-1], joint.astype(np.float32))


def _marble(rng: np.random.Generator, colours: Image) -> Image:
    vein = np.abs(periodic_noise(rng, 1.9)) < 0.08
    soft = cv2.GaussianBlur(vein.astype(np.float32), (0, 0), 1.2)
    return blend(
        shaded(colours[0], 1 + 0.03 * periodic_noise(rng, 1.2)), colours[-1], np.asarray(soft, np.float32)
    )


def _stripes(rng: np.random.Generator, colours: Image) -> Image:
    x, _ = axes()
    count = int(rng.integers(4, 10))
    band = (np.sin(2 * np.pi * count * x) > rng.uniform(-0.4, 0.6)).astype(np.float32)
    return shaded(blend(colours[0], colours[-1], band), 1 + 0.03 * periodic_noise(rng, 0.8))


def _wallpaper(rng: np.random.Generator, colours: Image) -> Image:
    """A small random motif, mirrored and repeated."""
    motif = cv2.resize(
        rng.random((6, 6)).astype(np.float32), (SIZE // 8, SIZE // 8), interpolation=cv2.INTER_CUBIC
    )
    half = np.concatenate([motif, motif[:, ::-1]], axis=1)
    unit = np.concatenate([half, half[::-1]], axis=0)
    mask = (np.tile(unit, (4, 4)) > 0.55).astype(np.float32)
    return shaded(blend(colours[0], colours[-1], mask), 1 + 0.03 * periodic_noise(rng, 0.8))


def _carpet(rng: np.random.Generator, colours: Image) -> Image:
    mix = blend(colours[0], colours[-1], 0.3 + 0.3 * periodic_noise(rng, 0.15))
    return shaded(mix, 1 + 0.09 * periodic_noise(rng, 0.3) + 0.03 * periodic_noise(rng, 1.5))


def _leaf(rng: np.random.Generator, colours: Image) -> Image:
    return blend(colours[0], colours[-1], 0.5 + 0.4 * periodic_noise(rng, 1.4))


def _rug(rng: np.random.Generator, colours: Image) -> Image:
    """Frames within frames around a repeated motif; fills [0, 1]."""
    x, y = axes()
    inside = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    levels = np.sort(rng.uniform(0.02, 0.3, 6))
    order = rng.integers(0, len(colours), 7)
    image = colours[order[np.searchsorted(levels, inside)]]
    wave = np.sin(2 * np.pi * rng.integers(3, 8) * x) * np.sin(2 * np.pi * rng.integers(3, 8) * y)
    centre = (wave > 0.3) & (inside > levels[-1])
    image = blend(image, colours[rng.integers(0, len(colours))], centre.astype(np.float32))
    return shaded(image, 1 + 0.1 * periodic_noise(rng, 0.2))


def _keys(rng: np.random.Generator, colours: Image) -> Image:
    """A keyboard: rows of keys; fills [0, 1]."""
    x, y = axes()
    gap = (np.abs(x * 15 - np.round(x * 15)) < 0.1) | (np.abs(y * 5 - np.round(y * 5)) < 0.1)
    return blend(shaded(colours[0], 1 + 0.02 * periodic_noise(rng, 0.5)), colours[-1], gap.astype(np.float32))


PAINTERS: dict[str, Painter] = {
    "plain": _plain, "plaster": _plaster, "fabric": _fabric, "wood": _wood, "planks": _planks,
    "tiles": _tiles, "brick": _brick, "marble": _marble, "stripes": _stripes, "wallpaper": _wallpaper,
    "carpet": _carpet, "leaf": _leaf, "rug": _rug, "keys": _keys,
}  # fmt: skip
