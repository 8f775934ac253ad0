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
    width = int(wanted.sum(axis=1).max(initial=0))
    if width == 0:
        return distance
    columns = np.argsort(~wanted, axis=1, kind="stable")[:, :width]  # the wanted ones of each track first
    similarity = np.matmul(gallery, embeddings[columns].swapaxes(1, 2)).max(axis=1)
    np.put_along_axis(distance, columns, np.clip(1.0 - similarity, 0.0, 2.0), axis=1)
    distance[~wanted] = np.inf
    return distance


def remember(gallery: Array, counts: NDArray[np.int64], rows: NDArray[np.intp], embeddings: Array) -> None:
    """Writes one embedding (M, D) into each of the rows (M,) over the oldest, in place; counts them."""
    gallery[rows, counts[rows] % gallery.shape[1]] = embeddings
    counts[rows] += 1
