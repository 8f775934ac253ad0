"""`reobj`: foreground and background through two ResNet50 streams, joined by a ConvBlock.

re-OBJ (Bansal et al. 2019, sections 3.2 and 3.3, figures 2 and 4). Each stream gives 7 x 7 x 512; where in a
ResNet50, which ends in 2048 channels, the paper does not say: here a 1x1 convolution makes them 512.
Joined they are 7 x 7 x 1024. The ConvBlock is three steps of a 3x3 convolution and a 2x2 max-pool,

    7 x 7 x 1024 -> 4 x 4 x 1024 -> 2 x 2 x 2048 -> 1 x 1 x 2048

where a pool over an odd side is padded. The configuration of the paper is the default; ours puts batch
normalisation and ReLU after the convolutions, GeM in the place of the last pool, and projects to 512 numbers
of length 1.

Crops of another size than 224 px give another grid. The first two pools halve it, rounded up, and the last
covers whatever is left: at 224 px that is the paper's 2x2, at 96 px 3 x 3 -> 2 x 2 -> 1 x 1 -> 1 x 1, at
448 px 14 x 14 -> 7 x 7 -> 4 x 4 -> 1 x 1. So the embedding has the same length at every size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.embedding import finished, no_embeddings
from reobj.encoding.gem import GeM
from reobj.encoding.network_inherent import untrained
from reobj.encoding.stream_features import StreamFeatures
from reobj.encoding.streams import Setup
from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True)
class ReobjConfig:
    """The paper's network by default.

    Attributes:
        setup: what the network sees.
        backbone, weights: as for ``reobj.encoding.features.build_features``.
        shared: both streams have the same weights.
        reduced: channels of each stream after a 1x1 convolution; 0 leaves the backbone's, which makes the
            ConvBlock's first layer four times as large for a ResNet50.
        widths: channels after each of the ConvBlock's three convolutions.
        batch_norm: batch normalisation and ReLU after each of them.
        pooling: the last pool: ``max`` as in the paper, or ``gem``, which learns how much peaks count.
        projection: length of the embedding after a linear layer; 0 leaves it out.
        normalise: embeddings of length 1.
    """

    setup: Setup = "concat"
    backbone: str = "resnet50"
    weights: str = "imagenet"
    shared: bool = True
    reduced: int = 512
    widths: tuple[int, int, int] = (1024, 2048, 2048)
    batch_norm: bool = False
    pooling: Literal["max", "gem"] = "max"
    projection: int = 0
    normalise: bool = False

    def __post_init__(self) -> None:
        if min(self.widths) < 1:
            raise InputError(mismatch("widths", "integers >= 1", self.widths))
        for key in ("reduced", "projection"):
            if getattr(self, key) < 0:
                raise InputError(mismatch(key, "an integer >= 0", getattr(self, key)))


class Reobj(nn.Module):
    """Two streams and the ConvBlock.

    Args:
        config: setup, backbone and head.
        crop_size: S, pixels; the backbone decides which are possible.

    Attributes:
        dim: length of an embedding.
        setup: what it sees.

    Raises:
        ModelError: unknown backbone or setup, or weights that cannot be had or do not fit.
    """

    def __init__(self, config: ReobjConfig, crop_size: int) -> None:
        super().__init__()
        self.setup = config.setup
        streams = StreamFeatures(config.setup, config.backbone, config.weights, crop_size, config.shared)
        self.features = streams
        channels = config.reduced or streams.channels
        # one for both streams where they share their weights
        count = 1 if config.shared else len(streams.names)
        self.reduce = nn.ModuleList(
            nn.Conv2d(streams.channels, channels, 1) if config.reduced else nn.Identity()
            for _ in range(count)
        )
        self.block = conv_block(channels * len(streams.names), config.widths, config.batch_norm)
        self.pool: nn.Module = GeM() if config.pooling == "gem" else _Greatest()
        self.dim = config.projection or config.widths[-1]
        self.project = nn.Linear(config.widths[-1], self.dim) if config.projection else nn.Identity()
        self._normalise = config.normalise
        for part in (self.reduce, self.block):
            part.apply(_initialise)

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float32."""
        if not len(crops):
            return no_embeddings(crops, self.dim)
        maps = [maps for _, maps in self.features(crops)]
        reduced = [self.reduce[i % len(self.reduce)](part) for i, part in enumerate(maps)]
        pooled = self.pool(self.block(torch.cat(reduced, dim=1)))
        return finished(self.project(pooled), self._normalise)

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last layer with places, of each stream."""
        return self.features.explain_layers()


def conv_block(channels: int, widths: tuple[int, ...], batch_norm: bool) -> nn.Sequential:
    """The ConvBlock up to its last pool: (N, channels, h, w) to (N, widths[-1], h / 4, w / 4), rounded up."""
    layers: list[nn.Module] = []
    for step, width in enumerate(widths):
        if step:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers)


class _Greatest(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        """(N, C) of maps (N, C, h, w)."""
        return maps.amax(dim=(2, 3))


def _initialise(layer: nn.Module) -> None:
    """He et al. 2015."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def make_reobj(config: ReobjConfig, crop_size: int) -> nn.Module:
    """The network of a configuration; with setup ``no-train`` its backbone alone."""
    if config.setup == "no-train":
        return untrained(config.backbone, config.weights, config.normalise, crop_size)
    return Reobj(config, crop_size)
