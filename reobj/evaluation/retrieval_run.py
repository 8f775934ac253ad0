"""One protocol asked of one model: scores, curve and breakdowns, over folds where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.evaluation.protocols import (
    MIN_GAP,
    cross_scene,
    multiple_query,
    same_scene_same_class,
    select_views,
)
from reobj.evaluation.reranking import RerankConfig
from reobj.evaluation.retrieval import (
    MeanSpread,
    Retrieval,
    RetrievalScores,
    cmc_curve,
    over_folds,
    retrieval_scores,
    retrieve,
)
from reobj.evaluation.retrieval_breakdown import by_class, by_frame_gap, by_viewpoint
from reobj.evaluation.retrieval_index import Block, RetrievalIndex
from reobj.evaluation.retrieval_ranks import query_scores
from reobj.evaluation.retrieval_views import Views
from reobj.progress import Progress, silent

RATE_HZ = 30  #: of the recordings that the papers count frames of (ScanNet)
CURVE = 50  #: ranks of the CMC curve

#: Frames at 30 Hz between query and positive: up to 5 s, 15 s, 30 s, a minute, more.
GAP_EDGES = (0.0, 150.0, 450.0, 900.0, 1800.0, np.inf)
#: Degrees between the directions that query and positive are seen from.
VIEWPOINT_EDGES = (0.0, 15.0, 30.0, 60.0, 90.0, 181.0)


class Protocol(str, Enum):
    """How the question is asked."""

    cross_scene = "cross-scene"
    same_scene_same_class = "same-scene-same-class"


_QUESTIONS: Mapping[Protocol, Callable[[Views, NDArray[np.int64]], RetrievalIndex]] = {
    Protocol.cross_scene: cross_scene,
    Protocol.same_scene_same_class: same_scene_same_class,
}


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one model answered to one protocol.

    Attributes:
        retrieval: where the positives of each query stand.
        scores: of all queries together.
        figures: each ratio of ``scores.figures()``: its mean over folds and their spread.
        folds: how many there are; 1 without cross-validation.
        curve: (50,) float64, the part of all queries found at rank 1, 2, ...
        breakdowns: "class", "gap" and "viewpoint" (the last only where poses are known): scores by the
            name of the bin; only bins that were asked about.
    """

    retrieval: Retrieval
    scores: RetrievalScores
    figures: Mapping[str, MeanSpread]
    folds: int
    curve: NDArray[np.float64]
    breakdowns: Mapping[str, Mapping[str, RetrievalScores]]


def select_apart(views: Views, min_gap: int | None) -> NDArray[np.int64]:
    """Rows of the views that take part, those of one object apart in time.

    Args:
        views: of all scenes.
        min_gap: frames of the recording, as ``select_views``; None takes 50 frames *at 30 Hz*, that is
            1.67 s by the stamps, which is what the protocol means whatever the rate of the recording.
    """
    return select_views(at_rate(views) if min_gap is None else views, MIN_GAP if min_gap is None else min_gap)


def at_rate(views: Views) -> Views:
    """The same views with their frames counted at 30 Hz by their stamps."""
    return replace(views, frames=np.rint(views.stamps_ns * (RATE_HZ / 1e9)).astype(np.int64))


def ask(
    views: Views, protocol: Protocol, *, folds: NDArray[np.int64] | None = None, multiple: bool = False
) -> RetrievalIndex:
    """The questions of a protocol over all of ``views``.

    Args:
        views: those that take part, see ``select_apart``; embeddings are not looked at.
        protocol: which one.
        folds: (N,) the fold of each view; views of different folds never meet. None for one fold.
        multiple: the earlier half of each object's views asks together.

    Raises:
        InputError: nothing is left to be asked.
    """
    numbers = np.zeros(len(views), np.int64) if folds is None else folds
    blocks: list[Block] = []
    for fold in np.unique(numbers):
        blocks.extend(_QUESTIONS[protocol](views, np.flatnonzero(numbers == fold)).blocks)
    index = RetrievalIndex(protocol.value, tuple(blocks))
    index = multiple_query(views, index) if multiple else index
    if not index.blocks:
        need = "objects with two views far enough apart"
        if protocol is Protocol.same_scene_same_class:
            need += ", and two such objects of one class in one scene"
        raise InputError(mismatch(f"views for {protocol.value}", need, f"none among {len(views)} views"))
    return index


def answer(
    views: Views,
    index: RetrievalIndex,
    *,
    folds: NDArray[np.int64] | None = None,
    reranking: RerankConfig | None = None,
    progress: Progress = silent,
) -> Answers:
    """Asks all questions of ``index`` and scores the answers.

    Args:
        views: with the embeddings of one model, or of one model per fold.
        index: questions about them.
        folds: (N,) the fold of each view, as for ``ask``.
        reranking: None for plain distances.
        progress: counts queries.

    Raises:
        InputError: the index is of other views, or a fold has no query with something to find.
    """
    retrieval = retrieve(views, index, reranking, progress)
    scores = retrieval_scores(retrieval.ranked)
    if not scores.queries:
        got = f"none among {scores.without_positive}"
        raise InputError(mismatch(f"questions of {index.protocol}", "some with a right answer", got))
    of_query = (np.zeros(len(views), np.int64) if folds is None else folds)[retrieval.query_rows]
    numbers = np.unique(of_query)
    parts = [retrieval_scores(retrieval.ranked, of_query == number) for number in numbers]
    return Answers(
        retrieval=retrieval,
        scores=scores,
        figures=over_folds(parts),
        folds=len(numbers),
        curve=cmc_curve(query_scores(retrieval.ranked), CURVE),
        breakdowns=_breakdowns(views, retrieval),
    )


def _breakdowns(views: Views, retrieval: Retrieval) -> dict[str, dict[str, RetrievalScores]]:
    gaps = by_frame_gap(at_rate(views), retrieval, GAP_EDGES)
    found = {
        "class": by_class(views, retrieval),
        "gap": {_gap_name(low, high): scores for (low, high), scores in gaps.items()},
    }
    if views.directions is not None:
        turns = by_viewpoint(views, retrieval, VIEWPOINT_EDGES)
        found["viewpoint"] = {
            f"{a:.0f}-{min(b, 180):.0f} degrees": scores for (a, b), scores in turns.items()
        }
    return {
        kind: {name: scores for name, scores in bins.items() if scores.queries}
        for kind, bins in found.items()
    }


def _gap_name(low: float, high: float) -> str:
    """Frames at 30 Hz and what they are in seconds."""
    if np.isinf(high):
        return f"over {low:.0f} frames ({low / RATE_HZ:.0f} s)"
    return f"{low:.0f}-{high:.0f} frames ({low / RATE_HZ:.0f}-{high / RATE_HZ:.0f} s)"
