"""Masks that were carried to a frame, beside those that are there already."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.refinement.frame_masks import FrameMasks, Labels

#: a mask with fewer pixels is no instance
LEAST_PIXELS = 32
#: a claim on a smaller share of the image is void: of so small a mask most pixels are at the border, where
#: a carried mask is off (tuned on simulated walks)
_LEAST_SHARE = 1e-3
#: a claim of which surer masks have more than this share is hidden behind them
_HIDDEN = 0.5
#: least intersection over union of a claim and an instance without an object that is the same thing
_SAME = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """M masks of objects that should be in a frame.

    Attributes:
        label_image: (H, W) uint16, i = claim i - 1.
        object_ids: (M,) int64, > 0 and different.
        track_ids: (M,) int64 of the masks that they come from.
        confidence: (M,) float32 in [0, 1].
        labels: M class names.
    """

    label_image: Labels
    object_ids: NDArray[np.int64]
    track_ids: NDArray[np.int64]
    confidence: NDArray[np.float32]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What came of the claims.

    Attributes:
        masks: of the frame now. Instances that were claimed keep their numbers or are gone.
        drawn: rows of ``masks`` with a mask that is a claim's: their embeddings are not known yet.
        adopted: objects that instances without one turned out to be.
    """

    masks: FrameMasks
    drawn: NDArray[np.intp]
    adopted: tuple[int, ...]

    @property
    def changed(self) -> bool:
        """Whether any claim was good."""
        return bool(len(self.drawn) or self.adopted)


def settle(masks: FrameMasks, claims: Claims, round_number: int, adopt: bool = True) -> Settled:
    """Decides between claims and what is there by confidence, the surest claims first.

    A claim is void where its object is shown with as much confidence, or where surer objects hide it. An
    instance without an object that has the claim's outline becomes the object, where ``adopt`` says that what
    was detected is better than what was carried. Else the claim takes its pixels, but not from surer objects.
    """
    count = len(claims.object_ids)
    shared = _shared(masks, claims)
    areas = np.bincount(claims.label_image.ravel(), minlength=count + 1)[1:]
    own = masks.areas()
    object_ids, confidence = masks.object_ids.copy(), masks.confidence.copy()
    rounds, fresh, gone = masks.rounds.copy(), masks.fresh.copy(), np.zeros(len(masks), dtype=bool)
    accepted, adopted = [], []
    least = max(LEAST_PIXELS, _LEAST_SHARE * claims.label_image.size)
    for k in np.argsort(-claims.confidence, kind="stable").tolist():
        object_id, sure = claims.object_ids[k], claims.confidence[k]
        there = np.flatnonzero(object_ids == object_id)
        if areas[k] < least or (len(there) and confidence[there[0]] >= sure):
            continue
        surer = (object_ids > 0) & (object_ids != object_id) & (confidence >= sure)
        if shared[surer, k].sum() > _HIDDEN * areas[k]:
            continue
        gone[there], object_ids[there] = True, 0
        iou = shared[:, k] / np.maximum(own + areas[k] - shared[:, k], 1)
        iou[(object_ids > 0) | gone] = 0
        best = int(iou.argmax()) if len(iou) else -1
        if adopt and best >= 0 and iou[best] >= _SAME:
            object_ids[best], rounds[best], fresh[best] = object_id, round_number, True
            confidence[best] = 1.0
            adopted.append(int(object_id))
        else:
            accepted.append(k)
    kept = replace(masks, object_ids=object_ids, confidence=confidence, rounds=rounds, fresh=fresh)
    return _drawn(kept, gone, claims, np.array(accepted, np.intp), tuple(adopted), round_number)


def _shared(masks: FrameMasks, claims: Claims) -> NDArray[np.int64]:
    """(N, M) pixels of both."""
    width = len(claims.object_ids) + 1
    cell = masks.label_image.astype(np.int64) * width + claims.label_image
    joint = np.bincount(cell.ravel(), minlength=(len(masks) + 1) * width)
    return joint.reshape(len(masks) + 1, width)[1:, 1:]


def _drawn(
    masks: FrameMasks,
    gone: NDArray[np.bool_],
    claims: Claims,
    accepted: NDArray[np.intp],
    adopted: tuple[int, ...],
    round_number: int,
) -> Settled:
    """The frame with the accepted claims as further instances."""
    n, image = len(masks), masks.label_image.copy()
    image[np.concatenate([[False], gone])[image]] = 0
    held = np.where(masks.object_ids > 0, masks.confidence, 0.0)
    strength = np.concatenate([[0.0], held])[image]
    number = np.zeros(len(claims.object_ids) + 1, np.uint16)
    number[accepted + 1] = n + 1 + np.arange(len(accepted))
    claimed = number[claims.label_image]
    sure = np.concatenate([[0.0], claims.confidence])[claims.label_image]
    image = np.where((claimed > 0) & (sure > strength), claimed, image)
    together = masks.beside(_rows(claims, accepted, masks, round_number), image)
    keep = (together.areas() >= LEAST_PIXELS) & ~np.concatenate([gone, np.zeros(len(accepted), dtype=bool)])
    rows = np.flatnonzero(keep)
    return Settled(together.select(rows), np.flatnonzero(rows >= n), adopted)


def _rows(claims: Claims, accepted: NDArray[np.intp], like: FrameMasks, round_number: int) -> FrameMasks:
    """The claims as instances whose embeddings and places are still to be found."""
    m = len(accepted)
    return FrameMasks(
        claims.label_image,
        tuple(claims.labels[k] for k in accepted),
        claims.confidence[accepted],
        np.zeros((m, like.embeddings.shape[1]), np.float32),
        InstanceGeometry.unknown(m),
        claims.object_ids[accepted],
        claims.track_ids[accepted],
        claims.confidence[accepted],
        np.zeros(m, dtype=bool),
        np.full(m, round_number, np.int64),
    )
