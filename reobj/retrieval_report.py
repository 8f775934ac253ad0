"""``reobj evaluate retrieval``: tables, curves, published questions and a page for some models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.devices import describe_device, resolve_device
from reobj.errors import InputError, mismatch
from reobj.evaluation.comparison import (
    Questions,
    ShowProgress,
    breakdown_rows,
    common_folds,
    examine,
    published_questions,
    questions_of,
    table_row,
)
from reobj.evaluation.deepsort_row import deepsort_row
from reobj.evaluation.folds import read_folds
from reobj.evaluation.paper_figures import PAPER_ROWS
from reobj.evaluation.protocols import MIN_GAP
from reobj.evaluation.reranking import RerankConfig
from reobj.evaluation.retrieval_index import write_index
from reobj.evaluation.retrieval_run import RATE_HZ, Protocol
from reobj.evaluation.retrieval_table import (
    BreakdownRow,
    TableRow,
    paper_rows,
    write_breakdown_csv,
    write_table_csv,
)
from reobj.evaluation.subjects import Subject, distinct, open_subject
from reobj.views.store import ViewStore
from reobj.visual.cmc_plot import cmc_figure, cmc_svg, write_cmc_png
from reobj.visual.report import installed_versions
from reobj.visual.retrieval_examples import ExampleCollector
from reobj.visual.retrieval_page import ProtocolSection, RetrievalPage, write_retrieval_page
from reobj.visual.retrieval_pictures import ViewPictures

TABLE_FILE, BREAKDOWN_FILE, PAGE_FILE = "retrieval.csv", "breakdown.csv", "retrieval.html"


@dataclass(frozen=True, slots=True)
class RetrievalConfig:
    """What is asked of whom.

    Attributes:
        models: as ``open_subject`` takes them.
        views: folders of views, as one store.
        out: folder of the results.
        protocols: which questions; not looked at with ``index``.
        min_gap: frames between views of an object; None for 50 frames at 30 Hz by the stamps.
        rerank: k-reciprocal re-ranking with the published parameters.
        multiple: half of each object's views ask together.
        index: a published index file in place of a protocol.
        folds: a folds.json: scenes of different folds never meet, figures are means over folds.
        deepsort: appearance model of a DeepSORT row; None for no such row.
        weights: of the backbones of networks that nobody trained.
        device: as ``resolve_device`` takes it.
        command: for the page.
    """

    models: tuple[str, ...]
    views: tuple[Path, ...]
    out: Path
    protocols: tuple[Protocol, ...] = tuple(Protocol)
    min_gap: int | None = None
    rerank: bool = False
    multiple: bool = False
    index: Path | None = None
    folds: Path | None = None
    deepsort: str | None = None
    weights: str = "imagenet"
    device: str = "auto"
    command: str = ""


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """What was found: rows of ours, by protocol, the papers' rows, and sentences about the questions."""

    rows: Mapping[str, list[TableRow]]
    papers: list[TableRow]
    notes: list[str]


@dataclass
class _Results:
    """What the models have answered so far, by protocol."""

    rows: dict[str, list[TableRow]] = field(default_factory=dict)
    bins: dict[str, list[BreakdownRow]] = field(default_factory=dict)
    curves: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)


def evaluate_retrieval(config: RetrievalConfig, show: ShowProgress) -> RetrievalReport:
    """Asks all models and writes retrieval.csv, breakdown.csv, retrieval.html and, for each protocol, its
    questions (index-PROTOCOL.json) and the CMC plot (cmc-PROTOCOL.png) into ``out``.

    Raises:
        InputError: nothing left to be asked, or models that cannot be compared.
        ModelError, ViewsError, DeviceError, StorageError: what their parts raise.
    """
    device = resolve_device(config.device)
    store = ViewStore(config.views)
    subjects = _subjects(config)
    questions = _questions(config, store, subjects)
    reranking = RerankConfig() if config.rerank else None
    collector = ExampleCollector(ViewPictures(store), questions, reranking)
    results = _Results()
    for subject in subjects:
        examined = examine(subject, store, questions, device, reranking, show)
        collector.add(examined)
        for protocol, answers in examined.answers.items():
            results.rows.setdefault(protocol, []).append(table_row(subject, protocol, answers))
            results.bins.setdefault(protocol, []).extend(breakdown_rows(subject, protocol, answers))
            results.curves.setdefault(protocol, {})[subject.name] = answers.curve
    extra = _deepsort_rows(config, store, subjects, show)
    report = RetrievalReport(
        {**results.rows, **extra},
        paper_rows(PAPER_ROWS),
        [*_notes(config, store, questions), f"Computed on {describe_device(device)}."],
    )
    _write(config, questions, results, report, collector)
    return report


def _subjects(config: RetrievalConfig) -> list[Subject]:
    if not config.models:
        raise InputError(mismatch("models", "at least one", "none"))
    return distinct([open_subject(model, config.weights) for model in config.models])


def _questions(config: RetrievalConfig, store: ViewStore, subjects: list[Subject]) -> Questions:
    folds = common_folds(subjects, None if config.folds is None else read_folds(config.folds))
    if config.index is not None:
        return published_questions(store, config.index, folds)
    return questions_of(
        store, config.protocols, min_gap=config.min_gap, multiple=config.multiple, folds=folds
    )


def _deepsort_rows(
    config: RetrievalConfig, store: ViewStore, subjects: list[Subject], show: ShowProgress
) -> dict[str, list[TableRow]]:
    if config.deepsort is None:
        return {}
    subject = open_subject(config.deepsort, config.weights)
    given = None if config.folds is None else read_folds(config.folds)
    row = deepsort_row(
        subject, store, resolve_device(config.device), show, folds=common_folds([*subjects, subject], given)
    )
    return {row.protocol: [row]}


def _notes(config: RetrievalConfig, store: ViewStore, questions: Questions) -> list[str]:
    """What a reader must know to judge the figures."""
    views = questions.views
    scenes = len(np.unique(views.scenes))
    masks = "true masks" if store.settings.detector is None else f"masks of {store.settings.detector['name']}"
    notes = [f"{len(views)} of {len(store)} stored views of {scenes} scenes take part, with {masks}."]
    if config.index is not None:
        notes.append(f"The questions are those of {config.index.name}.")
    elif config.min_gap is None:
        apart = f"{MIN_GAP / RATE_HZ:.2f} s apart by their stamps: {MIN_GAP} frames at {RATE_HZ} Hz"
        notes.append(f"Views of one object are more than {apart}.")
    else:
        notes.append(f"Views of one object are more than {config.min_gap} frames of the recording apart.")
    if config.rerank:
        notes.append("Re-ranked by k-reciprocal encoding (k1 = 20, k2 = 6, lambda = 0.3).")
    if config.multiple:
        notes.append("Multiple query: the earlier half of each object's views asks together.")
    return notes


def _write(
    config: RetrievalConfig,
    questions: Questions,
    results: _Results,
    report: RetrievalReport,
    collector: ExampleCollector,
) -> None:
    sections = []
    for protocol, index in questions.indices.items():
        file_name = protocol.replace(",", "").replace(" ", "-")
        write_index(config.out / f"index-{file_name}.json", index, questions.views)
        figure = cmc_figure(protocol, results.curves[protocol])
        write_cmc_png(config.out / f"cmc-{file_name}.png", figure)
        rows, bins = results.rows[protocol], results.bins[protocol]
        sections.append(ProtocolSection(protocol, rows, cmc_svg(figure), bins, collector.examples(protocol)))
    ours = [row for rows in report.rows.values() for row in rows]
    write_table_csv(config.out / TABLE_FILE, [*ours, *report.papers])
    write_breakdown_csv(config.out / BREAKDOWN_FILE, [row for rows in results.bins.values() for row in rows])
    page = RetrievalPage(
        title="Which one is it? Retrieval of object instances",
        notes=report.notes,
        sections=sections,
        papers=report.papers,
        command=config.command,
        versions=installed_versions(("numpy", "torch", "torchvision", "timm")),
    )
    write_retrieval_page(config.out / PAGE_FILE, page)
