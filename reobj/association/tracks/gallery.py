"""The appearance memory of tracks: the last embeddings of each (Wojke et al. 2017, section 2.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def smallest_distance(gallery: Array, embeddings: Array, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Smallest cosine distance between each track's gallery and each embedding, equation 2.

    Only the wanted pairs are computed: motion leaves each track a handful of detections, so the
    product is over the largest handful and not over all detections.

    Args:
        gallery: (T, B, D) unit rows; where a track has fewer than B, the rest repeats one of its own.
        embeddings: (N, D) unit rows.
        wanted: (T, N) pairs that matter.

    Returns:
        (T, N) in [0, 2]; infinity for the pairs that are not wanted.
    """
    distance = np.full(wanted.shape, np.inf)
    tracks, detections = np.nonzero(wanted)
    if len(tracks) == 0:
        return distance
    handful = np.bincount(tracks, minlength=len(gallery))
    slots = np.arange(len(tracks)) - np.repeat(np.cumsum(handful) - handful, handful)
    columns = np.zeros((len(gallery), handful.max()), np.intp)
    columns[tracks, slots] = detections  # the wanted ones of each track first
    similarity = np.matmul(embeddings[columns], gallery.swapaxes(1, 2)).max(axis=2)
    distance[tracks, detections] = np.clip(1.0 - similarity[tracks, slots], 0.0, 2.0)
    return distance


def remember(gallery: Array, counts: NDArray[np.int64], rows: NDArray[np.intp], embeddings: Array) -> None:
    """Writes one embedding (M, D) into each of the rows (M,) over the oldest, in place; counts them."""
    gallery[rows, counts[rows] % gallery.shape[1]] = embeddings
    counts[rows] += 1
