"""The scatter loss (Wei et al. 2019, "What Makes You Look Like You", Eq. 3).

    L = 1/2 sum over p, i and j != p of |I(p, i) - C(j)|^2

C(j) is the mean of the embeddings of identity j. It grows as identities part: training makes it larger,
so its weight in a sum is negative.
"""

from __future__ import annotations

import torch
from pytorch_metric_learning.losses import BaseMetricLossFunction
from pytorch_metric_learning.reducers import SumReducer
from torch import Tensor

from reobj.losses.base import CheckedBatch
from reobj.losses.centres import class_centres
from reobj.losses.pairwise import squared_distances


class ScatterLoss(CheckedBatch, BaseMetricLossFunction):
    """Sum over the batch, as in the paper. 0 with one identity."""

    def __init__(self) -> None:
        super().__init__(reducer=SumReducer())

    def compute_loss(self, embeddings: Tensor, labels: Tensor, *_: object) -> dict[str, object]:
        """Eq. 3 of each embedding."""
        losses = scatter_terms(embeddings, *class_centres(embeddings, labels))
        rows = torch.arange(len(embeddings), device=embeddings.device)
        return {"loss": {"losses": losses, "indices": rows, "reduction_type": "element"}}


def scatter_terms(embeddings: Tensor, centres: Tensor, own: Tensor) -> Tensor:
    """The summand of each embedding.

    Args:
        embeddings: (B, D) floating.
        centres: (C, D).
        own: (B,) int64, the centre of each embedding.

    Returns:
        (B,), >= 0.
    """
    is_own = own[:, None] == torch.arange(len(centres), device=own.device)
    return squared_distances(embeddings, centres).masked_fill(is_own, 0.0).sum(1) / 2
