"""One trunk for all streams of a setup."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.streams import Setup, stream_images, stream_names


class SharedTrunk(nn.Module):
    """Sends the images of all streams through the same layers, in one batch.

    Args:
        trunk: images (N, 3, S, S) to maps (N, C, h, w).
        setup: which images.

    Attributes:
        taps: by stream, a layer that changes nothing and gives the maps of that stream alone.
    """

    def __init__(self, trunk: nn.Module, setup: Setup) -> None:
        super().__init__()
        self.trunk, self.setup = trunk, setup
        self.taps = nn.ModuleDict({name: nn.Identity() for name in stream_names(setup)})

    def forward(self, crops: Crops) -> Tensor:
        """The maps of all streams one after the other, (N, streams * C, h, w)."""
        images = stream_images(crops, self.setup)
        maps = self.trunk(torch.cat(images)).chunk(len(images))
        return torch.cat([tap(part) for tap, part in zip(self.taps.values(), maps, strict=True)], dim=1)
