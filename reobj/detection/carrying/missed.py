"""Masks that were followed to a key frame and that the detector did not find there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.detection.masks import boxes_of
from reobj.types import Instances

#: what is left of the confidence each time the detector overlooks the instance
_LESS = np.float32(0.7)
#: a followed mask is found again when more than this share of it lies in detected ones
_FOUND = 0.3

Confidence = NDArray[np.float32]


def with_missed(
    found: Instances, followed: Instances, confidence: Confidence, least: float
) -> tuple[Instances, Confidence]:
    """Detected instances, and behind them the followed ones that none of them covers.

    Args:
        found: by the detector; they stay as they are.
        followed: N instances with masks of the same size. They keep the pixels that no detected one has.
        confidence: (N,) float32 in [0, 1], of ``followed``.
        least: a followed one that comes to less confidence is given up.

    Returns:
        the instances, and the confidence of each: 1 for those of ``found``.
    """
    taken = found.label_image > 0
    areas = _areas(followed.label_image, len(followed))
    covered = _areas(followed.label_image[taken], len(followed))
    missed = np.flatnonzero((covered <= _FOUND * areas) & (areas > 0) & (confidence * _LESS >= least))
    numbers = np.zeros(len(followed) + 1, np.uint16)
    numbers[missed + 1] = len(found) + 1 + np.arange(len(missed))
    label_image = np.where(taken, found.label_image, numbers[followed.label_image])
    boxes = boxes_of(label_image, len(found) + len(missed))
    boxes[: len(found)] = found.boxes  # a detector's boxes need not be those of its masks
    labels = (*found.labels, *(followed.labels[row] for row in missed))
    scores = np.concatenate([found.scores, followed.scores[missed] * _LESS])
    held = np.concatenate([np.ones(len(found), np.float32), confidence[missed] * _LESS])
    return Instances(boxes, label_image, labels, scores), held


def _areas(labels: NDArray[np.uint16], count: int) -> NDArray[np.int64]:
    """(N,) pixels of the values 1 to N."""
    return np.bincount(labels.ravel(), minlength=count + 1)[1:]
