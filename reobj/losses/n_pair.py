"""The N-pair loss (Sohn 2016, in the form of MaskReID, Qi et al. 2018, Eq. 1).

    l = log(1 + sum over n of exp(S(a, n) - S(a, p))),    S: cosine similarity

Each identity with two views or more gives one anchor and one positive, its first two in the batch; the
negatives are the positives of the others. The mean is taken over the anchors.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytorch_metric_learning.losses import NPairsLoss

from reobj.losses.base import CheckedBatch


@dataclass(frozen=True, slots=True)
class NPairConfig:
    """Nothing to set."""


class NPairLoss(CheckedBatch, NPairsLoss):
    """pytorch-metric-learning's, which normalises the embeddings as MaskReID does.

    0 for fewer than two identities with two views.
    """

    def __init__(self, config: NPairConfig) -> None:
        super().__init__()
