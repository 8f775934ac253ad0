"""What all losses share: a checked batch, and arithmetic in float32 whatever the network ran in."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from reobj.errors import ConfigError, InputError, mismatch

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)

#: Anchor, positive and negative of each triplet: three (T,) int64, rows of the batch.
Triplets = tuple[Tensor, Tensor, Tensor]


class CheckedBatch(nn.Module):
    """Goes before a loss of pytorch-metric-learning: ``class MyLoss(CheckedBatch, BaseMetricLossFunction)``.

    The other class writes only its formula. It gets at least one embedding, in float32 (or float64),
    with autocast off. The result is a float32 (or float64) scalar that always has a graph; it is 0
    for a batch that has nothing to compare, and NaN when an embedding is NaN or infinite (a gradient
    scaler then skips the step).
    """

    def forward(self, embeddings: Tensor, labels: Tensor, indices_tuple: Triplets | None = None) -> Tensor:
        """The loss of one batch.

        Args:
            embeddings: (B, D) of any floating type; B may be 0.
            labels: (B,) integers, the identity of each embedding, on the same device.
            indices_tuple: triplets that were chosen already, for a loss that takes them (``TripletLoss``).

        Returns:
            () float32, or float64 for float64 embeddings.

        Raises:
            InputError: another shape, type or device than that.
        """
        check_batch(embeddings, labels)
        exact = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
        if not len(exact):
            return exact.sum()
        with torch.autocast(exact.device.type, enabled=False):
            loss: Tensor = super().forward(exact, labels.long(), indices_tuple)
        # The reducers leave NaN entries out; the second term brings them back, and is 0 otherwise.
        return loss + 0.0 * exact.sum()


def check_batch(embeddings: Tensor, labels: Tensor) -> None:
    """Raises InputError unless embeddings (B, D) floating, D > 0, and labels (B,) integer share a device."""
    if embeddings.ndim != 2 or not embeddings.shape[1] or not embeddings.is_floating_point():
        got = f"{tuple(embeddings.shape)} {embeddings.dtype}"
        raise InputError(mismatch("embeddings", "(B, D) of a floating type, D > 0", got))
    if labels.shape != embeddings.shape[:1] or labels.dtype not in _INTEGERS:
        got = f"{tuple(labels.shape)} {labels.dtype}"
        raise InputError(mismatch("labels", f"({len(embeddings)},) integers", got))
    if labels.device != embeddings.device:
        raise InputError(
            mismatch("labels", f"on {embeddings.device} as the embeddings", f"on {labels.device}")
        )


def check_range(key: str, value: float, above: float = -math.inf, least: float = -math.inf) -> None:
    """Raises ConfigError unless ``value`` is finite, > ``above`` and >= ``least``."""
    if not (math.isfinite(value) and value > above and value >= least):
        expected = f"a number > {above:g}" if above > -math.inf else f"a number >= {least:g}"
        raise ConfigError(mismatch(key, expected, value))
