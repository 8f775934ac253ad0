"""Finished rows on disk, and the papers' table beside the papers' own figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from reobj.errors import StorageError, mismatch
from reobj.evaluation.paper_figures import PAPER_ROWS
from reobj.evaluation.retrieval import MeanSpread
from reobj.evaluation.retrieval_table import FIGURES, TableRow, cell, paper_rows, write_table_csv
from reobj.files import write_text

RESULTS, RESULTS_CSV = "results.md", "results.csv"


def write_row(path: Path, rows: Sequence[TableRow]) -> None:
    """Writes the rows of one network and setup. Raises StorageError."""
    write_text(path, json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def read_row(path: Path) -> list[TableRow]:
    """Reads what ``write_row`` wrote. Raises StorageError."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            TableRow(**{**row, "figures": {n: MeanSpread(**v) for n, v in row["figures"].items()}})
            for row in rows
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StorageError(
            mismatch(str(path), "finished rows of a table", f"{type(error).__name__}: {error}")
        ) from error


def write_results(folder: Path, rows: Sequence[TableRow], notes: Iterable[str]) -> None:
    """Writes results.md and results.csv: the rows that are finished, each above the paper's own figures.

    Raises:
        StorageError: a file cannot be written.
    """
    theirs = paper_rows(PAPER_ROWS)
    write_table_csv(folder / RESULTS_CSV, [*rows, *theirs])
    lines = ["# The papers' tables on these scans", "", *(f"{note}  " for note in notes)]
    lines += [
        "Percent, mean ± standard deviation over the folds. *Slanted*: what the paper reports on ScanNet,",
        "with queries and galleries that it does not publish.",
    ]
    for protocol in dict.fromkeys(row.protocol for row in rows):
        lines += ["", f"## {protocol}", "", *_table([row for row in rows if row.protocol == protocol])]
    others = [row for row, paper in zip(theirs, PAPER_ROWS, strict=True) if paper.network is None]
    lines += [
        "",
        "## Reported, not measured here",
        "",
        *_head(),
        *(_line(row, theirs=True) for row in others),
    ]
    write_text(folder / RESULTS, "\n".join(lines) + "\n")


def _table(rows: Iterable[TableRow]) -> list[str]:
    """Each row, and below it the one of the paper if there is one."""
    lines = _head()
    reported = list(zip(PAPER_ROWS, paper_rows(PAPER_ROWS), strict=True))
    for row in rows:
        lines.append(_line(row))
        for paper, theirs in reported:
            if paper.network == row.name and paper.setup in ("", row.setup):
                lines.append(_line(theirs, theirs=True))
    return lines


def _head() -> list[str]:
    return [f"| | {' | '.join(FIGURES)} | queries |", f"|---|{'---:|' * (len(FIGURES) + 1)}"]


def _line(row: TableRow, theirs: bool = False) -> str:
    name = f"*{row.name} ({row.source})*" if theirs else f"{row.name} {row.setup}".strip()
    cells = [cell(row.figures.get(figure)) for figure in FIGURES]
    shown = [f"*{text}*" if theirs and text != "-" else text for text in cells]
    return f"| {name} | {' | '.join(shown)} | {'' if row.queries is None else row.queries} |"
