"""What stands first in the gallery of a query: the pairs that a person wants to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.evaluation.reranking import RerankConfig
from reobj.evaluation.retrieval import Retrieval, block_distances, own_views
from reobj.evaluation.retrieval_index import Block, RetrievalIndex
from reobj.evaluation.retrieval_ranks import query_scores
from reobj.evaluation.retrieval_views import Views


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The head of one query's ranking.

    Attributes:
        query: row of the view that asks; the last one of a pool.
        gallery: (K,) int64 rows of the views that stand first.
        right: (K,) bool, whether they show the object of the query.
        positive_rank: rank of the first right one, from 1.
    """

    query: int
    gallery: NDArray[np.int64]
    right: NDArray[np.bool_]
    positive_rank: int


def choose_queries(views: Views, retrieval: Retrieval, wrong: int, right: int) -> NDArray[np.int64]:
    """Numbers of queries worth a look: up to ``wrong`` failures first, then up to ``right`` successes.

    They go around the classes, and around the scenes within a class; among alike the worst come first.
    """
    scores = query_scores(retrieval.ranked)
    order = np.argsort(-scores.first_ranks, kind="stable")
    rows = retrieval.query_rows[scores.queries[order]]
    failed = scores.first_ranks[order] > 1
    chosen: list[int] = []
    for wanted, part in ((wrong, failed), (right, ~failed)):
        around = _around(views, rows[part])[:wanted]
        chosen.extend(scores.queries[order][part][around].tolist())
    return np.array(chosen, np.int64)


def top_matches(
    views: Views,
    index: RetrievalIndex,
    queries: NDArray[np.int64],
    count: int,
    reranking: RerankConfig | None = None,
) -> list[Match]:
    """The first ``count`` of the gallery of each of ``queries``, in their order.

    Ranked as they are scored: a wrong view that is exactly as far as a right one stands before it.

    Args:
        views: with embeddings.
        index: the questions.
        queries: numbers of queries, as ``choose_queries`` gives them.
        count: length of each ranking.
        reranking: as it was answered.
    """
    found: dict[int, Match] = {}
    identities = views.identities()
    offset = 0
    for block in index.blocks:
        total = int(block.pools[-1]) + 1 if len(block.pools) else 0
        here = np.unique(queries[(queries >= offset) & (queries < offset + total)]) - offset
        if len(here):
            heads = _heads(views, identities, block, here, count, reranking)
            found.update(zip((here + offset).tolist(), heads, strict=True))
        offset += total
    return [found[number] for number in queries.tolist()]


def _heads(
    views: Views,
    identities: NDArray[np.int64],
    block: Block,
    pools: NDArray[np.int64],
    count: int,
    reranking: RerankConfig | None,
) -> Iterator[Match]:
    """The matches of some pools (ascending) of a block."""
    if reranking is None:  # each query stands for itself: the others need not be computed
        asked = np.isin(block.pools, pools)
        numbers = np.searchsorted(pools, block.pools[asked])
        block, pools = Block(block.queries[asked], numbers, block.gallery), np.arange(len(pools))
    distances = block_distances(views, block, reranking)
    own = own_views(block)
    for pool in pools.tolist():
        row = distances[pool].copy()
        kept = np.ones(len(row), bool)
        kept[own[own[:, 0] == pool, 1]] = False
        query = int(block.queries[block.pools == pool][-1])
        right = identities[block.gallery] == identities[query]
        order = np.lexsort((right, row))
        order = order[kept[order]]
        first = int(np.argmax(right[order])) + 1
        yield Match(query, block.gallery[order[:count]], right[order[:count]], first)


def _around(views: Views, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order of ``rows`` in which classes, and scenes within them, take turns; else as they come."""
    scenes, labels = views.scenes[rows], views.labels[rows]
    order = np.lexsort((scenes, _occurrence(labels * len(views.scene_names) + scenes)))
    return order[np.argsort(_occurrence(labels[order]), kind="stable")]


def _occurrence(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each value, how many times it came before."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-1))
    lengths = np.diff(starts, append=len(values))
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return before
