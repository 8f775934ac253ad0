"""Retrieval scores and re-ranking on one core: python benchmarks/retrieval.py

Scores: CMC, mAP and mINP from a matrix of distances, beside a bare argsort of it and beside the usual
program, which ranks the whole gallery of each query. Re-ranking: beside the paper's equations view by view
on dense arrays. Both peers are written here from the definitions and run in the same process; how far the
results differ is printed (mAP by ties alone, as an argsort settles them by chance). Times are processor
time, so that a second thread does not make them shorter.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from reobj.evaluation.reranking import RerankConfig, rerank
from reobj.evaluation.retrieval_distances import squared_distances
from reobj.evaluation.retrieval_ranks import query_scores, rank_positives

Result = TypeVar("Result")


def best_of(work: Callable[[], Result], repeats: int) -> tuple[float, Result]:
    """The shortest processor time of a call in seconds, and what it returned."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


def ranked_galleries(
    distances: NDArray[np.float32], query_ids: NDArray[np.int64], gallery_ids: NDArray[np.int64]
) -> float:
    """MAP from the whole ranking of each query."""
    found = []
    for row, identity in zip(distances, query_ids, strict=True):
        right = gallery_ids[np.argsort(row)] == identity
        ranks = np.flatnonzero(right) + 1
        if len(ranks):
            found.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
    return float(np.mean(found))


def scores(queries: int, gallery: int, per_identity: int, repeats: int) -> None:
    """Prints the times for galleries with ``per_identity`` positives per query."""
    random = np.random.default_rng(0)
    gallery_ids = np.arange(gallery) // per_identity
    query_ids = random.choice(gallery_ids, queries)
    distances = random.random((queries, gallery), np.float32)
    distances[query_ids[:, None] == gallery_ids] *= 0.2  # positives near the top, as with a trained model
    ours, found = best_of(lambda: query_scores(rank_positives(distances, query_ids, gallery_ids)), repeats)
    bare, _ = best_of(lambda: np.argsort(distances, axis=1), 1)
    theirs, mean_ap = best_of(lambda: ranked_galleries(distances, query_ids, gallery_ids), 1)
    difference = abs(mean_ap - found.average_precisions.mean())
    print(f"scores {queries:,} x {gallery:,}, {per_identity} positives each; mAP differs by {difference:.0e}")
    print(f"  ours                  {ours:7.3f} s")
    print(f"  a bare argsort        {bare:7.3f} s  {bare / ours:5.1f} x as long")
    print(f"  whole rankings, mAP   {theirs:7.3f} s  {theirs / ours:5.1f} x as long")


def dense_rerank(distances: NDArray[np.float32], queries: int, config: RerankConfig) -> NDArray[np.float32]:
    """Zhong et al. 2017 view by view; the first ``queries`` rows ask the others."""
    scaled = distances / distances.max(axis=1, keepdims=True)
    order = np.argsort(scaled, axis=1, kind="stable")

    def reciprocal(p: int, k: int) -> NDArray[np.int64]:
        near = order[p, : k + 1]
        return near[(order[near, : k + 1] == p).any(axis=1)]

    encoding = np.zeros_like(scaled)
    for p in range(len(scaled)):
        first = reciprocal(p, config.k1)
        sets = [first]
        for q in first:
            more = reciprocal(q, round(config.k1 / 2))
            if 3 * len(np.intersect1d(first, more)) > 2 * len(more):
                sets.append(more)
        members = np.unique(np.concatenate(sets))
        weights = np.exp(-scaled[p, members])
        encoding[p, members] = weights / weights.sum()
    encoding = np.stack([encoding[near].mean(axis=0) for near in order[:, : config.k2]])
    shared = np.empty((queries, len(scaled) - queries), np.float32)
    for row, mine in zip(shared, encoding, strict=False):
        used = np.flatnonzero(mine)
        row[:] = np.minimum(encoding[queries:, used], mine[used]).sum(axis=1)
    return (1 - config.original) * (1 - shared / (2 - shared)) + config.original * scaled[:queries, queries:]


def reranking(queries: int, gallery: int, repeats: int) -> None:
    """Prints the times for views of 20 per object."""
    random = np.random.default_rng(1)
    count = queries + gallery
    centres = random.normal(size=(count // 20, 256))[random.integers(0, count // 20, count)]
    embeddings = (centres + random.normal(size=centres.shape)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    config = RerankConfig()
    comparing, distances = best_of(lambda: squared_distances(embeddings, embeddings), repeats)
    np.fill_diagonal(distances, 0.0)
    asking, answering = np.arange(queries), np.arange(queries, count)
    ours, found = best_of(lambda: rerank(distances, asking, answering, config), repeats)
    theirs, expected = best_of(lambda: dense_rerank(distances, queries, config), 1)
    difference = np.abs(found - expected).max()
    print(f"re-ranking {queries:,} x {gallery:,}; the distances differ by at most {difference:.0e}")
    print(f"  ours                  {ours:7.3f} s  (distances of 256-d embeddings: {comparing:.3f} s)")
    print(f"  view by view, dense   {theirs:7.3f} s  {theirs / ours:5.1f} x as long")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--gallery", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for per_identity in (10, 25, 100):
        scores(arguments.queries, arguments.gallery, per_identity, arguments.repeats)
    reranking(500, 3_000, arguments.repeats)


if __name__ == "__main__":
    main()
