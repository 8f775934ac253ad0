"""The ranking loss of MaskReID (Qi et al. 2018, "A Mask Based Deep Ranking Neural Network", Eq. 3).

    l(a) = sum over n of [m + S(a, n) - S(a, p*)]+  +  balance * sum over p of (1 - S(a, p))

S is the cosine similarity and p* the positive least similar to the anchor. The hinge picks the
negatives: all that come within the margin of p*, not just the hardest, and none that lie beyond it.

Built from the sentences around Eq. 3, which leave open how the pairs are put together: here as sums over
the anchor's negatives and over its positives, as the N-pair loss of Eq. 1 does, and as mean over anchors.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pytorch_metric_learning.losses import BaseMetricLossFunction
from torch import Tensor
from torch.nn import functional as F

from reobj.losses.base import CheckedBatch, check_range
from reobj.losses.pairwise import pair_masks


@dataclass(frozen=True, slots=True)
class MaskReidRankingConfig:
    """The paper's values; its Table 6 shows what others do.

    Attributes:
        margin: m, >= 0. More takes in easier negatives; at 1 the paper lost 10 points of rank-1.
        balance: weight of the pull on positives, >= 0. At 0 the paper lost 2 points of mAP.
    """

    margin: float = 0.2
    balance: float = 1.0

    def __post_init__(self) -> None:
        check_range("margin", self.margin, least=0)
        check_range("balance", self.balance, least=0)


class MaskReidRankingLoss(CheckedBatch, BaseMetricLossFunction):
    """Mean over the anchors that have a positive. With one identity only the pull is left.

    The paper's batch is several views of one identity and one view each of many: pass that, or any P x K.
    0 for a batch without positives.
    """

    def __init__(self, config: MaskReidRankingConfig) -> None:
        super().__init__()
        self.config = config

    def compute_loss(self, embeddings: Tensor, labels: Tensor, *_: object) -> dict[str, object]:
        """Eq. 3 of the batch."""
        positive, negative = pair_masks(labels)
        anchors = positive.any(1)
        unit = F.normalize(embeddings)
        similarity = unit @ unit.T
        hardest = similarity.masked_fill(~positive, torch.inf).amin(1, keepdim=True)
        hinge = (self.config.margin + similarity - hardest).relu()  # 0 where there is no positive
        push = hinge.masked_fill(~negative, 0.0).sum(1)
        pull = (1 - similarity).masked_fill(~positive, 0.0).sum(1)
        loss = (push + self.config.balance * pull).sum() / anchors.sum().clamp_min(1)
        return {"loss": {"losses": loss, "indices": None, "reduction_type": "already_reduced"}}
