"""`attention`: the tokens of foreground and background from a ViT-B/16, joined by one self-attention block.

"Where Did I See It?" (Bansal et al., section 3.2). Each image gives (P + 1) x D tokens, both together
2(P + 1) x D, and a self-attention block relates each to all. What the block is made of the paper does not
say: here it is one of the ViT's own kind (Dosovitskiy et al. 2021, Eqs. 2 and 3).

How long an embedding is the paper does not say either. Its configuration, the default, takes all tokens
one after the other: 302,592 numbers at 224 px, 1.2 MB for each view. Ours pools them with an attention of
one learnt query, projects to 512 numbers of length 1, and marks which image a token is from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.embedding import finished, no_embeddings
from reobj.encoding.network_inherent import untrained
from reobj.encoding.stream_features import StreamFeatures
from reobj.encoding.streams import Setup
from reobj.errors import InputError, mismatch

#: Channels of one attention head, as in all sizes of ViT.
_HEAD = 64


@dataclass(frozen=True, slots=True)
class AttentionConfig:
    """The paper's network by default.

    Attributes:
        setup: what the network sees.
        backbone, weights: as for ``reobj.encoding.features.build_features``. A convolutional one gives a
            token for each place of its map.
        stream_marks: a learnt vector is added to all tokens of an image, another for each image.
        pooling: ``flatten`` takes all tokens one after the other as in the paper; ``attention`` their
            weighted mean.
        projection: length of the embedding where pooled by attention.
        normalise: embeddings of length 1.
    """

    setup: Setup = "concat"
    backbone: str = "vit_b_16"
    weights: str = "imagenet"
    stream_marks: bool = False
    pooling: Literal["flatten", "attention"] = "flatten"
    projection: int = 512
    normalise: bool = False

    def __post_init__(self) -> None:
        if self.projection < 1:
            raise InputError(mismatch("projection", "an integer >= 1", self.projection))


class Attention(nn.Module):
    """Tokens of each stream and one self-attention block over all of them.

    Args:
        config: setup, backbone and head.
        crop_size: S, pixels; for a ViT a multiple of its patch.

    Attributes:
        dim: length of an embedding.
        setup: what it sees.

    Raises:
        ModelError: unknown backbone or setup, or weights that cannot be had or do not fit.
    """

    def __init__(self, config: AttentionConfig, crop_size: int) -> None:
        super().__init__()
        self.setup = config.setup
        self.features = StreamFeatures(config.setup, config.backbone, config.weights, crop_size)
        channels, streams = self.features.channels, len(self.features.names)
        shape = (streams, 1, channels)
        self.marks = nn.Parameter(torch.randn(shape) * 0.02) if config.stream_marks else None
        self.block = nn.TransformerEncoderLayer(
            channels, _heads(channels), 4 * channels, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.pool = AttentionPool(channels, config.projection) if config.pooling == "attention" else None
        self._stream_tokens = self.features.prefix + self.features.grid[0] * self.features.grid[1]
        self.dim = config.projection if self.pool else streams * self._stream_tokens * channels
        self._normalise = config.normalise

    def forward(self, crops: Crops) -> Tensor:
        """Embeddings (N, dim) float32."""
        if not len(crops):
            return no_embeddings(crops, self.dim)
        tokens = self.block(self._tokens(crops))
        embeddings = self.pool(tokens) if self.pool is not None else tokens.flatten(1)
        return finished(embeddings, self._normalise)

    def explain_layers(self) -> dict[str, nn.Module]:
        """The last layer with places, of each stream."""
        return self.features.explain_layers()

    @torch.no_grad()
    def attention_weights(self, crops: Crops) -> dict[str, Tensor]:
        """How much each place of each image is attended to: of each stream (N, h, w) in [0, 1].

        With pooling ``attention`` it is the weight of the place in the embedding; with ``flatten`` what
        it gets in the self-attention block, averaged over heads and tokens. All streams and the tokens
        without a place add up to 1.
        """
        if not len(crops):
            return {name: torch.zeros(0, *self.features.grid) for name in self.features.names}
        tokens = self._tokens(crops)
        if self.pool is not None:
            weights = self.pool.weights(self.block(tokens))
        else:
            inputs = self.block.norm1(tokens)
            weights = self.block.self_attn(inputs, inputs, inputs, need_weights=True)[1].mean(dim=1)
        streams = weights.float().split(self._stream_tokens, dim=1)
        places = [part[:, self.features.prefix :].unflatten(1, self.features.grid) for part in streams]
        return dict(zip(self.features.names, places, strict=True))

    def _tokens(self, crops: Crops) -> Tensor:
        """(N, T, C): the tokens of one stream after those of the other."""
        streams = [
            torch.cat([prefix, maps.flatten(2).transpose(1, 2)], dim=1)
            for prefix, maps in self.features(crops)
        ]
        if self.marks is not None:
            streams = [tokens + mark for tokens, mark in zip(streams, self.marks, strict=True)]
        return torch.cat(streams, dim=1)


class AttentionPool(nn.Module):
    """A mean of tokens, weighted by how well each answers a learnt query, projected.

    Args:
        channels: of the tokens.
        dim: length of the result.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, 1, bias=False)
        self.project = nn.Linear(channels, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, dim) of tokens (N, T, C)."""
        tokens = self.norm(tokens)
        pooled: Tensor = self.project((self._weigh(tokens)[:, None] @ tokens)[:, 0])
        return pooled

    def weights(self, tokens: Tensor) -> Tensor:
        """(N, T), each row adds up to 1."""
        return self._weigh(self.norm(tokens))

    def _weigh(self, normed: Tensor) -> Tensor:
        return self.query(normed)[..., 0].softmax(dim=1)


def _heads(channels: int) -> int:
    """The most heads of at least 64 channels that divide them evenly."""
    return next(n for n in range(max(1, channels // _HEAD), 0, -1) if channels % n == 0)


def make_attention(config: AttentionConfig, crop_size: int) -> nn.Module:
    """The network of a configuration; with setup ``no-train`` its backbone alone."""
    if config.setup == "no-train":
        return untrained(config.backbone, config.weights, config.normalise, crop_size)
    return Attention(config, crop_size)
