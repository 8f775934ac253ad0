"""The DeepSORT row of the papers' tables, measured on stored views."""

from __future__ import annotations

import numpy as np
import torch

from reobj.evaluation.comparison import ShowProgress, fold_numbers
from reobj.evaluation.deepsort_pairs import PairScores, draw_pairs, rows_of_pairs, score_pairs
from reobj.evaluation.embed_store import embed_views, views_of
from reobj.evaluation.folds import Folds
from reobj.evaluation.retrieval import mean_spread
from reobj.evaluation.retrieval_table import MEASURED, TableRow
from reobj.evaluation.subjects import Subject
from reobj.views.store import ViewStore

PAIRS = 1000  #: image pairs of each fold: the share is then known to about 1 point
PROTOCOL = "image pairs"


def deepsort_row(
    subject: Subject,
    store: ViewStore,
    device: torch.device,
    show: ShowProgress,
    *,
    folds: Folds | None = None,
    pairs: int = PAIRS,
    seed: int = 0,
) -> TableRow:
    """Follows objects through random image pairs by DeepSORT with a model's embeddings.

    Args:
        subject: the appearance model; of several networks each is asked about its own fold.
        store: of all detections.
        device: to compute on.
        show: of progress.
        folds: image pairs are drawn for each; None for all scenes together.
        pairs: how many, of each fold.
        seed: of the draw.

    Raises:
        InputError: no two images of a scene share an object.
    """
    every = views_of(store.table)
    numbers = fold_numbers(every, np.arange(len(every)), folds)
    networks = [load() for load in subject.load]
    scores: list[PairScores] = []
    for number in np.unique(numbers[numbers >= 0]).tolist():
        mine = np.flatnonzero(numbers == number)
        candidates = views_of(store.table.only(mine))
        drawn = draw_pairs(candidates, pairs, seed)
        rows = mine[rows_of_pairs(candidates, drawn)]
        network = networks[number if len(networks) > 1 else 0]
        with show(f"DeepSORT, {subject.name}: embedding") as progress:
            views = embed_views(network, subject.spec, store, rows, device, progress=progress)
        with show(f"DeepSORT, {subject.name}: tracking") as progress:
            renumbered = np.searchsorted(np.unique(drawn), drawn)  # only images of pairs are left
            scores.append(score_pairs(views, store.table.boxes[rows], renumbered, progress=progress))
    return TableRow(
        f"DeepSORT, {subject.name}",
        subject.setup,
        PROTOCOL,
        MEASURED,
        {"rank-1": mean_spread([part.rank1 for part in scores])},
        len(scores),
        sum(part.detections for part in scores),
    )
