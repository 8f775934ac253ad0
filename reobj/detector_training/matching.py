"""Which true instances the findings of one picture are, taken by descending score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Least IoU of a finding and what it is; as in PASCAL VOC (Everingham et al. 2010), COCO's AP50.
MIN_IOU = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What became of the findings of one picture.

    Attributes:
        right: (N,) bool, findings that are a true instance of their own.
        counted: (N,) bool, findings that are right or wrong; the others are something too small to count.
    """

    right: NDArray[np.bool_]
    counted: NDArray[np.bool_]


def match_findings(
    iou: NDArray[np.float64], scores: NDArray[np.float32], minor: NDArray[np.bool_]
) -> Matched:
    """Gives each finding, best first, the free true instance that it overlaps most.

    As COCO does (cocoeval.py): what counts is preferred to what is minor, and a minor one takes any number.

    Args:
        iou: (N, G) of findings and true instances; 0 where they cannot be the same, of other classes say.
        scores: (N,).
        minor: (G,) bool, true instances too small to count.
    """
    right, counted = np.zeros(len(iou), bool), np.ones(len(iou), bool)
    free = iou >= MIN_IOU
    for row in np.argsort(-scores, kind="stable"):
        chances = np.where(free[row], iou[row] + 2.0 * ~minor, 0.0)
        if not chances.any():
            continue
        best = int(chances.argmax())
        if minor[best]:
            counted[row] = False
        else:
            right[row], free[:, best] = True, False
    return Matched(right, counted)


def average_precision(scores: NDArray[np.float32], right: NDArray[np.bool_], truths: int) -> float:
    """Mean over recalls 0, 0.01, ... 1 of the best precision at that recall or a higher one, as of COCO.

    Args:
        scores: (N,) of findings of any number of pictures.
        right: (N,) bool.
        truths: true instances in these pictures, >= 1.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    recall, precision = hits / truths, hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.append(envelope, 0.0)[np.minimum(at, len(envelope))].mean())
