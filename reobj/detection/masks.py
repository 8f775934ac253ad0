"""Label images: numbering, areas and boxes of all their instances at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reobj.errors import InputError, mismatch
from reobj.types import Instances

MAX_INSTANCES = int(np.iinfo(np.uint16).max)


def areas_of(label_image: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Pixels of every value of a label image.

    Args:
        label_image: (H, W) uint16.

    Returns:
        (V,) int64, entry v is the number of pixels of value v; V - 1 is the largest value that occurs.
    """
    return np.bincount(label_image.ravel())


def renumber(label_image: NDArray[np.uint16], keep: NDArray[np.integer]) -> NDArray[np.uint16]:
    """Value ``keep[i]`` becomes i + 1, every other value becomes 0.

    Args:
        label_image: (H, W) uint16.
        keep: (N,) distinct values >= 1, in the order of their new numbers.
    """
    if len(keep) > MAX_INSTANCES:
        raise InputError(mismatch("instances of a label image", f"at most {MAX_INSTANCES}", len(keep)))
    table = np.zeros(MAX_INSTANCES + 1, np.uint16)
    table[keep] = np.arange(1, len(keep) + 1)
    return table[label_image]


def boxes_of(label_image: NDArray[np.uint16], count: int) -> NDArray[np.float32]:
    """Bounding boxes of the values 1 to ``count`` of a label image, in one pass over its pixels.

    Args:
        label_image: (H, W) uint16.
        count: N, the number of instances.

    Returns:
        (N, 4) float32 pixels x0 y0 x1 y1, half-open; zeros for a value that does not occur.
    """
    boxes = np.zeros((count, 4), np.float32)
    for row, found in enumerate(ndimage.find_objects(label_image, max_label=count)):
        if found is not None:
            y, x = found
            boxes[row] = x.start, y.start, x.stop, y.stop
    return boxes


def touches_border(boxes: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    """(N,) bool: which boxes (N, 4) reach the edge of an image of that size."""
    return (boxes[:, :2] <= 0).any(axis=1) | (boxes[:, 2] >= width) | (boxes[:, 3] >= height)


def instances_from_label_image(
    label_image: NDArray[np.uint16],
    keep: NDArray[np.integer],
    labels: Sequence[str],
    scores: NDArray[np.float32] | None = None,
) -> Instances:
    """Instances with compact numbers, in the order of ``keep``, with the boxes of their masks.

    Args:
        label_image: (H, W) uint16, numbered in any way.
        keep: (N,) distinct values >= 1 of the label image that are to become instances.
        labels: N class names.
        scores: (N,) float32 in [0, 1]; 1 for all when left out.
    """
    compact = renumber(label_image, keep)
    if scores is None:
        scores = np.ones(len(keep), np.float32)
    return Instances(boxes_of(compact, len(keep)), compact, tuple(labels), scores)
