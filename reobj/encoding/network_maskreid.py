"""MaskReID (section 2.1): masked and original image, a shared trunk at three levels, a skipped fusing layer.

Each image has first layers of its own; their maps are joined and go through a shared trunk, and what
its low, middle and high level give is fused into one embedding. Where the paper is silent:

- The trunk is Xiao et al. 2016's in the paper. Here it is a small one of that shape: first layers of
  three 3x3 convolutions and a pooling, then three levels of two inception modules each (branches of
  1x1, 3x3 and twice 3x3 convolutions and a pooling; the second module halves the map), with 384, 768
  and 1536 channels after them at width 64. It has batch normalisation and no domain guided dropout.
- The fusing layer: each level's map is pooled to a vector, and a dense layer takes all three.
- The length of an embedding: 256 in the configuration of the paper, 512 in ours.

`concat` is the paper's network: the original image beside the masked one. `full`, `foreground` and
`background` have one image and one set of first layers (the paper's ablation MaskReID-F is `full`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.embedding import finished, no_embeddings
from reobj.encoding.gem import GeM
from reobj.encoding.layers import average, convolution, load_trunk
from reobj.encoding.streams import Setup, stream_images
from reobj.errors import InputError, mismatch

#: Channels of each first layer.
_FIRST = 32
#: The base width of a level over that of the first one.
_LEVELS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class MaskReIDConfig:
    """The paper's network by default; ours pools by GeM, normalises the batch, and has 512 numbers.

    Attributes:
        setup: what the network sees.
        weights: of first layers and trunk: ``none`` or a local file. No official API publishes any.
        width: channels of a branch of the first level. More learns finer differences; time and weights
            grow with its square.
        pooling: of each level: ``average``, or ``gem``, which learns how much peaks count.
        dim: length of an embedding. More tells more objects apart and makes maps larger.
        batch_norm: normalise the batch after the fusing layer.
        normalise: embeddings of length 1, as in Eqs. 1 to 3.
    """

    setup: Setup = "concat"
    weights: str = "none"
    width: int = 64
    pooling: Literal["average", "gem"] = "average"
    dim: int = 256
    batch_norm: bool = False
    normalise: bool = True

    def __post_init__(self) -> None:
        for name in ("width", "dim"):
            if getattr(self, name) < 1:
                raise InputError(mismatch(name, "an integer >= 1", getattr(self, name)))


class MaskReID(nn.Module):
    """First layers of each image, the shared trunk, the skipped fusing layer.

    Args:
        config: its setup, width and head.

    Raises:
        ModelError: weights that cannot be had or do not fit.
    """

    def __init__(self, config: MaskReIDConfig) -> None:
        super().__init__()
        self.setup, self.normalise = config.setup, config.normalise
        self.trunk = MaskReIDTrunk(config.width, images=2 if config.setup == "concat" else 1)
        load_trunk(self.trunk, config.weights)
        untrained = config.setup == "no-train"
        self.dim = self.trunk.channels[-1] if untrained else config.dim
        self.fuse = None if untrained else FusingLayer(self.trunk.channels, config)
        self.requires_grad_(not untrained)

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float32 of N crops."""
        if not len(crops):
            return no_embeddings(crops, self.dim)
        levels = self.trunk(self._images(crops))
        embeddings = levels[-1].mean(dim=(2, 3)) if self.fuse is None else self.fuse(levels)
        return finished(embeddings, self.normalise)

    def _images(self, crops: Crops) -> list[Tensor]:
        """The one image of a setup, or the masked and the original one."""
        if self.setup != "concat":
            return stream_images(crops, self.setup)
        return [*stream_images(crops, "foreground"), *stream_images(crops, "full")]

    def explain_layers(self) -> dict[str, nn.Module]:
        """The high level, where both images have long become one map."""
        alone = self.setup in ("foreground", "background")
        return {self.setup if alone else "full": self.trunk.levels[-1]}


class MaskReIDTrunk(nn.Module):
    """Images, each (N, 3, S, S), to the maps of three levels, of sides S / 4, S / 8 and S / 16.

    Args:
        width: channels of a branch of the first level.
        images: how many there are, 1 or 2.
    """

    def __init__(self, width: int, images: int) -> None:
        super().__init__()
        self.first = nn.ModuleList(_first_layers() for _ in range(images))
        self.levels = nn.ModuleList()
        self.channels: list[int] = []
        last = images * _FIRST
        for branch in (width * factor for factor in _LEVELS):
            self.levels.append(nn.Sequential(Inception(last, branch), InceptionHalving(4 * branch, branch)))
            last = 6 * branch
            self.channels.append(last)

    def forward(self, images: list[Tensor]) -> list[Tensor]:
        """The low, the middle and the high level."""
        maps = torch.cat([layers(image) for layers, image in zip(self.first, images, strict=True)], dim=1)
        found = []
        for level in self.levels:
            maps = level(maps)
            found.append(maps)
        return found


def _first_layers() -> nn.Module:
    three = [convolution(before, _FIRST, 3) for before in (3, _FIRST, _FIRST)]
    return nn.Sequential(*three, nn.MaxPool2d(2))


class Inception(nn.Module):
    """Four branches of ``width`` channels each, side by side, at the same resolution."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                convolution(before, width, 1),
                nn.Sequential(convolution(before, width, 1), convolution(width, width, 3)),
                _twice(before, width, stride=1),
                nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), convolution(before, width, 1)),
            ]
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, before, h, w) to (N, 4 width, h, w)."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


class InceptionHalving(nn.Module):
    """Two convolving branches of ``width`` channels and the pooled input, at half the resolution."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                nn.Sequential(convolution(before, width, 1), convolution(width, width, 3, stride=2)),
                _twice(before, width, stride=2),
                nn.MaxPool2d(3, stride=2, padding=1),
            ]
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, before, h, w) to (N, before + 2 width, h / 2, w / 2), sides rounded up."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


def _twice(before: int, width: int, stride: int) -> nn.Module:
    """Two 3x3 convolutions, which see 5x5 pixels."""
    return nn.Sequential(
        convolution(before, width, 1),
        convolution(width, width, 3),
        convolution(width, width, 3, stride=stride),
    )


class FusingLayer(nn.Module):
    """Each level pooled to a vector, and one dense layer over all of them."""

    def __init__(self, channels: list[int], config: MaskReIDConfig) -> None:
        super().__init__()
        self.pools = nn.ModuleList(GeM() if config.pooling == "gem" else average() for _ in channels)
        layers: list[nn.Module] = [nn.Linear(sum(channels), config.dim, bias=not config.batch_norm)]
        if config.batch_norm:
            layers.append(nn.BatchNorm1d(config.dim))
        self.dense = nn.Sequential(*layers)

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Maps of the levels to (N, dim)."""
        pooled = [pool(level) for pool, level in zip(self.pools, levels, strict=True)]
        embeddings: Tensor = self.dense(torch.cat(pooled, dim=1))
        return embeddings
