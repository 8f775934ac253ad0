"""OSNet (Zhou et al. 2019, "Omni-Scale Feature Learning for Person Re-Identification"): the person baseline.

Written from the paper: its Table 1 (layers), Figures 3 and 4 (lite 3x3 convolution, block) and
Eqs. 1 to 3. Where it is silent: batch normalisation after the last dense layer and no ReLU there,
so that an embedding uses both signs. The paper's input is 256x128; here crops are square, which
changes no layer.

The paper takes one image. `concat` sends foreground and background through the same trunk and joins
their pooled features before the dense layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reobj.encoding.crops import Crops
from reobj.encoding.embedding import finished, no_embeddings
from reobj.encoding.layers import average, convolution, load_trunk
from reobj.encoding.shared_trunk import SharedTrunk
from reobj.encoding.streams import Setup
from reobj.errors import InputError, mismatch

#: Table 1: channels of conv1 and of the three pairs of blocks at width 1.
_CHANNELS = (64, 256, 384, 512)
#: Streams per block; stream t has t lite convolutions and sees (2t + 1) x (2t + 1) pixels (Eq. 2).
_STREAMS = 4
#: Inside a block there are this many times fewer channels (Figure 4).
_BOTTLENECK = 4
#: Hidden units of the gate: channels over this (section 3.2).
_GATE_REDUCTION = 16
_DIM = 512


@dataclass(frozen=True, slots=True)
class OSNetConfig:
    """Which OSNet, and what it sees.

    Attributes:
        setup: what the network sees.
        width: multiplies all channels but the embedding's: the paper has 1, 0.75, 0.5 and 0.25. More
            learns finer differences; time and weights grow with its square.
        weights: of the trunk: ``none`` or a local file. No official API publishes any.
        normalise: embeddings of length 1.
    """

    setup: Setup = "concat"
    width: float = 1.0
    weights: str = "none"
    normalise: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.width < np.inf:
            raise InputError(mismatch("width", "a number > 0", self.width))


class OSNet(nn.Module):
    """The trunk, global average pooling, a dense layer.

    Args:
        config: its setup and width.

    Raises:
        ModelError: weights that cannot be had or do not fit.
    """

    def __init__(self, config: OSNetConfig) -> None:
        super().__init__()
        self.setup, self.normalise = config.setup, config.normalise
        trunk = OSNetTrunk(config.width)
        load_trunk(trunk, config.weights)
        self.streams = SharedTrunk(trunk, config.setup)
        pooled = trunk.channels * len(self.streams.taps)
        untrained = config.setup == "no-train"
        self.dim = pooled if untrained else _DIM
        self.head = average() if untrained else _head(pooled)
        self.requires_grad_(not untrained)

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float32 of N crops."""
        if not len(crops):
            return no_embeddings(crops, self.dim)
        return finished(self.head(self.streams(crops)), self.normalise)

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last map of each stream."""
        return dict(self.streams.taps)


def _head(pooled: int) -> nn.Module:
    return nn.Sequential(average(), nn.Linear(pooled, _DIM, bias=False), nn.BatchNorm1d(_DIM))


class OSNetTrunk(nn.Module):
    """Images (N, 3, H, W) to maps (N, channels, H / 16, W / 16)."""

    def __init__(self, width: float) -> None:
        super().__init__()
        first, *stages = (max(_BOTTLENECK, round(c * width)) for c in _CHANNELS)
        layers: list[nn.Module] = [
            convolution(3, first, 7, stride=2),
            nn.MaxPool2d(3, stride=2, padding=1),
        ]
        last = first
        for number, channels in enumerate(stages, start=1):
            layers += [OmniScaleBlock(last, channels), OmniScaleBlock(channels, channels)]
            if number < len(stages):
                layers += [convolution(channels, channels, 1), nn.AvgPool2d(2)]
            last = channels
        self.layers = nn.Sequential(*layers, convolution(last, last, 1))
        self.channels = last

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.layers(images)
        return maps


class OmniScaleBlock(nn.Module):
    """A residual block whose streams see squares of 3, 5, 7 and 9 pixels (Figure 4b, Eqs. 2 and 3)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        inner = after // _BOTTLENECK
        self.reduce = convolution(before, inner, 1)
        self.streams = nn.ModuleList(
            nn.Sequential(*(_lite(inner) for _ in range(depth))) for depth in range(1, _STREAMS + 1)
        )
        self.gate = Gate(inner)
        self.restore = convolution(inner, after, 1, relu=False)
        self.skip = nn.Identity() if before == after else convolution(before, after, 1, relu=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, before, h, w) to (N, after, h, w)."""
        reduced = self.reduce(maps)
        mixed = reduce(torch.add, (self.gate(stream(reduced)) for stream in self.streams))
        return F.relu(self.restore(mixed) + self.skip(maps))


class Gate(nn.Module):
    """The unified aggregation gate G of Eq. 3: a weight per image and channel, one G for all streams."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // _GATE_REDUCTION)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, h, w) weighted, in the same shape."""
        weighted: Tensor = maps * self.weigh(maps)
        return weighted


def _lite(channels: int) -> nn.Module:
    """Lite 3x3: a pointwise, then a depthwise convolution, and no ReLU between (section 3.1, Figure 3b)."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )
