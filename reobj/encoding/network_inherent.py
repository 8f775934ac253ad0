"""`inherent`: ResNet18, whose pool5 layer gives the code (Wei et al., "What Makes You Look Like You").

The paper knows one image, the whole crop: setup ``full``. For ``concat`` the codes of foreground and
background are joined, as re-OBJ (Bansal et al. 2019) joins its streams. The head is the paper's by default;
ours pools by GeM, projects to 512 numbers and normalises.

With setup ``no-train`` this is also what every network of the papers is without training: the backbone's
features of the whole crop, averaged (``untrained``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.embedding import finished, no_embeddings
from reobj.encoding.gem import GeM
from reobj.encoding.stream_features import StreamFeatures
from reobj.encoding.streams import Setup
from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True)
class InherentConfig:
    """The paper's network by default.

    Attributes:
        setup: what the network sees.
        backbone, weights: as for ``reobj.encoding.features.build_features``.
        pooling: ``average`` is the paper's pool5; ``gem`` learns how much peaks count.
        projection: length of the embedding after a linear layer; 0 is the paper's code, as long as the
            backbone has channels for each stream.
        normalise: embeddings of length 1.
    """

    setup: Setup = "concat"
    backbone: str = "resnet18"
    weights: str = "imagenet"
    pooling: Literal["average", "gem"] = "average"
    projection: int = 0
    normalise: bool = False

    def __post_init__(self) -> None:
        if self.projection < 0:
            raise InputError(mismatch("projection", "an integer >= 0", self.projection))


class Inherent(nn.Module):
    """Pooled features of each stream, joined.

    Args:
        config: setup, backbone and head.
        crop_size: S, pixels; the backbone decides which are possible.

    Attributes:
        dim: length of an embedding.
        setup: what it sees.

    Raises:
        ModelError: unknown backbone or setup, or weights that cannot be had or do not fit.
    """

    def __init__(self, config: InherentConfig, crop_size: int) -> None:
        super().__init__()
        self.setup = config.setup
        self.features = StreamFeatures(config.setup, config.backbone, config.weights, crop_size)
        self.pool: nn.Module = GeM() if config.pooling == "gem" else _Average()
        length = self.features.channels * len(self.features.names)
        self.dim = config.projection or length
        self.project = nn.Linear(length, self.dim) if config.projection else nn.Identity()
        self._normalise = config.normalise

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float32."""
        if not len(crops):
            return no_embeddings(crops, self.dim)
        codes = torch.cat([self.pool(maps) for _, maps in self.features(crops)], dim=1)
        return finished(self.project(codes), self._normalise)

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last layer with places, of each stream."""
        return self.features.explain_layers()


class _Average(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        """(N, C) of maps (N, C, h, w)."""
        return maps.mean(dim=(2, 3))


def make_inherent(config: InherentConfig, crop_size: int) -> nn.Module:
    """The network of a configuration; with setup ``no-train`` nothing of it can be trained."""
    if config.setup == "no-train":
        return untrained(config.backbone, config.weights, config.normalise, crop_size)
    return Inherent(config, crop_size)


def untrained(backbone: str, weights: str, normalise: bool, crop_size: int) -> nn.Module:
    """The papers' ``no-train``: features of the whole crop, averaged over it, without a head."""
    config = InherentConfig("no-train", backbone, weights, normalise=normalise)
    return Inherent(config, crop_size).requires_grad_(False)
