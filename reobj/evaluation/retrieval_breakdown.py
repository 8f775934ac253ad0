"""Retrieval scores apart by class, by time between the views, and by the angle between them.

None of it compares embeddings again: a query that is asked only about its positives of one kind keeps its
negatives, and its other positives are neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.evaluation.retrieval import Retrieval, RetrievalScores, retrieval_scores
from reobj.evaluation.retrieval_views import Views


def by_class(views: Views, retrieval: Retrieval) -> dict[str, RetrievalScores]:
    """The scores of the queries of each class that asks anything, in the order of ``label_names``."""
    labels = views.labels[retrieval.query_rows]
    return {
        views.label_names[label]: retrieval_scores(retrieval.ranked, labels == label)
        for label in np.unique(labels).tolist()
    }


def by_frame_gap(
    views: Views, retrieval: Retrieval, edges: Sequence[float]
) -> dict[tuple[float, float], RetrievalScores]:
    """The scores for positives that are from ``edges[i]`` to below ``edges[i + 1]`` frames from their query.

    Queries without a positive there are left out and counted. Pools count from their last view.

    Raises:
        InputError: the edges do not ascend.
    """
    asking = retrieval.query_rows[retrieval.ranked.queries]
    gaps = np.abs(views.frames[asking] - views.frames[retrieval.ranked.columns])
    return _binned(retrieval, gaps.astype(np.float64), edges)


def by_viewpoint(
    views: Views, retrieval: Retrieval, edges: Sequence[float]
) -> dict[tuple[float, float], RetrievalScores]:
    """The scores for positives seen from directions that differ by ``edges[i]`` to below ``edges[i + 1]``.

    Args:
        views: with ``directions``. Pairs of which one is not known are in no bin.
        retrieval: of these views.
        edges: degrees, ascending. Pools count from their last view.

    Raises:
        InputError: the views have no directions, or the edges do not ascend.
    """
    if views.directions is None:
        raise InputError(mismatch("views", "directions, which poses give", "none"))
    a = views.directions[retrieval.query_rows[retrieval.ranked.queries]].astype(np.float64)
    b = views.directions[retrieval.ranked.columns].astype(np.float64)
    # exact for small and for large angles alike, unlike the arc cosine (Kahan)
    angles = 2.0 * np.arctan2(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))
    return _binned(retrieval, np.degrees(angles), edges)


def _binned(
    retrieval: Retrieval, values: NDArray[np.float64], edges: Sequence[float]
) -> dict[tuple[float, float], RetrievalScores]:
    """The scores for the positives whose value is in each bin."""
    if len(edges) < 2 or not all(low < high for low, high in pairwise(edges)):
        raise InputError(mismatch("edges", "at least two ascending numbers", edges))
    ranked = retrieval.ranked
    return {
        (low, high): retrieval_scores(ranked.only((values >= low) & (values < high)))
        for low, high in pairwise(edges)
    }
