"""The turn of the camera as the boxes themselves show it, for when no pose is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: boxes agree on a shift when they differ by less than this share of their height
_TOLERANCE = 0.25
#: a shift needs so many boxes, and this share of all that could tell
_LEAST_BOXES, _LEAST_SHARE = 3, 0.5


def common_shift(expected: Array, heights: Array, found: Array, similarity: NDArray[np.float32]) -> Array:
    """By how many pixels all boxes moved together since they were predicted.

    Every pair of track and detection that look most alike to each other proposes its displacement;
    the one that most others agree with wins, if there are enough of them. In a place that does not
    move, that is the turn of the camera.

    Args:
        expected: (T, 2) predicted centres of tracks seen in the last frame.
        heights: (T,) pixels, of their boxes.
        found: (N, 2) centres of the detections.
        similarity: (T, N) of their looks.

    Returns:
        (2,) pixels; zero without an agreement.
    """
    if min(similarity.shape) < _LEAST_BOXES:
        return np.zeros(2)
    best = similarity.argmax(axis=1)
    mutual = np.flatnonzero(similarity.argmax(axis=0)[best] == np.arange(len(best)))
    moved = found[best[mutual]] - expected[mutual]
    x, y = moved.T
    apart = (x[:, None] - x[None]) ** 2 + (y[:, None] - y[None]) ** 2
    agree = apart <= (_TOLERANCE * heights[mutual]) ** 2
    votes = agree.sum(axis=1)
    winner = int(votes.argmax())
    if votes[winner] < max(_LEAST_BOXES, _LEAST_SHARE * len(mutual)):
        return np.zeros(2)
    shift: Array = np.median(moved[agree[winner]], axis=0)
    return shift
