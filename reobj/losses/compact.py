"""The compact loss (Wei et al. 2019, "What Makes You Look Like You", Eq. 2).

    L = 1/2 sum over p, i of max(0, |I(p, i) - C(p)|^2 - d(p)^2)

C(p) is the mean of the embeddings I(p, i) of identity p, d(p) half the distance to the nearest other
centre: an embedding within that sphere is nearer to its own centre than to any other, and left alone.
"""

from __future__ import annotations

import torch
from pytorch_metric_learning.losses import BaseMetricLossFunction
from pytorch_metric_learning.reducers import SumReducer
from torch import Tensor

from reobj.losses.base import CheckedBatch
from reobj.losses.centres import class_centres
from reobj.losses.pairwise import squared_distances


class CompactLoss(CheckedBatch, BaseMetricLossFunction):
    """Sum over the batch, as in the paper. 0 with one identity, whose sphere has no end."""

    def __init__(self) -> None:
        super().__init__(reducer=SumReducer())

    def compute_loss(self, embeddings: Tensor, labels: Tensor, *_: object) -> dict[str, object]:
        """Eq. 2 of each embedding."""
        losses = compact_terms(embeddings, *class_centres(embeddings, labels))
        rows = torch.arange(len(embeddings), device=embeddings.device)
        return {"loss": {"losses": losses, "indices": rows, "reduction_type": "element"}}


def compact_terms(embeddings: Tensor, centres: Tensor, own: Tensor) -> Tensor:
    """The summand of each embedding.

    Args:
        embeddings: (B, D) floating.
        centres: (C, D).
        own: (B,) int64, the centre of each embedding.

    Returns:
        (B,), >= 0.
    """
    between = squared_distances(centres, centres).fill_diagonal_(torch.inf)
    squared_radius = between.amin(1) / 4
    squared = (embeddings - centres[own]).square().sum(1)
    return (squared - squared_radius[own]).relu() / 2
