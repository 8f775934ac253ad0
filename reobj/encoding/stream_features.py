"""The images of a setup through a backbone: the part that the papers' networks have in common."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.features import build_features, split_places
from reobj.encoding.streams import Setup, stream_images, stream_names
from reobj.errors import InputError, mismatch


class StreamFeatures(nn.Module):
    """Features of each stream.

    Args:
        setup: which images there are.
        backbone, weights: as for ``build_features``.
        crop_size: S, pixels.
        shared: all streams go through one backbone, in one batch; else each has its own, and all begin
            with the same published weights.

    Attributes:
        names: of the streams.
        channels: C of each.
        grid: h, w of each.
        prefix: tokens P of each that belong to no place, 0 for a convolutional backbone.
        taps: for each stream a layer that its map (N, C, h, w) passes unchanged, for Grad-CAM.

    Raises:
        ModelError: as ``build_features``; no such setup.
    """

    def __init__(
        self, setup: Setup, backbone: str, weights: str, crop_size: int, shared: bool = True
    ) -> None:
        super().__init__()
        self.setup, self.names, self._crop_size = setup, stream_names(setup), crop_size
        count = 1 if shared else len(self.names)
        backbones = [build_features(backbone, weights, crop_size) for _ in range(count)]
        self.backbones = nn.ModuleList(backbones)
        self.taps = nn.ModuleDict({name: nn.Identity() for name in self.names})
        self.channels, self.grid, self.prefix = backbones[0].channels, backbones[0].grid, backbones[0].prefix

    def forward(self, crops: Crops) -> list[tuple[Tensor, Tensor]]:
        """Of each stream its prefix tokens (N, P, C) and its map (N, C, h, w).

        Raises:
            InputError: crops of another size.
        """
        if crops.mask.shape[2:] != (self._crop_size, self._crop_size):
            expected = f"{self._crop_size} x {self._crop_size} px"
            raise InputError(mismatch("crops", expected, " x ".join(map(str, crops.mask.shape[2:]))))
        images = stream_images(crops, self.setup)
        if len(self.backbones) == 1:
            features = self.backbones[0](torch.cat(images)).chunk(len(images))
        else:
            features = [net(image) for net, image in zip(self.backbones, images, strict=True)]
        found = []
        for name, stream in zip(self.names, features, strict=True):
            prefix, maps = split_places(stream, self.prefix, self.grid)
            found.append((prefix, self.taps[name](maps)))
        return found

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last layer with places, of each stream."""
        return dict(self.taps.items())
