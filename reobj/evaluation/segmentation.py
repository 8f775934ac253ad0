"""How well masks follow true ones: region similarity J and boundary measure F.

As defined by Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation" (CVPR 2016), sections 5.1 and 5.2, with the limits of its published evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.masks import boxes_of
from reobj.errors import InputError, mismatch

#: how far apart two borders may be to be the same one, as a share of the image's diagonal
TOLERANCE = 0.008
#: a frame counts as found when its score is above this
RECALL_ABOVE = 0.5

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SequenceScores:
    """One measure over the frames of one object.

    Attributes:
        mean: over all frames.
        recall: share of the frames with a score above 0.5.
        decay: mean of the first quarter less that of the last: what is lost over time. Quarters share the
            frames at which they meet.
    """

    mean: float
    recall: float
    decay: float

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> SequenceScores:
        """Of scores in the order of time, (T,).

        Raises:
            InputError: there are none.
        """
        scores = np.asarray(values, np.float64)
        if scores.ndim != 1 or len(scores) == 0:
            raise InputError(mismatch("scores of a sequence", "(T,) with T > 0", scores.shape))
        bounds = np.round(np.linspace(1, len(scores), 5) + 1e-10).astype(int) - 1
        first, last = scores[: bounds[1] + 1], scores[bounds[3] :]
        return cls(
            float(scores.mean()),
            float((scores > RECALL_ABOVE).mean()),
            float(first.mean() - last.mean()),
        )


def region_similarity(mask: Mask, truth: Mask) -> float:
    """J: intersection over union; 1 when both are empty.

    Args:
        mask, truth: (H, W) bool.
    """
    union = int(np.count_nonzero(mask | truth))
    return float(np.count_nonzero(mask & truth) / union) if union else 1.0


def boundary_tolerance(height: int, width: int) -> int:
    """Pixels that a border may be off in an image of that size."""
    return int(np.ceil(TOLERANCE * np.hypot(height, width)))


def boundary_measure(mask: Mask, truth: Mask, tolerance_px: int) -> float:
    """F: harmonic mean of precision and recall of a mask's border pixels.

    A border pixel is right when one of the other border lies within ``tolerance_px``. That takes the place
    of a one-to-one matching, as in the paper. Both masks empty: 1; one of them: 0.

    Args:
        mask, truth: (H, W) bool.
        tolerance_px: see ``boundary_tolerance``.
    """
    ours, theirs = border(mask), border(truth)
    pixels, true_pixels = int(ours.sum()), int(theirs.sum())
    if not pixels or not true_pixels:
        return float(pixels == true_pixels)
    precision = float((ours & _grown(theirs, tolerance_px)).sum()) / pixels
    recall = float((theirs & _grown(ours, tolerance_px)).sum()) / true_pixels
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def border(mask: Mask) -> Mask:
    """Pixels (H, W) that differ from their right, lower or lower right neighbour.

    The image's own edge is no border: a mask that fills the image has none.
    """
    beyond = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask != beyond[:-1, 1:]) | (mask != beyond[1:, :-1]) | (mask != beyond[1:, 1:])


def frame_scores(
    found: NDArray[np.uint16], truth: NDArray[np.uint16], count: int, void: Mask | None = None
) -> NDArray[np.float64]:
    """J and F of all objects of one frame.

    Args:
        found, truth: (H, W) uint16 label images; value i is object i - 1 in both.
        count: N, the number of objects; higher values are nobody's.
        void: (H, W) bool, pixels that do not count.

    Returns:
        (N, 2) float64 in [0, 1].

    Raises:
        InputError: the images differ in size.
    """
    if found.shape != truth.shape:
        raise InputError(mismatch("masks", f"{truth.shape} as the truth", found.shape))
    if void is not None:
        found, truth = (np.where(void, np.uint16(0), image) for image in (found, truth))
    tolerance = boundary_tolerance(*truth.shape)
    boxes = np.stack([boxes_of(image, count) for image in (found, truth)]).astype(int)
    scores = np.ones((count, 2))
    for i, (a, b) in enumerate(boxes.swapaxes(0, 1)):
        window = _window(a, b)
        mask, true = found[window] == i + 1, truth[window] == i + 1
        scores[i] = region_similarity(mask, true), boundary_measure(mask, true, tolerance)
    return scores


def _window(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[slice, slice]:
    """The part of the image with both boxes x0 y0 x1 y1 and a pixel around, where all border pixels are."""
    known = np.array([box for box in (a, b) if box[2] > box[0]]).reshape(-1, 4)
    if not len(known):
        return slice(0, 1), slice(0, 1)
    x0, y0 = np.maximum(known[:, :2].min(axis=0) - 1, 0)
    x1, y1 = known[:, 2:].max(axis=0) + 1
    return slice(y0, y1), slice(x0, x1)


def _grown(mask: Mask, radius: int) -> Mask:
    """Every pixel within ``radius`` of one of the mask."""
    return cv2.dilate(mask.astype(np.uint8), _disk(radius)).astype(bool)


@lru_cache(maxsize=8)
def _disk(radius: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)
