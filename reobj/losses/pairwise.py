"""Distances and relations between all pairs of a batch."""

from __future__ import annotations

import torch
from pytorch_metric_learning.distances import BaseDistance
from torch import Tensor


def squared_distances(rows: Tensor, columns: Tensor) -> Tensor:
    """Squared Euclidean distances.

    |x|^2 + |y|^2 - 2xy cancels badly where embeddings are long and near, and a GPU may be set to
    round the products to 10 bits (TF32). So the products are taken in float64: below the time of one
    convolution, and exact for any use here.

    Args:
        rows: (N, D) floating.
        columns: (M, D) of the same type.

    Returns:
        (N, M) of the type of ``rows``, at least float32; >= 0.
    """
    x, y = rows.double(), columns.double()
    distances = (x * x).sum(1)[:, None] + (y * y).sum(1) - 2 * x @ y.T
    return distances.clamp_min(0).to(torch.promote_types(rows.dtype, torch.float32))


class SquaredEuclidean(BaseDistance):
    """``squared_distances`` of embeddings as they are, for losses and miners of pytorch-metric-learning."""

    def __init__(self) -> None:
        super().__init__(normalize_embeddings=False, p=2, power=1, is_inverted=False)

    def compute_mat(self, query_emb: Tensor, ref_emb: Tensor) -> Tensor:
        """(N, D) and (M, D) to (N, M)."""
        return squared_distances(query_emb, ref_emb)


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs are positive (same identity, not the same row) and which negative: twice (B, B) bool."""
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same & ~itself, ~same
