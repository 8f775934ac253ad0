"""Colour as soft histogram channels, in axes that a change of exposure moves little."""

from __future__ import annotations

import torch
from torch import Tensor


def colour_bins(images: Tensor, bins: int) -> Tensor:
    """How much each pixel belongs to each bin of lightness, red-green and yellow-blue.

    The two colour axes are divided by lightness, so that they hold when the exposure drifts; an offset
    keeps the noise of dark pixels small.

    Args:
        images: (N, 3, H, W) RGB in [0, 1].
        bins: B, centres spaced evenly over each axis, neighbours sharing a value linearly.

    Returns:
        (N, 3 B, H, W) float32 >= 0.
    """
    red, green, blue = images.unbind(dim=1)
    lightness = (red + green + blue) / 3
    # The factors spread indoor colours, which lie near grey, over the range.
    red_green = 0.8 * (red - green) / (lightness + 0.15) + 0.5
    yellow_blue = 0.6 * ((red + green) / 2 - blue) / (lightness + 0.15) + 0.5
    axes = torch.stack([lightness, red_green, yellow_blue], dim=1).clamp(0, 1)
    centres = torch.linspace(0, 1, bins, device=images.device).view(1, 1, -1, 1, 1)
    return (1 - (axes[:, :, None] - centres).abs() * (bins - 1)).clamp(min=0).flatten(1, 2)
