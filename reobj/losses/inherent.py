"""Softmax, compact and scatter loss together (Wei et al. 2019, "What Makes You Look Like You", Eq. 4).

    L = L_softmax + beta * L_compact - gamma * L_scatter

The softmax loss is a mean over the batch, the other two are sums, as in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pytorch_metric_learning.losses import BaseMetricLossFunction
from torch import Tensor, nn
from torch.nn import functional as F

from reobj.errors import InputError, mismatch
from reobj.losses.base import CheckedBatch, check_range
from reobj.losses.compact import CompactLoss
from reobj.losses.scatter import ScatterLoss


@dataclass(frozen=True, slots=True)
class InherentConfig:
    """The paper's weights. They go with its batches of 32: both losses are sums over the batch.

    Attributes:
        compact_weight: beta, >= 0. More draws the views of an identity together.
        scatter_weight: gamma, >= 0. More parts identities; too much and embeddings grow without end.
    """

    compact_weight: float = 5e-5
    scatter_weight: float = 1e-6

    def __post_init__(self) -> None:
        check_range("compact_weight", self.compact_weight, least=0)
        check_range("scatter_weight", self.scatter_weight, least=0)


class InherentLoss(CheckedBatch, BaseMetricLossFunction):
    """Eq. 4. Has the classifier behind the softmax (Eq. 1) as parameters, which are trained too.

    With weights of 0 it is the plain softmax loss, the paper's set 1. Labels are classes here: 0, 1, ...
    in the order of the training set, the same in every batch.
    """

    def __init__(self, config: InherentConfig, dim: int, classes: int) -> None:
        """A new classifier.

        Args:
            config: the weights.
            dim: length of an embedding.
            classes: number of identities of the training set.

        Raises:
            InputError: ``dim`` or ``classes`` is not positive.
        """
        super().__init__()
        if dim < 1 or classes < 1:
            raise InputError(mismatch("classifier", "dim and classes > 0", f"dim {dim}, classes {classes}"))
        self.config = config
        self.classifier = nn.Linear(dim, classes)
        self.compact = CompactLoss()
        self.scatter = ScatterLoss()

    def compute_loss(self, embeddings: Tensor, labels: Tensor, *_: object) -> dict[str, object]:
        """Eq. 4 of the batch.

        Raises:
            InputError: embeddings of another length, or labels that are no classes.
        """
        self._check(embeddings, labels)
        loss = F.cross_entropy(self.classifier(embeddings), labels)
        loss = loss + self.config.compact_weight * self.compact(embeddings, labels)
        loss = loss - self.config.scatter_weight * self.scatter(embeddings, labels)
        return {"loss": {"losses": loss, "indices": None, "reduction_type": "already_reduced"}}

    def _check(self, embeddings: Tensor, labels: Tensor) -> None:
        """On a GPU a label out of range would end the process."""
        dim, classes = self.classifier.in_features, self.classifier.out_features
        if embeddings.shape[1] != dim:
            raise InputError(mismatch("embeddings", f"(B, {dim})", tuple(embeddings.shape)))
        low, high = (int(bound) for bound in torch.aminmax(labels))
        if low < 0 or high >= classes:
            raise InputError(mismatch("labels", f"classes in [0, {classes})", f"{low} to {high}"))
