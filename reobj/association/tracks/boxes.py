"""Box arithmetic of the tracker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def to_centre(boxes: NDArray[np.float32]) -> Array:
    """(N, 4) corners x0 y0 x1 y1 to (N, 4) centre x, centre y, aspect w / h, height; sides at least 1 px."""
    low, high = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    size = np.maximum(high - low, 1.0)
    return np.concatenate([(low + high) / 2, (size[:, 0] / size[:, 1])[:, None], size[:, 1:]], axis=1)


def to_corners(boxes: Array) -> Array:
    """The inverse of ``to_centre``."""
    half = np.stack([boxes[:, 2] * boxes[:, 3], boxes[:, 3]], axis=1) / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def iou(a: Array, b: Array) -> Array:
    """Intersection over union of corner boxes (N, 4) and (M, 4): (N, M) in [0, 1]."""
    overlap = _shared(a, b, 0) * _shared(a, b, 1)
    area_a, area_b = (np.maximum(x[:, 2:] - x[:, :2], 0).prod(axis=1) for x in (a, b))
    union = area_a[:, None] + area_b[None] - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def _shared(a: Array, b: Array, axis: int) -> Array:
    """(N, M) pixels along one axis that are in both; one axis at a time, as short last axes are slow."""
    low = np.maximum(a[:, None, axis], b[None, :, axis])
    high = np.minimum(a[:, None, axis + 2], b[None, :, axis + 2])
    return np.maximum(high - low, 0)
