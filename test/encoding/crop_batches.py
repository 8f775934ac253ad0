"""Crops for the tests of networks: noise, with a rectangle for an object."""

from __future__ import annotations

import torch
from torch import Tensor

from reobj.encoding.crops import Crops, normalised


def noise(count: int, size: int, seed: int = 0) -> Tensor:
    """(count, 3, size, size) float32 in [0, 255]."""
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 255


def rectangles(count: int, size: int) -> Tensor:
    """(count, 1, size, size) float32: 1 in the middle half."""
    mask = torch.zeros(count, 1, size, size)
    mask[:, :, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 1
    return mask


def crops_of(colour: Tensor, mask: Tensor) -> Crops:
    """The crops of images (N, 3, S, S) in [0, 255]."""
    inside = torch.ones_like(mask, dtype=torch.bool)
    return Crops(normalised(colour * mask), normalised(colour * (1 - mask)), mask, inside)


def noise_crops(count: int, size: int, seed: int = 0) -> Crops:
    """Noise behind and on a rectangle."""
    return crops_of(noise(count, size, seed), rectangles(count, size))
