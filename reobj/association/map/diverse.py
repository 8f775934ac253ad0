"""Bounded sets of embeddings that cover the views of an object: farthest-first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def insert_diverse(
    banks: Array,
    counts: NDArray[np.int64],
    embeddings: Array,
    min_novelty: float,
    closeness: Array | None = None,
) -> NDArray[np.int64]:
    """Where each embedding belongs in its bank, -1 where it adds no new view.

    An embedding nearer than ``min_novelty`` (cosine distance) to a kept one is a near-duplicate.
    While there is room, it goes behind the others. When full, of the closest pair among old and
    new the one goes that is also closer to the rest: the set keeps spreading out, as in
    farthest-first traversal (Gonzalez 1985), one view at a time.

    Args:
        banks: (M, P, D) unit rows, of which the first ``counts`` are used and the rest repeats one of them.
        counts: (M,) rows used, 1 to P.
        embeddings: (M, D) unit, one for each bank.
        min_novelty: cosine distance.
        closeness: (M, P) as ``closeness_within`` says of the full ones, where it is known already.

    Returns:
        (M,) the row to write it to.
    """
    size = banks.shape[1]
    similarity = np.matmul(banks, embeddings[:, :, None])[:, :, 0]
    where = np.where(similarity.max(axis=1) > 1.0 - min_novelty, -1, counts)
    full = np.flatnonzero(where == size)
    if len(full):
        within = closeness_within(banks[full]) if closeness is None else closeness[full]
        where[full], beside = _one_of_the_new_pair(similarity[full], within)
        rows = full[~beside]
        if len(rows):
            where[rows] = _least_diverse(np.concatenate([banks[rows], embeddings[rows][:, None]], axis=1))
    return np.where(where == size, -1, where)


def closeness_within(banks: Array) -> Array:
    """(M, P) similarity of each row of full banks (M, P, D) to the nearest other one."""
    similarity = banks @ banks.swapaxes(1, 2)
    diagonal = np.arange(banks.shape[1])
    similarity[:, diagonal, diagonal] = -np.inf
    nearest: Array = similarity.max(axis=2)
    return nearest


def _one_of_the_new_pair(similarity: Array, closeness: Array) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where a new row is one of the closest pair: which of the two goes, P for the new one itself.

    Args:
        similarity: (F, P) of the new row to each one that is there.
        closeness: (F, P) of these to the nearest other one.

    Returns:
        (F,) which goes, and (F,) bool where the new row is one of the closest pair at all.
    """
    rows, size = np.arange(len(similarity)), similarity.shape[1]
    nearest = similarity.argmax(axis=1)
    first = similarity[rows, nearest]
    rest = similarity.copy()
    rest[rows, nearest] = -np.inf
    goes = np.where(closeness[rows, nearest] > rest.max(axis=1), nearest, size)
    return goes, first >= closeness.max(axis=1)


def _least_diverse(rows: Array) -> NDArray[np.intp]:
    """(F,) which of each set (F, R, D) is missed least."""
    size = rows.shape[1]
    similarity = rows @ rows.swapaxes(1, 2)
    similarity[:, np.arange(size), np.arange(size)] = -np.inf
    pair = np.stack(np.divmod(similarity.reshape(len(rows), -1).argmax(axis=1), size), axis=1)
    rest = np.partition(np.take_along_axis(similarity, pair[:, :, None], axis=1), -2, axis=2)[:, :, -2]
    return np.where(rest[:, 0] > rest[:, 1], pair[:, 0], pair[:, 1])


def effective_views(views: Array, full_novelty: float) -> float:
    """How many independent views a set counts for: the discount for near-duplicates.

    The first view counts 1; each further one as much as it differs from all before it, as a share
    of ``full_novelty`` (cosine distance), at most 1.
    """
    distance = 1.0 - views @ views.T
    earlier = np.where(np.tri(len(views), k=-1, dtype=bool), distance, np.inf).min(axis=1)
    return float(np.clip(earlier / full_novelty, 0.0, 1.0).sum())
