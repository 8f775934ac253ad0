"""What painters mix their images from: tiling noise and blending."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZE = 256  #: pixels of a texture image along each side
Image = NDArray[np.float32]
Painter = Callable[[np.random.Generator, Image], Image]
"""Makes (SIZE, SIZE, 3) colours in [0, 1] out of random numbers and (N, 3) colours."""


def periodic_noise(rng: np.random.Generator, falloff: float, stretch: float = 1.0) -> Image:
    """(SIZE, SIZE) noise that tiles, mean 0, deviation 1; spectrum ``1 / frequency^falloff``.

    ``stretch`` > 1 draws the grain out along the rows.
    """
    fy = np.fft.fftfreq(SIZE)[:, None] * SIZE
    fx = np.fft.rfftfreq(SIZE)[None, :] * SIZE * stretch
    amplitude = np.maximum(np.hypot(fx, fy), 1.0) ** -falloff
    amplitude[0, 0] = 0
    spectrum = amplitude * np.exp(2j * np.pi * rng.random(amplitude.shape))
    noise = np.fft.irfft2(spectrum, (SIZE, SIZE)).astype(np.float32)
    return noise / noise.std()


def blend(a: Image, b: Image, share: Image) -> Image:
    """``a`` where ``share`` is 0, ``b`` where it is 1."""
    return (a + (b - a) * np.clip(share, 0, 1)[..., None]).astype(np.float32)


def shaded(colour: Image, shade: Image) -> Image:
    """One colour, or an image, times a grey image."""
    return (colour * shade[..., None]).astype(np.float32)


def axes() -> tuple[Image, Image]:
    """Column and row of each pixel, in [0, 1)."""
    line = np.arange(SIZE, dtype=np.float32) / SIZE
    x, y = np.meshgrid(line, line)
    return x, y
