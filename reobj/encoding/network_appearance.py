"""The appearance network of DeepSORT (Wojke et al. 2017, Table 1): a small wide residual network.

Two convolutions, a pooling, six residual blocks of 32, 64 and 128 channels, a dense layer of 128,
batch and l2 normalisation; ELU throughout. Where the table is silent the blocks are those of wide
residual networks (Zagoruyko & Komodakis 2016): normalised and activated before each convolution.

The paper's input is 128x64, a person upright; crops are square here. The dense layer sees every
position of the last map, S/8 x S/8 of them, so it belongs to one crop size: 64 gives it half the
paper's weights, 128 twice as many. Everything before it has exactly the paper's.

The paper takes one image. `concat` sends foreground and background through the same trunk and joins
their last maps before the dense layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.embedding import finished, no_embeddings
from reobj.encoding.layers import average, load_trunk
from reobj.encoding.shared_trunk import SharedTrunk
from reobj.encoding.streams import Setup
from reobj.errors import InputError, mismatch

#: The map is this many times smaller than the crop.
_STRIDE = 8
_DIM = 128


@dataclass(frozen=True, slots=True)
class AppearanceConfig:
    """What the network sees.

    Attributes:
        setup: what the network sees.
        weights: of the trunk: ``none`` or a local file. No official API publishes any.
        normalise: embeddings of length 1, as in the paper.
    """

    setup: Setup = "concat"
    weights: str = "none"
    normalise: bool = True


class AppearanceNetwork(nn.Module):
    """The trunk and a dense layer over all its positions.

    Args:
        config: its setup.
        crop_size: S, side of the crops in pixels.

    Raises:
        ModelError: weights that cannot be had or do not fit.
    """

    def __init__(self, config: AppearanceConfig, crop_size: int) -> None:
        super().__init__()
        self.setup, self.normalise = config.setup, config.normalise
        trunk = AppearanceTrunk()
        load_trunk(trunk, config.weights)
        self.streams = SharedTrunk(trunk, config.setup)
        self.crop_size = crop_size
        untrained = config.setup == "no-train"
        side = -(-crop_size // _STRIDE)
        self.dim = trunk.channels if untrained else _DIM
        self.head = average() if untrained else _head(trunk.channels * side**2 * len(self.streams.taps))
        self.requires_grad_(not untrained)

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float32 of N crops.

        Raises:
            InputError: crops of another size than the network was made for.
        """
        size = crops.mask.shape[-1]
        if size != self.crop_size:
            raise InputError(mismatch("crops", f"{self.crop_size} pixels as the network was made for", size))
        if not len(crops):
            return no_embeddings(crops, self.dim)
        return finished(self.head(self.streams(crops)), self.normalise)

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last map of each stream."""
        return dict(self.streams.taps)


class AppearanceTrunk(nn.Module):
    """Images (N, 3, H, W) to maps (N, 128, H / 8, W / 8), each side rounded up."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(3, 32), *_convolution(32, 32), nn.MaxPool2d(3, stride=2, padding=1)
        )
        self.blocks = nn.Sequential(
            WideBlock(32, 32, activate=False),  # the stem has just normalised and activated
            WideBlock(32, 32),
            WideBlock(32, 64),
            WideBlock(64, 64),
            WideBlock(64, 128),
            WideBlock(128, 128),
        )
        self.channels = 128

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.blocks(self.stem(images))
        return maps


class WideBlock(nn.Module):
    """Two 3x3 convolutions beside a skip connection; more channels come with half the sides.

    Args:
        before, after: channels.
        activate: normalise and activate before the first convolution too.
    """

    def __init__(self, before: int, after: int, activate: bool = True) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.first = nn.Sequential(nn.BatchNorm2d(before), nn.ELU()) if activate else nn.Identity()
        self.rest = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ELU(),
            nn.Conv2d(after, after, 3, padding=1),
        )
        self.skip = nn.Identity() if stride == 1 else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, before, h, w) to (N, after, h / stride, w / stride)."""
        added: Tensor = self.skip(maps) + self.rest(self.first(maps))
        return added


def _convolution(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ELU()]


def _head(size: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(size, _DIM, bias=False), nn.BatchNorm1d(_DIM))
