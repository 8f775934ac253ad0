"""From what a network says of an image to instances: one way for all networks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reobj.detection.nms import mask_overlaps, suppressed
from reobj.errors import InputError, mismatch
from reobj.types import Instances

#: times ``max_instances``, findings that are looked at, as some turn out to be the same object
SPARE = 2


@dataclass(frozen=True, slots=True)
class FindingLimits:
    """Which findings of a network count.

    Attributes:
        labels: classes to keep; all when empty.
        min_score: in [0, 1]. More finds fewer objects and fewer wrong ones.
        mask_threshold: in (0, 1), from which probability on a pixel belongs to the mask.
        min_area: least part of the image in [0, 1] that a mask covers where no better one hides it.
        max_share: largest part of the image in [0, 1] that a mask covers, hidden or not.
        max_overlap: in [0, 1]; of two masks with a larger IoU only the one with the better score stays,
            whatever their classes are. 1 keeps all.
        max_instances: those with the highest score stay.
    """

    labels: tuple[str, ...] = ()
    min_score: float = 0.5
    mask_threshold: float = 0.5
    min_area: float = 5e-4
    max_share: float = 1.0
    max_overlap: float = 0.5
    max_instances: int = 100

    def __post_init__(self) -> None:
        for name in ("min_score", "mask_threshold", "min_area", "max_share", "max_overlap"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(mismatch(name, "a number in [0, 1]", getattr(self, name)))
        if self.max_instances < 1:
            raise InputError(mismatch("max_instances", "an integer >= 1", self.max_instances))

    def wanted(self, names: Sequence[str]) -> Tensor:
        """Which classes count, (C,) bool, of a network whose classes have these names.

        Raises:
            InputError: ``labels`` has a name that the network does not know.
        """
        check_labels(self.labels, names)
        return torch.tensor([not self.labels or name in self.labels for name in names], dtype=torch.bool)


def check_labels(labels: Collection[str], names: Collection[str]) -> None:
    """Raises InputError unless all of ``labels`` are among the ``names`` of a network's classes."""
    if unknown := sorted(set(labels) - set(names)):
        raise InputError(mismatch("labels", f"classes of the network ({', '.join(names)})", unknown))


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a network says of one image, with nothing left out. All tensors are on one device.

    Attributes:
        boxes: (N, 4) pixels x0 y0 x1 y1, half-open.
        scores: (N,).
        classes: (N,) int64.
        masks: (N, H, W) bool, or probabilities in [0, 1].
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor
    masks: Tensor


def best_rows(
    boxes: Tensor, scores: Tensor, classes: Tensor, wanted: Tensor, limits: FindingLimits
) -> Tensor:
    """Rows worth a look at their masks, best first: finite, sure enough, of a wanted class, not too many.

    Args:
        boxes: (N, 4), within the image.
        scores: (N,).
        classes: (N,) int64; what is no index of ``wanted`` is dropped.
        wanted: (C,) bool.
        limits: for score and number.

    Returns:
        (K,) int64.
    """
    known = (classes >= 0) & (classes < len(wanted))
    good = known & wanted[classes.clamp(0, len(wanted) - 1)]
    good &= torch.isfinite(scores) & (scores >= limits.min_score)
    good &= torch.isfinite(boxes).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1)  # False for NaN
    rows = torch.nonzero(good)[:, 0]
    order = torch.argsort(scores[rows], descending=True, stable=True)
    return rows[order][: SPARE * limits.max_instances]


def clipped(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes (N, 4) cut off at the image's edges; an infinite side ends there too, NaN stays."""
    limit = boxes.new_tensor([width, height, width, height])
    return torch.minimum(boxes.clamp(min=0), limit)


def to_instances(
    found: Findings, names: Sequence[str], wanted: Tensor, limits: FindingLimits, height: int, width: int
) -> Instances:
    """Instances by descending score; a pixel that two of them claim goes to the better one.

    Args:
        found: masks of the size of the image.
        names: of the network's classes.
        wanted: (C,) bool, which of them count, on the device of ``found``.
        limits: all of them are applied.
        height, width: of the image.
    """
    boxes = clipped(found.boxes.float(), height, width)
    rows = best_rows(boxes, found.scores, found.classes, wanted, limits)
    masks = _binary(found.masks, rows, limits.mask_threshold)
    overlaps, shares = mask_overlaps(masks)
    kept = torch.nonzero(~suppressed(overlaps, limits.max_overlap) & (shares <= limits.max_share))[:, 0]
    label_image, areas = resolve_overlaps(masks[kept])
    large = areas >= max(1, limits.min_area * height * width)
    large &= large.cumsum(0) <= limits.max_instances  # those behind have taken nothing from the better ones
    rows = rows[kept][large]
    classes = found.classes[rows].tolist()
    return Instances(
        boxes[rows].cpu().numpy(),
        _renumbered(label_image, large).cpu().numpy().astype("uint16"),
        tuple(names[i] for i in classes),
        found.scores[rows].float().clamp(0, 1).cpu().numpy(),
    )


def _binary(masks: Tensor, rows: Tensor, threshold: float) -> Tensor:
    """(K, H, W) bool, the masks (N, H, W) of some rows; one by one, as a copy of all of them takes longer."""
    if masks.dtype == torch.bool:
        return masks[rows]
    binary = torch.empty((len(rows), *masks.shape[1:]), dtype=torch.bool, device=masks.device)
    for target, row in zip(binary, rows.tolist(), strict=True):
        torch.ge(masks[row], threshold, out=target)
    return binary


def _renumbered(label_image: Tensor, keep: Tensor) -> Tensor:
    """A label image (H, W) with the instances of ``keep`` (N,) bool numbered from 1, the others 0."""
    numbers = torch.zeros(len(keep) + 1, dtype=torch.int32, device=keep.device)
    numbers[1:] = torch.where(keep, keep.cumsum(0), 0)
    return numbers[label_image]


def resolve_overlaps(masks: Tensor) -> tuple[Tensor, Tensor]:
    """One label image of masks that overlap: each pixel goes to the first mask that has it.

    Args:
        masks: (N, H, W) bool, best first.

    Returns:
        label image (H, W) int64, 0 = none, i = mask i - 1; and the pixels that each mask kept, (N,) int64.
    """
    label_image = torch.zeros(masks.shape[1:], dtype=torch.int64, device=masks.device)
    for row in reversed(range(len(masks))):
        label_image.masked_fill_(masks[row], row + 1)
    return label_image, torch.bincount(label_image.flatten(), minlength=len(masks) + 1)[1:]
