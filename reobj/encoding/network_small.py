"""`small`: ours, made for robots. Foreground and background in one pass of one small network.

re-OBJ sends two images through two networks. Here the whole crop goes through once, with the mask and
what lies inside the frame as further channels, and the *features* are parted: those on the object and those
around it are pooled apart (mean and generalised mean, over their own pixels only), so that what stands where
does not blur what it is. A third part keeps where in the crop things are: the map with few channels,
cell by cell. One linear layer joins the three.

Plain 3x3 convolutions, as they use a CPU better than depthwise ones do. A first layer of 4x4 pixels without
overlap makes the rest cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reobj.encoding.crops import Crops
from reobj.encoding.layers import convolution
from reobj.encoding.streams import Setup, stream_images
from reobj.errors import InputError, mismatch

#: Of the generalised mean; 3 as in Radenovic et al. 2018, whose learned value stays near it.
_EXPONENT = 3
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class SmallConfig:
    """What the network sees, and how large it is.

    Attributes:
        setup: what the network sees.
        widths: channels after the first layer and of each level; each level but the first halves the map.
        blocks: residual blocks of each level. More learns more, slower.
        layout_channels: channels of the map that is kept cell by cell; 0 keeps none.
        layout_grid: rows and columns of its cells. More says better where things are, and holds less when
            the view changes.
        dim: length of an embedding.
    """

    setup: Setup = "concat"
    widths: tuple[int, ...] = (32, 64, 128, 192)
    blocks: tuple[int, ...] = (1, 2, 2)
    layout_channels: int = 32
    layout_grid: int = 4
    dim: int = 256

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks) + 1 or not self.blocks:
            expected = "one more than levels of blocks, and at least one level"
            raise InputError(mismatch("widths", expected, f"{len(self.widths)} and {len(self.blocks)}"))
        if min(*self.widths, *self.blocks, self.layout_grid, self.dim) < 1 or self.layout_channels < 0:
            raise InputError(mismatch("widths, blocks, layout_grid, dim", "integers >= 1", "less"))


class Small(nn.Module):
    """The whole network; its output has length 1.

    Args:
        config: setup and size.
    """

    def __init__(self, config: SmallConfig) -> None:
        super().__init__()
        self.setup = config.setup
        channels = config.widths[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(5, config.widths[0], 4, stride=4, bias=False),
            nn.BatchNorm2d(config.widths[0]),
            nn.ReLU(),
            convolution(config.widths[0], config.widths[0], 3),
        )
        self.trunk = _trunk(config)
        trained = config.setup != "no-train"
        self.layout = _Layout(channels, config) if trained and config.layout_channels else None
        regions = 2 if config.setup == "concat" else 1
        features = 2 * channels * regions + (self.layout.dim if self.layout else 0)
        self.dim = config.dim if trained else channels
        self.head = (
            nn.Sequential(nn.Linear(features, config.dim, bias=False), nn.BatchNorm1d(config.dim))
            if trained
            else None
        )
        self.requires_grad_(trained)

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float of N crops, of length 1."""
        maps = self.trunk(self.stem(self._images(crops)))
        if self.head is None:
            return F.normalize(maps.mean(dim=(2, 3)).float(), dim=1)
        parts = [pooled for region in self._regions(crops) for pooled in pool(maps, region)]
        if self.layout is not None:
            parts.append(self.layout(maps))
        return F.normalize(self.head(torch.cat(parts, dim=1)).float(), dim=1)

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last map, which shows all that the setup lets in."""
        alone = self.setup in ("foreground", "background")
        return {self.setup if alone else "full": self.trunk[-1]}

    def _images(self, crops: Crops) -> Tensor:
        """(N, 5, S, S): colours, mask, and what lies inside the frame; no mask where the setup has none."""
        seen = "full" if self.setup == "concat" else self.setup
        colour = stream_images(crops, seen)[0]
        blind = self.setup in ("full", "no-train")
        mask = torch.zeros_like(crops.mask) if blind else crops.mask
        images = torch.cat([colour, mask, crops.inside.to(colour.dtype)], dim=1)
        return images.contiguous(memory_format=torch.channels_last)

    def _regions(self, crops: Crops) -> list[Tensor]:
        """The pixels (N, 1, S, S) over which features are pooled."""
        around = (1 - crops.mask) * crops.inside
        regions = {
            "concat": [crops.mask, around],
            "foreground": [crops.mask],
            "background": [around],
            "full": [torch.ones_like(crops.mask)],
        }
        return regions[self.setup]


class _Layout(nn.Module):
    """What is where: few channels of the map, cell by cell."""

    def __init__(self, channels: int, config: SmallConfig) -> None:
        super().__init__()
        self.grid = config.layout_grid
        self.dim = config.layout_channels * self.grid**2
        self.squeeze = convolution(channels, config.layout_channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, dim) of maps (N, C, h, w)."""
        return F.adaptive_avg_pool2d(self.squeeze(maps), self.grid).flatten(1)


class _Block(nn.Module):
    """Residual block of two 3x3 convolutions (He et al. 2016); a larger stride averages in the shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            convolution(before, after, 3, stride), convolution(after, after, 3, relu=False)
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            pooling = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
            self.shortcut = nn.Sequential(pooling, convolution(before, after, 1, relu=False))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, after, h / stride, w / stride), rounded up."""
        return F.relu(self.residual(maps) + self.shortcut(maps))


def _trunk(config: SmallConfig) -> nn.Sequential:
    """All levels; maps of side S / 4 become maps of side S / 4 / 2 ** (levels - 1)."""
    layers: list[nn.Module] = []
    last = config.widths[0]
    for level, (width, blocks) in enumerate(zip(config.widths[1:], config.blocks, strict=True)):
        for block in range(blocks):
            layers.append(_Block(last, width, 2 if level and not block else 1))
            last = width
    return nn.Sequential(*layers)


def pool(maps: Tensor, region: Tensor) -> list[Tensor]:
    """Mean and generalised mean of maps (N, C, h, w) >= 0 over a region (N, 1, S, S) in [0, 1].

    Returns:
        two (N, C); 0 where the region has no pixel.
    """
    height, width = maps.shape[2:]
    weight = F.adaptive_avg_pool2d(region, (height, width)).to(maps.dtype)
    weight = weight / weight.sum(dim=(2, 3), keepdim=True).clamp_min(1e-3)
    mean = (maps * weight).sum(dim=(2, 3))
    powers = (maps.clamp_min(_LEAST).pow(_EXPONENT) * weight).sum(dim=(2, 3))
    return [mean, powers.clamp_min(_LEAST**_EXPONENT).pow(1 / _EXPONENT)]
