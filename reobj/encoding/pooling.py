"""Features averaged over a mask, cell by cell of a grid, so that it counts where things are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

#: Weight of the neutral value in a cell, as a part of the cell's area.
_PRIOR = 0.05


def masked_mean(features: Tensor, mask: Tensor) -> Tensor:
    """Mean (C,) of features (N, C, H, W) over all pixels by their weight in mask (N, 1, H, W)."""
    return (features * mask).sum(dim=(0, 2, 3)) / mask.sum().clamp(min=1e-6)


def pool_cells(features: Tensor, mask: Tensor, grid: tuple[int, int], neutral: Tensor) -> Tensor:
    """Mean and deviation of each channel over the mask in each cell, as square roots.

    A cell in which the mask has no pixels gets the neutral mean and no deviation.
    The root evens out channels that fire strongly but rarely (Hellinger, as in RootSIFT).

    Args:
        features: (N, C, H, W).
        mask: (N, 1, H, W) in [0, 1].
        grid: rows and columns of cells.
        neutral: (C,) mean to assume where the mask is empty.

    Returns:
        (N, 2 * rows * columns * C) float32.
    """
    area = F.adaptive_avg_pool2d(mask, grid)
    prior = _PRIOR * neutral.view(1, -1, 1, 1)
    mean = (F.adaptive_avg_pool2d(features * mask, grid) + prior) / (area + _PRIOR)
    square = (F.adaptive_avg_pool2d(features.square() * mask, grid) + prior * neutral.view(1, -1, 1, 1)) / (
        area + _PRIOR
    )
    deviation = (square - mean.square()).clamp(min=1e-6).sqrt()
    pooled = torch.cat([mean, deviation], dim=1).flatten(1).float()
    return pooled.sign() * pooled.abs().sqrt()
