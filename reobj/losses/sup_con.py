"""Supervised contrastive loss (Khosla et al. 2020, Eq. 2).

    l(a) = -1/|P(a)| sum over p in P(a) of log(exp(S(a, p) / T) / sum over b != a of exp(S(a, b) / T))

S is the cosine similarity, P(a) the other views of a's identity. The mean is taken over the anchors
that have a positive.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytorch_metric_learning.losses import SupConLoss as PublishedSupConLoss

from reobj.losses.base import CheckedBatch, check_range


@dataclass(frozen=True, slots=True)
class SupConConfig:
    """How sharply near negatives count.

    Attributes:
        temperature: T, > 0; the paper's 0.1. Less weighs the hardest negatives more and bears wrong
            labels worse.
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        check_range("temperature", self.temperature, above=0)


class SupConLoss(CheckedBatch, PublishedSupConLoss):
    """pytorch-metric-learning's. 0 for a batch without positives or without negatives."""

    def __init__(self, config: SupConConfig) -> None:
        super().__init__(temperature=config.temperature)
