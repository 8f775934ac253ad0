"""k-reciprocal re-ranking: Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding",
CVPR 2017 (section and equation numbers below are theirs).

Where the paper leaves room, the published program decides, so that figures can be compared: a view is the
first of its own k + 1 neighbours; the overlap of Eq. 4 must be *more* than two thirds; each view's
distances are divided by its largest one; the weights of a view (Eq. 7) sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from reobj.errors import InputError, mismatch

PAIRS = 1 << 21  #: pairs of weights that are compared at a time: about 64 MB


@dataclass(frozen=True, slots=True)
class RerankConfig:
    """The parameters of the paper, with its values for Market-1501.

    Attributes:
        k1: neighbours that may be reciprocal, > 0. About as many as views of one object; raising it
            brings in harder positives, and false ones where objects have fewer views.
        k2: neighbours whose encodings are averaged (Eq. 11), from 1 (none but its own) to k1 + 1.
        original: the part in [0, 1] that the original distance keeps (lambda, Eq. 12).
    """

    k1: int = 20
    k2: int = 6
    original: float = 0.3

    def __post_init__(self) -> None:
        if self.k1 < 1 or not 1 <= self.k2 <= self.k1 + 1 or not 0 <= self.original <= 1:
            expected = "k1 >= 1, 1 <= k2 <= k1 + 1 and lambda in [0, 1]"
            raise InputError(mismatch("re-ranking", expected, (self.k1, self.k2, self.original)))


def rerank(
    distances: NDArray[np.float32],
    queries: NDArray[np.int64],
    gallery: NDArray[np.int64],
    config: RerankConfig | None = None,
) -> NDArray[np.float32]:
    """Distances that also count how many neighbours two views share.

    Args:
        distances: (N, N) between all views that take part, queries and gallery alike, each once; squared
            Euclidean in the published program. Finite, >= 0; symmetric; its diagonal is not looked at.
        queries: (Q,) rows of the queries.
        gallery: (G,) rows of the gallery; may have rows in common with ``queries``.
        config: None takes the paper's values. k1 and k2 are cut to the number of views.

    Returns:
        (Q, G) float32, smaller is more alike: Eq. 12.

    Neighbours that are equally far are taken in ascending order of row.

    Raises:
        InputError: another shape, a negative distance or none.
    """
    config = config or RerankConfig()
    distances = np.asarray(distances, np.float32)
    count = len(distances)
    if distances.shape != (count, count):
        raise InputError(mismatch("distances", "(N, N)", distances.shape))
    if not count:
        return np.zeros((len(queries), len(gallery)), np.float32)
    if not (distances.min() >= 0 and distances.max() < np.inf):
        raise InputError(mismatch("distances", "finite values >= 0", "others"))
    largest = distances.max(axis=1).astype(np.float64)
    largest[largest == 0] = 1.0
    nearest = nearest_neighbours(distances, min(config.k1 + 1, count))
    encoding = _encode(distances, largest, nearest, config)
    result = _jaccard(encoding[queries], encoding[gallery])
    result *= 1.0 - config.original
    scale = (config.original / largest[queries]).astype(np.float32)
    result += scale[:, None] * distances[np.ix_(queries, gallery)]
    return result


def nearest_neighbours(distances: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """(N, count) int64: the nearest rows of each row, itself first, then by distance and row."""
    own = distances.copy()
    np.fill_diagonal(own, -1.0)
    values, rows = torch.topk(torch.from_numpy(own), count, dim=1, largest=False)
    nearest = np.sort(rows.numpy(), axis=1)
    # topk takes any of those that are equally far; where its last place is contested, decide by row
    contested = np.flatnonzero(np.count_nonzero(own <= values.numpy()[:, -1:], axis=1) > count)
    nearest[contested] = np.sort(np.argsort(own[contested], axis=1, kind="stable")[:, :count], axis=1)
    order = np.argsort(np.take_along_axis(own, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1)


def _encode(
    distances: NDArray[np.float32],
    largest: NDArray[np.float64],
    nearest: NDArray[np.int64],
    config: RerankConfig,
) -> sparse.csr_matrix:
    """The encoding V of every view (Eq. 7), averaged over its k2 nearest (Eq. 11): (N, N), rows sum to 1."""
    members = _expanded(nearest, config.k1)
    counts = np.diff(members.indptr)
    rows = np.repeat(np.arange(len(distances)), counts)
    weights = np.exp(-distances[rows, members.indices] / largest[rows])
    weights /= np.repeat(np.add.reduceat(weights, members.indptr[:-1]), counts)
    encoding = sparse.csr_matrix((weights, members.indices, members.indptr), members.shape)
    k2 = min(config.k2, nearest.shape[1])
    return encoding if k2 == 1 else (_relation(nearest[:, :k2]) @ encoding) / k2


def _expanded(nearest: NDArray[np.int64], k1: int) -> sparse.csr_matrix:
    """The robust set R*(p, k1) of every view as a row (Eq. 4)."""
    full = _reciprocal(nearest)
    # round() as the published program has it: half to even
    half = _reciprocal(nearest[:, : round(k1 / 2) + 1])
    shared = full.multiply(full @ half).tocsr()  # |R(p, k1) and R(q, k1 / 2)|; half is symmetric
    sizes = np.diff(half.indptr)
    shared.data = (3 * shared.data > 2 * sizes[shared.indices]).astype(np.float64)
    shared.eliminate_zeros()
    return (full + shared @ half).tocsr()


def _reciprocal(nearest: NDArray[np.int64]) -> sparse.csr_matrix:
    """R(p, k) of every view (Eq. 2): each of the two is among the neighbours of the other."""
    relation = _relation(nearest)
    return relation.multiply(relation.T).tocsr()


def _relation(nearest: NDArray[np.int64]) -> sparse.csr_matrix:
    """(N, N) with 1 where the column is among the neighbours of the row."""
    count, width = nearest.shape
    pointers = np.arange(0, count * width + 1, width)
    return sparse.csr_matrix((np.ones(count * width), nearest.ravel(), pointers), (count, count))


def _jaccard(queries: sparse.csr_matrix, gallery: sparse.csr_matrix) -> NDArray[np.float32]:
    """(Q, G) Jaccard distance of encodings whose rows sum to 1 (Eq. 10).

    The sum of the larger weights is 2 less the sum of the smaller ones, and the smaller of two weights is
    not 0 only where both are set: only those pairs are visited, many queries at a time.
    """
    columns = gallery.tocsc()
    lengths = np.diff(columns.indptr)
    pairs = np.concatenate([[0], np.cumsum(lengths[queries.indices])])[queries.indptr]
    count, width = queries.shape[0], gallery.shape[0]
    result = np.empty((count, width), np.float32)
    start = 0
    while start < count:
        fitting = int(np.searchsorted(pairs, pairs[start] + PAIRS, "right")) - 1
        stop = max(min(fitting, start + PAIRS // max(width, 1)), start + 1)
        smaller = _smaller_weights(queries[start:stop], columns, lengths)
        result[start:stop] = 1.0 - smaller / (2.0 - smaller)
        start = stop
    return result


def _smaller_weights(
    queries: sparse.csr_matrix, gallery: sparse.csc_matrix, lengths: NDArray[np.integer]
) -> NDArray[np.float64]:
    """(Q, G) sums of the smaller weights; ``lengths`` counts the gallery entries that set each column."""
    count, width = queries.shape[0], gallery.shape[0]
    counts = lengths[queries.indices]
    first = gallery.indptr[queries.indices] - (np.cumsum(counts) - counts)
    at = np.repeat(first, counts) + np.arange(counts.sum())
    cell = np.repeat(np.repeat(np.arange(count) * width, np.diff(queries.indptr)), counts)
    cell += gallery.indices[at]
    smaller = np.minimum(np.repeat(queries.data, counts), gallery.data[at])
    sums = np.asarray(np.bincount(cell, smaller, count * width), np.float64)
    return sums.reshape(count, width)
