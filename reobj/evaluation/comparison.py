"""Several models asked the same questions about the same views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reobj.errors import InputError, mismatch
from reobj.evaluation.embed_store import embed_views, views_of
from reobj.evaluation.folds import Folds
from reobj.evaluation.reranking import RerankConfig
from reobj.evaluation.retrieval_index import RetrievalIndex, read_index
from reobj.evaluation.retrieval_run import Answers, Protocol, answer, ask, select_apart
from reobj.evaluation.retrieval_table import MEASURED, BreakdownRow, TableRow
from reobj.evaluation.retrieval_views import Views
from reobj.evaluation.subjects import Subject
from reobj.progress import Progress
from reobj.views.store import ViewStore

ShowProgress = Callable[[str], AbstractContextManager[Progress]]
"""Called with the title of a piece of work; gives what shows how far it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """What all models are asked.

    Attributes:
        rows: (K,) int64, the views of the store that take part.
        views: these K, without embeddings.
        folds: (K,) int64, the fold of each view, all 0 without cross-validation.
        indices: questions about them, by the name of the protocol.
    """

    rows: NDArray[np.int64]
    views: Views
    folds: NDArray[np.int64]
    indices: Mapping[str, RetrievalIndex]


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """One model after the questions.

    Attributes:
        subject: the model.
        networks: on the device, one for each fold or one for all.
        views: with its embeddings.
        answers: by the name of the protocol.
    """

    subject: Subject
    networks: Sequence[nn.Module]
    views: Views
    answers: Mapping[str, Answers]


def questions_of(
    store: ViewStore,
    protocols: Sequence[Protocol],
    *,
    min_gap: int | None = None,
    multiple: bool = False,
    folds: Folds | None = None,
) -> Questions:
    """The questions of some protocols about a store.

    Args:
        store: all of its scenes, or those of the folds.
        protocols: which ones.
        min_gap: frames between the views of an object; None for 50 frames at 30 Hz, by the stamps.
        multiple: half of each object's views ask together.
        folds: scenes of different folds never meet.

    Raises:
        InputError: nothing is left to be asked.
    """
    every = views_of(store.table)
    rows = select_apart(every, min_gap)
    numbers = fold_numbers(every, rows, folds)
    rows, numbers = rows[numbers >= 0], numbers[numbers >= 0]
    if not len(rows):
        expected = "objects seen twice, far enough apart in time"
        raise InputError(
            mismatch(f"views of {len(every.scene_names)} scenes", expected, f"none among {len(every)}")
        )
    views = views_of(store.table.only(rows))
    indices = {p.value: ask(views, p, folds=numbers, multiple=multiple) for p in protocols}
    return Questions(rows, views, numbers, indices)


def published_questions(store: ViewStore, path: Path, folds: Folds | None = None) -> Questions:
    """The questions of an index file that was published.

    Raises:
        InputError: the store lacks some of its views, or has them twice. StorageError: no such file.
    """
    every = views_of(store.table)
    rows = read_index(path, every).rows()
    views = views_of(store.table.only(rows))
    index = read_index(path, views)
    numbers = fold_numbers(every, rows, folds)
    if (numbers < 0).any():
        raise InputError(mismatch(f"scenes of {path}", "scenes of the folds", "others"))
    return Questions(rows, views, numbers, {index.protocol: index})


def common_folds(subjects: Sequence[Subject], given: Folds | None = None) -> Folds | None:
    """The folds that all models are asked in: those given, or those of the cross-validated models.

    Raises:
        InputError: they differ; then no two rows of a table could be compared.
    """
    found = [subject.folds for subject in subjects if subject.folds is not None]
    found = [*found, given] if given is not None else found
    if any(folds.scenes != found[0].scenes for folds in found):
        raise InputError(mismatch("folds of the models", "the same scenes in each", "different ones"))
    return found[0] if found else None


def examine(
    subject: Subject,
    store: ViewStore,
    questions: Questions,
    device: torch.device,
    reranking: RerankConfig | None,
    show: ShowProgress,
) -> Examined:
    """Embeds the views by a model (each by the network that has not seen its scene) and asks.

    Raises:
        ModelError: the weights cannot be had. InputError, ViewsError: as ``embed_views`` and ``answer``.
    """
    networks = [load() for load in subject.load]
    embeddings = np.zeros((len(questions.rows), 0), np.float32)
    for number, network in enumerate(networks):
        mine = np.flatnonzero((questions.folds == number) | (len(networks) == 1))
        with show(f"{subject.name}: embedding") as progress:
            part = embed_views(network, subject.spec, store, questions.rows[mine], device, progress=progress)
        if not number:
            embeddings = np.empty((len(questions.rows), part.embeddings.shape[1]), np.float32)
        embeddings[mine] = part.embeddings
    views = replace(questions.views, embeddings=embeddings)
    answers = {}
    for protocol, index in questions.indices.items():
        with show(f"{subject.name}: {protocol}") as progress:
            answers[protocol] = answer(
                views, index, folds=questions.folds, reranking=reranking, progress=progress
            )
    return Examined(subject, networks, views, answers)


def table_row(subject: Subject, protocol: str, answers: Answers) -> TableRow:
    """The row of a model."""
    scores = answers.scores
    counts = {"queries": scores.queries, "without_positive": scores.without_positive}
    return TableRow(subject.name, subject.setup, protocol, MEASURED, answers.figures, answers.folds, **counts)


def breakdown_rows(subject: Subject, protocol: str, answers: Answers) -> list[BreakdownRow]:
    """The rows of a model's breakdowns."""
    return [
        BreakdownRow(subject.name, subject.setup, protocol, kind, name, scores)
        for kind, bins in answers.breakdowns.items()
        for name, scores in bins.items()
    ]


def fold_numbers(views: Views, rows: NDArray[np.int64], folds: Folds | None) -> NDArray[np.int64]:
    """The fold of each of some views: all 0 without folds, -1 for scenes of none."""
    if folds is None:
        return np.zeros(len(rows), np.int64)
    known = {name: number for number, names in enumerate(folds.scenes) for name in names}
    of_scene = np.array([known.get(name, -1) for name in views.scene_names], np.int64)
    return of_scene[views.scenes[rows]]
