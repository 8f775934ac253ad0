"""Made-up crops with the statistics of indoor images, for setting up networks without training data.

Noise with a 1/f amplitude spectrum (as natural images have: Field 1987), flat and coloured shapes
with sharp borders, an object mask of random convex shape in the middle.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reobj.encoding.crops import Crops, normalised


def synthetic_crops(count: int, size: int, seed: int) -> Crops:
    """``count`` crops of ``size`` pixels on the CPU, the same ones for the same arguments."""
    rng = np.random.default_rng(seed)
    colour = np.stack([_picture(rng, size) for _ in range(count)])
    mask = np.stack([_object_mask(rng, size) for _ in range(count)])
    images = torch.from_numpy(colour).permute(0, 3, 1, 2).to(torch.float32)
    masks = torch.from_numpy(mask)[:, None].to(torch.float32)
    inside = torch.ones_like(masks, dtype=torch.bool)
    return Crops(normalised(images * masks), normalised(images * (1 - masks)), masks, inside)


def _picture(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """(size, size, 3) uint8: a rough surface behind some shapes."""
    contrast, brightness = rng.uniform(5, 50), rng.uniform(40, 215, 3)
    image = _noise(rng, size, slope=rng.uniform(0.8, 2.2)) * contrast + brightness
    if rng.random() < 0.5:  # half of all surfaces have little colour
        image = 0.8 * image.mean(axis=2, keepdims=True) + 0.2 * image
    for _ in range(rng.integers(3, 14)):
        _draw_shape(rng, image, size)
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator, size: int, slope: float) -> NDArray[np.float64]:
    """(size, size, 3) of mean 0 and deviation 1, with amplitudes that fall as frequency ** -slope."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((3, size, size))) / frequency**slope
    noise = np.fft.irfft2(spectrum, s=(size, size))
    return np.ascontiguousarray(np.moveaxis(noise / noise.std(), 0, 2))


def _draw_shape(rng: np.random.Generator, image: NDArray[np.float64], size: int) -> None:
    """Draws a filled ellipse or a slightly turned rectangle, half of them with little colour."""
    colour = rng.uniform(0, 255, 3)
    if rng.random() < 0.5:
        colour = 0.3 * colour + 0.7 * colour.mean()
    centre, sides = rng.uniform(0, size, 2), rng.uniform(0.05 * size, size, 2)
    turn = rng.uniform(-20, 20)
    box = (centre.tolist(), sides.tolist(), float(turn))
    if rng.random() < 0.4:
        cv2.ellipse(image, box, colour.tolist(), -1)
    else:
        cv2.fillPoly(image, [cv2.boxPoints(box).astype(np.int32)], colour.tolist())


def _object_mask(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """(size, size) uint8: a convex shape within the middle half, 1 inside."""
    corners = size / 2 + rng.uniform(-size / 4, size / 4, (8, 2))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [cv2.convexHull(corners.astype(np.int32))], 1)
    return mask
