"""Bounded sets of embeddings that cover the views of an object: farthest-first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def insert_diverse(bank: Array, count: int, embedding: Array, min_novelty: float) -> int | None:
    """Where ``embedding`` belongs in ``bank``, or None when it adds no new view.

    An embedding nearer than ``min_novelty`` (cosine distance) to a kept one is a near-duplicate.
    While there is room, it goes behind the others. When full, of the closest pair among old and
    new the one goes that is also closer to the rest: the set keeps spreading out, as in
    farthest-first traversal (Gonzalez 1985), one view at a time.

    Args:
        bank: (P, D) unit rows, of which the first ``count`` are used.
        count: of the rows used, 0 to P.
        embedding: (D,) unit.
        min_novelty: cosine distance.

    Returns:
        The row to write it to: ``count`` while there is room.
    """
    if count and float((bank[:count] @ embedding).max()) > 1.0 - min_novelty:
        return None
    if count < len(bank):
        return count
    rows = np.concatenate([bank, embedding[None]])
    similarity = rows @ rows.T
    np.fill_diagonal(similarity, -np.inf)
    a, b = np.unravel_index(int(similarity.argmax()), similarity.shape)
    rest = np.sort(similarity[[a, b]], axis=1)[:, -2] if len(rows) > 2 else np.zeros(2)
    out = int(a if rest[0] > rest[1] else b)
    return out if out < len(bank) else None


def effective_views(views: Array, full_novelty: float) -> float:
    """How many independent views a set counts for: the discount for near-duplicates.

    The first view counts 1; each further one as much as it differs from all before it, as a share
    of ``full_novelty`` (cosine distance), at most 1.
    """
    distance = 1.0 - views @ views.T
    earlier = np.where(np.tri(len(views), k=-1, dtype=bool), distance, np.inf).min(axis=1)
    return float(np.clip(earlier / full_novelty, 0.0, 1.0).sum())
