"""Where the positives of each query stand in its gallery, and what follows from that alone.

Only the ranks of the positives matter to CMC, mAP and mINP, so nothing is ever argsorted: each positive
asks how many gallery entries are at most as far as itself. Ties are settled against the model: **a
negative that is exactly as far as a positive stands before it**, so that an encoder that gives the same
embedding to everything scores its worst, not its best; positives tied with each other take their places
one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

#: Up to so many positives are counted one by one; above, one sort of the row is cheaper (10,000 entries).
COUNTED = 64


@dataclass(frozen=True, slots=True, eq=False)
class RankedPositives:
    """The M pairs of a query and one of its positives, in ascending order of query.

    Attributes:
        queries: (M,) int64, number of the query.
        columns: (M,) int64, gallery entry of the positive.
        ahead: (M,) int64, negatives that are at most as far from the query as this positive.
        total: number of queries, those without any positive included.
    """

    queries: NDArray[np.int64]
    columns: NDArray[np.int64]
    ahead: NDArray[np.int64]
    total: int

    def only(self, keep: NDArray[np.bool_]) -> RankedPositives:
        """With the positives of ``keep`` (M,); the others are neither right nor wrong any more."""
        return RankedPositives(self.queries[keep], self.columns[keep], self.ahead[keep], self.total)


@dataclass(frozen=True, slots=True, eq=False)
class QueryScores:
    """Scores of each of the K queries that have a positive.

    Attributes:
        queries: (K,) int64 ascending, number of the query.
        first_ranks: (K,) int64, rank of the first positive, from 1.
        average_precisions: (K,) float64, mean over its positives of the precision at their ranks.
        inverse_penalties: (K,) float64, INP: positives / rank of the last one (Ye et al. 2021).
    """

    queries: NDArray[np.int64]
    first_ranks: NDArray[np.int64]
    average_precisions: NDArray[np.float64]
    inverse_penalties: NDArray[np.float64]


def rank_positives(
    distances: NDArray[np.floating],
    query_ids: NDArray[np.int64],
    gallery_ids: NDArray[np.int64],
    excluded: NDArray[np.int64] | None = None,
) -> RankedPositives:
    """Ranks all gallery entries with the id of their query.

    Args:
        distances: (Q, G), smaller is more alike; no NaN.
        query_ids: (Q,) identity of each query.
        gallery_ids: (G,) identity of each gallery entry.
        excluded: (J, 2) pairs of query and gallery entry that are not asked about ("junk"): a view
            against itself, or against one that is too easy. Neither positives nor negatives.

    Raises:
        InputError: shapes disagree, a pair does not exist, or a distance is NaN.
    """
    count, width = len(query_ids), len(gallery_ids)
    if distances.shape != (count, width):
        raise InputError(mismatch("distances", (count, width), distances.shape))
    if distances.size and np.isnan(distances.min()):
        raise InputError(mismatch("distances", "numbers", "NaN"))
    queries, columns = _same_identity(query_ids, gallery_ids)
    positive: NDArray[np.bool_] = np.ones(len(queries), bool)
    if excluded is not None and len(excluded):
        queries, columns, positive = _exclude(queries, columns, excluded, (count, width))
    ahead = _negatives_ahead(distances, queries, columns, positive)
    return RankedPositives(queries[positive], columns[positive], ahead, count)


def query_scores(ranked: RankedPositives) -> QueryScores:
    """Rank of the first positive, average precision and INP of each query that has a positive."""
    order = np.lexsort((ranked.ahead, ranked.queries))
    queries, starts, counts = np.unique(ranked.queries, return_index=True, return_counts=True)
    place = np.arange(1, len(order) + 1) - np.repeat(starts, counts)
    ranks = ranked.ahead[order] + place
    if not len(queries):
        return QueryScores(queries, ranks, np.zeros(0), np.zeros(0))
    precision = np.add.reduceat(place / ranks, starts) / counts
    return QueryScores(queries, ranks[starts], precision, counts / ranks[starts + counts - 1])


def _same_identity(
    query_ids: NDArray[np.int64], gallery_ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs (query, gallery entry) of one identity, by query; never Q x G of memory."""
    order = np.argsort(gallery_ids, kind="stable")
    ids = gallery_ids[order]
    first = np.searchsorted(ids, query_ids, "left")
    counts = np.searchsorted(ids, query_ids, "right") - first
    ends = np.cumsum(counts)
    within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return np.repeat(np.arange(len(query_ids)), counts), order[np.repeat(first, counts) + within]


def _exclude(
    queries: NDArray[np.int64],
    columns: NDArray[np.int64],
    excluded: NDArray[np.int64],
    shape: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The pairs together with the excluded ones, by query, and which of them are positives."""
    if excluded.ndim != 2 or excluded.shape[1] != 2:
        raise InputError(mismatch("excluded pairs", "(J, 2)", excluded.shape))
    if (excluded < 0).any() or (excluded >= shape).any():
        raise InputError(mismatch("excluded pairs", f"a query and an entry of {shape}", "others"))
    junk = np.unique(np.ravel_multi_index(tuple(excluded.T), shape))
    same = np.ravel_multi_index((queries, columns), shape)
    every = np.union1d(same, junk)
    return every // shape[1], every % shape[1], np.isin(every, junk, invert=True)


def _negatives_ahead(
    distances: NDArray[np.floating],
    queries: NDArray[np.int64],
    columns: NDArray[np.int64],
    positive: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Of each positive: all entries that are at most as far, less those among them that are no negatives."""
    bounds = np.searchsorted(queries, np.arange(len(distances) + 1)).tolist()
    known = distances[queries, columns]
    ahead = np.zeros(len(queries), np.int64)
    for row, start, stop in zip(distances, bounds[:-1], bounds[1:], strict=True):
        asked, here = positive[start:stop], known[start:stop]
        if asked.any():
            limits = here[asked]
            others = np.searchsorted(np.sort(here), limits, "right")
            ahead[start:stop][asked] = _at_most(row, limits) - others
    return ahead[positive]


def _at_most(row: NDArray[np.floating], limits: NDArray[np.floating]) -> NDArray[np.int64]:
    """How many of ``row`` (G,) are <= each of ``limits`` (P,)."""
    if len(limits) <= COUNTED:
        return np.array([np.count_nonzero(row <= limit) for limit in limits], np.int64)
    return np.searchsorted(np.sort(row[row <= limits.max()]), limits, "right")
