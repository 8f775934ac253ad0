"""How well an encoder finds the same object again: CMC, mAP and mINP over the questions of a protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.evaluation.memory import check_memory
from reobj.evaluation.reranking import RerankConfig, rerank
from reobj.evaluation.retrieval_distances import squared_distances
from reobj.evaluation.retrieval_index import Block, RetrievalIndex
from reobj.evaluation.retrieval_ranks import QueryScores, RankedPositives, query_scores, rank_positives
from reobj.evaluation.retrieval_views import Views
from reobj.progress import Progress, silent

RANKS = (1, 5, 10, 20, 50)  #: of the papers' tables
CELLS = 1 << 25  #: distances that are held at a time without re-ranking: 128 MB


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """The scores of a set of queries. Ratios are in [0, 1], and None where no query had a positive.

    Attributes:
        cmc: by rank, the part of the queries whose first positive stands at that rank or before.
        mean_ap: mAP, the mean over queries of the mean precision at their positives.
        mean_inp: mINP, the mean over queries of positives / rank of the last (Ye et al. 2021).
        queries: number of queries that count.
        without_positive: number of queries that were left out, as their gallery has nothing to find.
    """

    cmc: Mapping[int, float | None]
    mean_ap: float | None
    mean_inp: float | None
    queries: int
    without_positive: int

    def figures(self) -> dict[str, float | None]:
        """The ratios by the names that tables give them."""
        ranks = {f"rank-{rank}": value for rank, value in self.cmc.items()}
        return {**ranks, "mAP": self.mean_ap, "mINP": self.mean_inp}


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """What a model answered to all questions of an index.

    Attributes:
        ranked: the positives of each query; its ``columns`` are rows of the views.
        query_rows: (Q,) int64, the view that each query stands for; the last one of a pool.
    """

    ranked: RankedPositives
    query_rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MeanSpread:
    """Mean and standard deviation (n - 1) over folds; no deviation (None) of a single fold."""

    mean: float
    spread: float | None


def retrieve(
    views: Views, index: RetrievalIndex, reranking: RerankConfig | None = None, progress: Progress = silent
) -> Retrieval:
    """Asks all questions of ``index``; an object is one instance of one scene.

    Args:
        views: with the embeddings of one model; they are compared by Euclidean distance.
        index: rows of ``views``.
        reranking: k-reciprocal re-ranking within each block, which holds about 16 (Q + G)^2 bytes.
        progress: counts queries.

    Raises:
        InputError: the index belongs to other views, or a pool holds several objects.
    """
    views.check_rows(index.rows())
    identities = views.identities()
    total = sum(_queries_of(block) for block in index.blocks)
    done = 0
    parts: list[RankedPositives] = []
    query_rows: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for block in index.blocks:
        for part in _parts(block) if reranking is None else (block,):
            parts.append(_ranked(views, identities, part, reranking))
            query_rows.append(part.queries[np.flatnonzero(np.diff(part.pools, append=-1))])
            done += _queries_of(part)
            progress(done, total)
    return Retrieval(_joined(parts), np.concatenate(query_rows))


def retrieval_scores(ranked: RankedPositives, chosen: NDArray[np.bool_] | None = None) -> RetrievalScores:
    """The scores of all queries, or of those of ``chosen`` (Q,).

    Args:
        ranked: the positives of Q queries.
        chosen: which queries are asked; None for all.

    Raises:
        InputError: ``chosen`` is not of Q queries.
    """
    if chosen is not None and chosen.shape != (ranked.total,):
        raise InputError(mismatch("chosen queries", (ranked.total,), chosen.shape))
    asked = ranked if chosen is None else ranked.only(chosen[ranked.queries])
    scores = query_scores(asked)
    count = len(scores.queries)
    total = ranked.total if chosen is None else int(np.count_nonzero(chosen))
    curve = cmc_curve(scores, max(RANKS))
    return RetrievalScores(
        cmc={rank: float(curve[rank - 1]) if count else None for rank in RANKS},
        mean_ap=float(scores.average_precisions.mean()) if count else None,
        mean_inp=float(scores.inverse_penalties.mean()) if count else None,
        queries=count,
        without_positive=total - count,
    )


def cmc_curve(scores: QueryScores, ranks: int) -> NDArray[np.float64]:
    """(ranks,) float64: the part of the queries found at rank 1, 2, ...; NaN without queries."""
    found = np.bincount(scores.first_ranks, minlength=ranks + 1)[1 : ranks + 1]
    count = len(scores.queries)
    return np.cumsum(found) / count if count else np.full(ranks, np.nan)


def over_folds(folds: Sequence[RetrievalScores]) -> dict[str, MeanSpread]:
    """Mean and spread of each figure over the folds of a cross-validation.

    Raises:
        InputError: no fold, or one without queries.
    """
    if not folds or any(fold.queries == 0 for fold in folds):
        raise InputError(mismatch("folds", "at least one, each with queries", [f.queries for f in folds]))
    figures = [fold.figures() for fold in folds]
    columns = {name: [figure[name] for figure in figures] for name in figures[0]}
    return {name: mean_spread([v for v in values if v is not None]) for name, values in columns.items()}


def mean_spread(values: Sequence[float]) -> MeanSpread:
    """Mean and standard deviation (n - 1) of one value per fold, at least one."""
    array = np.array(values, np.float64)
    return MeanSpread(float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else None)


def _queries_of(block: Block) -> int:
    return int(block.pools[-1]) + 1 if len(block.pools) else 0


def _parts(block: Block) -> list[Block]:
    """The block in parts whose distances fit in CELLS; a pool stays whole."""
    step = max(CELLS // max(len(block.gallery), 1), 1)
    cuts = np.searchsorted(block.pools, np.arange(0, _queries_of(block) + step, step))
    spans = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    return [
        Block(block.queries[a:b], block.pools[a:b] - block.pools[a], block.gallery) for a, b in spans if b > a
    ]


def _ranked(
    views: Views, identities: NDArray[np.int64], block: Block, reranking: RerankConfig | None
) -> RankedPositives:
    """The positives of one block, with rows of the views as columns."""
    if not len(block.queries):
        return RankedPositives(block.queries, block.queries, block.queries, 0)
    starts = _pool_starts(block)
    query_ids = identities[block.queries[starts]]
    if (identities[block.queries] != query_ids[block.pools]).any():
        raise InputError(mismatch("pools of an index", "views of one object each", "views of several"))
    distances = block_distances(views, block, reranking)
    ranked = rank_positives(distances, query_ids, identities[block.gallery], own_views(block))
    return RankedPositives(ranked.queries, block.gallery[ranked.columns], ranked.ahead, ranked.total)


def block_distances(views: Views, block: Block, reranking: RerankConfig | None = None) -> NDArray[np.float32]:
    """(Q, G) distances of each query (the mean of its pool) from each view of the gallery.

    Re-ranking looks at the whole block, so that a part of its queries would get other distances.
    """
    starts = _pool_starts(block)
    sizes = np.diff(starts, append=len(block.queries))
    sums = np.add.reduceat(views.embeddings[block.queries], starts)
    pooled = (sums / sizes[:, None]).astype(np.float32)
    gallery = views.embeddings[block.gallery]
    if reranking is None:
        return squared_distances(pooled, gallery)
    return _reranked(pooled, gallery, own_views(block), sizes, reranking)


def _pool_starts(block: Block) -> NDArray[np.int64]:
    """(Q,) where each pool begins in ``block.queries``."""
    return np.flatnonzero(np.diff(block.pools, prepend=-1))


def _reranked(
    pooled: NDArray[np.float32],
    gallery: NDArray[np.float32],
    own: NDArray[np.int64],
    sizes: NDArray[np.int64],
    reranking: RerankConfig,
) -> NDArray[np.float32]:
    """(Q, G) re-ranked distances. A single query that is in the gallery too takes part only once."""
    twice = own[sizes[own[:, 0]] == 1]
    rows = np.full(len(pooled), -1)
    rows[twice[:, 0]] = twice[:, 1]
    outside = rows < 0
    rows[outside] = len(gallery) + np.arange(np.count_nonzero(outside))
    taking_part = np.concatenate([gallery, pooled[outside]])
    check_memory(
        16 * len(taking_part) ** 2,
        f"re-ranking of {len(pooled)} queries among {len(gallery)} views",
        "take fewer scenes, or the protocol same-scene-same-class",
    )
    distances = squared_distances(taking_part, taking_part)
    return rerank(distances, rows, np.arange(len(gallery)), reranking)


def own_views(block: Block) -> NDArray[np.int64]:
    """(J, 2) pairs of a query and a gallery entry that is one of its own views."""
    order = np.argsort(block.gallery)
    shown = block.gallery[order]
    inside = np.isin(block.queries, shown)
    columns = order[np.searchsorted(shown, block.queries[inside])]
    return np.stack([block.pools[inside], columns], axis=1)


def _joined(parts: Sequence[RankedPositives]) -> RankedPositives:
    """One after the other, with queries numbered through."""
    offsets = np.cumsum([0, *(part.total for part in parts)])
    empty = np.zeros(0, np.int64)
    queries = [part.queries + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
    return RankedPositives(
        np.concatenate([empty, *queries]),
        np.concatenate([empty, *(part.columns for part in parts)]),
        np.concatenate([empty, *(part.ahead for part in parts)]),
        int(offsets[-1]),
    )
