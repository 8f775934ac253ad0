"""The rows of the papers' tables as text and as CSV: ours, and theirs marked as theirs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reobj.evaluation.paper_figures import PaperRow
from reobj.evaluation.retrieval import RANKS, MeanSpread, RetrievalScores
from reobj.files import write_text

#: The columns of every table, as ``RetrievalScores.figures`` names them.
FIGURES = (*(f"rank-{rank}" for rank in RANKS), "mAP", "mINP")
MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row.

    Attributes:
        name: of the model, or of the method in the paper.
        setup: "no-train", "full", "concat", ...; "" where there is only one.
        protocol: how the question was asked; "not published" for papers.
        source: "measured", or the paper and its table.
        figures: ratios in [0, 1] by the names of FIGURES; what is missing was not measured.
        folds: of a cross-validation; 1 without.
        queries, without_positive: how many count, and how many more had nothing to find; None for papers.
    """

    name: str
    setup: str
    protocol: str
    source: str
    figures: Mapping[str, MeanSpread]
    folds: int = 1
    queries: int | None = None
    without_positive: int | None = None


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """The scores of one model for one bin of a breakdown.

    Attributes:
        name, setup, protocol: as in TableRow.
        kind: "class", "gap" or "viewpoint".
        bin: its name.
        scores: of that bin, over all folds together.
    """

    name: str
    setup: str
    protocol: str
    kind: str
    bin: str
    scores: RetrievalScores


def paper_rows(rows: Iterable[PaperRow]) -> list[TableRow]:
    """The papers' figures as rows."""
    return [
        TableRow(
            row.method,
            row.setup,
            "not published",
            row.source,
            {name: MeanSpread(value, None) for name, value in row.figures().items() if value is not None},
        )
        for row in rows
    ]


def cell(value: MeanSpread | None) -> str:
    """Percent with two decimals as in the papers, the spread over folds behind it; "-" if not measured."""
    if value is None:
        return "-"
    spread = "" if value.spread is None else f" ± {100 * value.spread:.2f}"
    return f"{100 * value.mean:.2f}{spread}"


def write_table_csv(path: Path | str, rows: Sequence[TableRow]) -> None:
    """One line per row; ratios in percent, spreads in columns of their own. Raises StorageError."""
    head = ["source", "protocol", "name", "setup", "folds", "queries", "without_positive"]
    lines: list[list[object]] = [[*head, *FIGURES, *(f"{name} spread" for name in FIGURES)]]
    for row in rows:
        found = [row.figures.get(name) for name in FIGURES]
        means = ["" if value is None else _percent(value.mean) for value in found]
        spreads = ["" if value is None else _percent(value.spread) for value in found]
        counts = (row.queries, row.without_positive)
        what = [row.source, row.protocol, row.name, row.setup, row.folds]
        lines.append([*what, *("" if count is None else count for count in counts), *means, *spreads])
    write_text(path, _csv(lines))


def write_breakdown_csv(path: Path | str, rows: Sequence[BreakdownRow]) -> None:
    """One line per model and bin, ratios in percent. Raises StorageError."""
    lines: list[list[object]] = [["protocol", "name", "setup", "kind", "bin", "queries", *FIGURES]]
    for row in rows:
        figures = row.scores.figures()
        what = [row.protocol, row.name, row.setup, row.kind, row.bin, row.scores.queries]
        lines.append([*what, *(_percent(figures[name]) for name in FIGURES)])
    write_text(path, _csv(lines))


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{100 * ratio:.4f}"


def _csv(lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
