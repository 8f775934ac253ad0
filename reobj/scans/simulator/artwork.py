"""Painters of images that fill [0, 1] once: posters, pictures, book spines, screens, the view outside."""

from __future__ import annotations

import cv2
import numpy as np

from reobj.scans.simulator.noise import SIZE, Image, Painter, axes, blend, periodic_noise, shaded


def _rgb(*values: float) -> Image:
    return np.array(values, np.float32)


def _canvas(colour: Image) -> Image:
    return np.ascontiguousarray(np.broadcast_to(colour, (SIZE, SIZE, 3)), dtype=np.float32)


def _poster(rng: np.random.Generator, colours: Image) -> Image:
    """Large random shapes and a few lines of "text"."""
    image = _canvas(colours[0])
    for _ in range(int(rng.integers(4, 9))):
        colour = tuple(float(v) for v in colours[rng.integers(1, len(colours))])
        centre = tuple(int(v) for v in rng.integers(20, SIZE - 20, 2))
        radius = int(rng.integers(14, 70))
        kind = rng.integers(0, 3)
        if kind == 0:
            cv2.circle(image, centre, radius, colour, -1, cv2.LINE_AA)
        elif kind == 1:
            cv2.fillPoly(
                image, [rng.integers(0, SIZE, (int(rng.integers(3, 5)), 2)).astype(np.int32)], colour
            )
        else:
            cv2.ellipse(image, (centre, (radius, 2.5 * radius), float(rng.uniform(0, 180))), colour, -1)
    ink = tuple(float(v) for v in (0.1 + 0.8 * (colours[0].mean() < 0.5)) * np.ones(3))
    for row in range(int(rng.integers(2, 7))):
        width = int(rng.integers(60, 200))
        y = SIZE - 24 - 14 * row
        cv2.line(image, (24, y), (24 + width, y), ink, 5)
    return shaded(image, 1 + 0.02 * periodic_noise(rng, 0.6))


def _picture(rng: np.random.Generator, colours: Image) -> Image:
    """A landscape in a frame: sky, hills, a sun."""
    x, y = axes()
    image = blend(_canvas(colours[0]), _canvas(colours[1]), y * 1.4)
    sun = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.15, 0.4)) < rng.uniform(0.04, 0.1)
    image = blend(image, _canvas(colours[2]), sun.astype(np.float32))
    for layer in range(int(rng.integers(2, 5))):
        ridge = 0.4 + 0.15 * layer + 0.06 * cv2.GaussianBlur(periodic_noise(rng, 1.5)[:1], (31, 1), 6)
        tone = colours[rng.integers(0, len(colours))] * rng.uniform(0.5, 1.0)
        image = blend(
            image, shaded(_canvas(tone), 1 + 0.1 * periodic_noise(rng, 0.8)), (y > ridge).astype(np.float32)
        )
    border = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    image = blend(image, _canvas(_rgb(0.9, 0.89, 0.85)), (border < 0.13).astype(np.float32))
    return blend(image, _canvas(colours[-1] * 0.4), (border < 0.05).astype(np.float32))


def _books(rng: np.random.Generator, colours: Image) -> Image:
    """A row of book spines of different height before a dark shelf."""
    image = _canvas(_rgb(0.1, 0.08, 0.07))
    x = 0
    while x < SIZE:
        width, height = int(rng.integers(7, 22)), int(rng.integers(150, 245))
        colour = colours[rng.integers(0, len(colours))] * rng.uniform(0.6, 1.1)
        image[SIZE - height :, x : x + width - 1] = colour
        label = SIZE - height + int(rng.integers(10, 60))
        image[label : label + int(rng.integers(8, 40)), x + 2 : x + width - 3] = colour * 0.4 + 0.5
        x += width
    return shaded(image, 1 + 0.04 * periodic_noise(rng, 0.6))


def _screen(rng: np.random.Generator, colours: Image) -> Image:
    """A desktop with windows full of lines."""
    image = _canvas(colours[0])
    for _ in range(3):
        x0, y0 = (int(v) for v in rng.integers(8, 120, 2))
        x1, y1 = x0 + int(rng.integers(60, 120)), y0 + int(rng.integers(60, 110))
        cv2.rectangle(image, (x0, y0), (x1, y1), (0.92, 0.92, 0.94), -1)
        cv2.rectangle(image, (x0, y0), (x1, y0 + 8), tuple(float(v) for v in colours[-1]), -1)
        for y in range(y0 + 16, y1 - 6, 8):
            cv2.line(
                image,
                (x0 + 6, y),
                (x0 + int(rng.integers(14, max(15, x1 - x0 - 4))), y),
                (0.35, 0.35, 0.4),
                2,
            )
    return image


def _outside(rng: np.random.Generator, colours: Image) -> Image:
    """Sky above roofs and trees, out of focus."""
    x, y = axes()
    image = blend(_canvas(_rgb(0.75, 0.85, 0.97)), _canvas(_rgb(0.95, 0.97, 1.0)), y * 1.5)
    for _ in range(5):
        left, top, width = rng.uniform(-0.1, 0.9), rng.uniform(0.4, 0.75), rng.uniform(0.12, 0.4)
        house = ((x > left) & (x < left + width) & (y > top)).astype(np.float32)
        image = blend(image, _canvas(np.float32(rng.uniform(0.45, 0.8)) * _rgb(1, 0.93, 0.86)), house)
    trees = (y > 0.75 + 0.06 * periodic_noise(rng, 1.2)).astype(np.float32)
    image = blend(image, shaded(_canvas(_rgb(0.35, 0.5, 0.3)), 1 + 0.2 * periodic_noise(rng, 0.8)), trees)
    return cv2.GaussianBlur(image, (0, 0), 1.5) * colours[0]


def _map(rng: np.random.Generator, colours: Image) -> Image:
    """A wall map: land, sea and borders."""
    height = periodic_noise(rng, 1.7)
    image = blend(_canvas(colours[0]), _canvas(colours[1]), (height > 0.1).astype(np.float32))
    image = blend(image, _canvas(colours[2 % len(colours)]), (height > 0.9).astype(np.float32))
    coast = np.abs(height - 0.1) < 0.04
    return blend(image, _canvas(_rgb(0.2, 0.2, 0.25)), coast.astype(np.float32))


def _board(rng: np.random.Generator, colours: Image) -> Image:
    """A whiteboard with handwriting and diagrams."""
    image = _canvas(colours[0])
    for _ in range(int(rng.integers(5, 10))):
        start = rng.integers(20, SIZE - 90, 2)
        steps = rng.normal(0, 5, (40, 2)) * [0.5, 1.0] + [2.0, 0.0]
        line = (start + np.cumsum(steps, axis=0)).astype(np.int32)
        ink = tuple(float(v) for v in colours[rng.integers(1, len(colours))])
        cv2.polylines(image, [line], False, ink, 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(1, 4))):
        a = rng.integers(15, SIZE - 80, 2)
        b = a + rng.integers(25, 70, 2)
        ink = tuple(float(v) for v in colours[rng.integers(1, len(colours))])
        cv2.rectangle(image, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), ink, 2)
    return image


PAINTERS: dict[str, Painter] = {
    "poster": _poster, "picture": _picture, "books": _books, "screen": _screen,
    "outside": _outside, "map": _map, "board": _board,
}  # fmt: skip
