"""What can be used of masks and boxes that another program found, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reobj.detection.given.given_masks import GivenBoxes, GivenMasks, is_box, is_score, is_value
from reobj.detection.masks import MAX_INSTANCES, areas_of

_SHOWN = 5  # of what is wrong, in a sentence


def usable_masks(
    segments: NDArray[np.uint16],
    values: NDArray[np.int64],
    labels: Sequence[str],
    scores: NDArray[np.float32],
) -> tuple[GivenMasks, list[str]]:
    """Leaves out the instances that make no sense, and the pixels that belong to none.

    Args:
        segments: (H, W) uint16 label image, 0 = background.
        values: (N,) int64 of each instance in ``segments``.
        labels: N class names.
        scores: (N,) float32.

    Returns:
        the rest, and a sentence for each kind of thing that was left out.
    """
    scored, possible = is_score(scores), is_value(values)
    faults = [
        *_faults("scores in [0, 1]", scores, scored),
        *_faults(f"values in [1, {MAX_INSTANCES}]", values, possible),
    ]
    usable = scored & possible
    first = np.zeros(len(values), bool)
    first[np.unique(values, return_index=True)[1]] = True
    faults += _faults("one instance per value", values, first | ~possible)
    there = np.flatnonzero(areas_of(segments))
    faults += _faults("an instance for each value of the label image", there, np.isin(there, [0, *values]))
    rows = np.flatnonzero(usable & first)
    return GivenMasks(segments, values[rows], tuple(labels[row] for row in rows), scores[rows]), faults


def usable_boxes(
    boxes: NDArray[np.float32], labels: Sequence[str], scores: NDArray[np.float32]
) -> tuple[GivenBoxes, list[str]]:
    """Leaves out the boxes that make no sense.

    Args:
        boxes: (N, 4) float32 pixels x0 y0 x1 y1.
        labels: N class names.
        scores: (N,) float32.

    Returns:
        the rest, and a sentence for each kind of thing that was left out.
    """
    scored, real = is_score(scores), is_box(boxes)
    faults = [
        *_faults("scores in [0, 1]", scores, scored),
        *_faults("finite boxes with an area", boxes, real),
    ]
    rows = np.flatnonzero(scored & real)
    return GivenBoxes(boxes[rows], tuple(labels[row] for row in rows), scores[rows]), faults


def _faults(expected: str, given: NDArray[np.generic], usable: NDArray[np.bool_]) -> list[str]:
    """A sentence where not all of it is usable."""
    left_out = given[~usable]
    if not len(left_out):
        return []
    shown = ", ".join(map(str, left_out[:_SHOWN].tolist()))
    more = f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    return [f"expected {expected}, left out {shown}{more}"]
