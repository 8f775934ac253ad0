"""The triplet loss of re-OBJ (Bansal et al. 2019, Eq. 2), and which triplets of a batch it is taken over.

    l(a, p, n) = max(0, M + D(a, p) - D(a, n)),    D: squared Euclidean distance

A triplet is an anchor, a positive (same identity) and a negative (another one). A batch without any
triplet, one identity for instance, has the loss 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from torch import Tensor

from reobj.errors import InputError, mismatch
from reobj.losses.base import CheckedBatch, Triplets, check_range
from reobj.losses.pairwise import SquaredEuclidean, pair_masks


@dataclass(frozen=True, slots=True)
class TripletConfig:
    """The paper's form.

    Attributes:
        margin: M, >= 0. The paper does not say its value; 1 suits embeddings that are not normalised.
            More keeps easy triplets in play for longer.
    """

    margin: float = 1.0

    def __post_init__(self) -> None:
        check_range("margin", self.margin, least=0)


@dataclass(frozen=True, slots=True)
class MinedTripletConfig:
    """The forms that choose triplets by their distances.

    Attributes:
        margin: M, >= 0. 0.3 suits normalised embeddings, whose squared distances end at 4.
    """

    margin: float = 0.3

    def __post_init__(self) -> None:
        check_range("margin", self.margin, least=0)


class TripletLoss(CheckedBatch, TripletMarginLoss):
    """Mean of Eq. 2 over the triplets that are given, else over one triplet drawn for each anchor.

    A positive that is a transformed anchor (Bansal et al., "Where Did I See It?") is a row of its own,
    with its anchor's label.
    """

    def __init__(self, config: TripletConfig) -> None:
        super().__init__(margin=config.margin, distance=SquaredEuclidean(), reducer=MeanReducer())

    def compute_loss(
        self, embeddings: Tensor, labels: Tensor, indices_tuple: Triplets | None, *references: Tensor
    ) -> dict[str, object]:
        """Eq. 2 of each triplet.

        Raises:
            InputError: triplets of another form than three (T,) int64.
        """
        if indices_tuple is None:
            indices_tuple = draw_triplets(labels)
        check_triplets(indices_tuple, len(labels))
        return super().compute_loss(embeddings, labels, indices_tuple, *references)


class BatchHardTripletLoss(CheckedBatch, TripletMarginLoss):
    """Mean of Eq. 2 over the anchors, each with its farthest positive and its nearest negative.

    Hermans et al. 2017, "In Defense of the Triplet Loss", Eq. 5, on the squared distance.
    """

    def __init__(self, config: MinedTripletConfig) -> None:
        super().__init__(margin=config.margin, distance=SquaredEuclidean(), reducer=MeanReducer())
        self.miner = BatchHardMiner(distance=SquaredEuclidean())

    def compute_loss(
        self, embeddings: Tensor, labels: Tensor, indices_tuple: Triplets | None, *references: Tensor
    ) -> dict[str, object]:
        """Eq. 2 of the hardest triplet of each anchor."""
        hardest = self.miner(embeddings, labels)
        return super().compute_loss(embeddings, labels, hardest, *references)


class BatchAllTripletLoss(CheckedBatch, TripletMarginLoss):
    """Mean of Eq. 2 over all triplets of the batch whose loss is not 0.

    Hermans et al. 2017, Eq. 6; the average leaves out what is already satisfied, or most of the batch
    would soon dilute the rest.
    """

    def __init__(self, config: MinedTripletConfig) -> None:
        super().__init__(margin=config.margin, distance=SquaredEuclidean(), reducer=AvgNonZeroReducer())


def draw_triplets(labels: Tensor) -> Triplets:
    """One triplet for each anchor that has a positive and a negative, both drawn at random, evenly.

    Draws from torch's random numbers, so that a run that restores their state draws the same again.

    Args:
        labels: (B,) integers.

    Returns:
        anchors, positives, negatives: three (T,) int64 with T <= B.
    """
    positive, negative = pair_masks(labels)
    lots = torch.rand(2, *positive.shape, device=labels.device)
    anchors = (positive.any(1) & negative.any(1)).nonzero()[:, 0]
    positives = lots[0].masked_fill(~positive, -1)[anchors].argmax(1)
    negatives = lots[1].masked_fill(~negative, -1)[anchors].argmax(1)
    return anchors, positives, negatives


def check_triplets(triplets: Triplets, batch: int) -> None:
    """Raises InputError unless these are three (T,) int64 with values in [0, ``batch``)."""
    forms = {(tuple(part.shape), part.dtype) for part in triplets}
    if len(triplets) != 3 or len(forms) != 1 or triplets[0].ndim != 1 or triplets[0].dtype != torch.int64:
        got = ", ".join(f"{tuple(part.shape)} {part.dtype}" for part in triplets)
        raise InputError(mismatch("triplets", "three (T,) int64", got))
    rows = torch.stack(triplets)
    if rows.numel() and not (rows.min() >= 0 and rows.max() < batch):
        raise InputError(mismatch("triplets", f"rows in [0, {batch})", f"{rows.min()} to {rows.max()}"))
