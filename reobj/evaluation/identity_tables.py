"""The tables of ``reobj evaluate identity``, for Markdown, the page and the console alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reobj.evaluation.identity_rows import IdentityRow
from reobj.evaluation.identity_systems import RunKey, System

_NAMES = ("masks", "system", "inputs")

#: Heading of a column -> its value in a row.
COLUMNS: dict[str, Callable[[IdentityRow], float | int | None]] = {
    "IDF1": lambda row: row.tracks.idf1,
    "IDF1 found": lambda row: row.idf1_found,
    "HOTA": lambda row: row.tracks.hota,
    "AssPr": lambda row: row.tracks.asspr,
    "AssRe": lambda row: row.tracks.assre,
    "switches": lambda row: row.tracks.id_switches,
    "revisits": lambda row: row.revisits.known,
    "recall": lambda row: row.revisits.recall,
    "precision": lambda row: row.revisits.precision,
    "NEW prec.": lambda row: row.new_precision,
    "ids": lambda row: row.map_objects,
    "dup.": lambda row: row.duplicates,
    "purity": lambda row: row.purity,
    "complete": lambda row: row.completeness,
    "DEFER": lambda row: row.deferred,
    "wait s p50": lambda row: None if row.wait_s is None else row.wait_s.p50,
    "wait s p95": lambda row: None if row.wait_s is None else row.wait_s.p95,
    "ECE": lambda row: row.calibration_error,
    "ms p50": lambda row: None if row.latency_ms is None else row.latency_ms.p50,
    "ms p95": lambda row: None if row.latency_ms is None else row.latency_ms.p95,
}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table as text.

    Attributes:
        title: above it.
        heads: of the columns.
        lines: of cells.
        names: how many columns, from the left, are names and not figures.
    """

    title: str
    heads: Sequence[str]
    lines: Sequence[Sequence[str]]
    names: int = len(_NAMES)

    def markdown(self) -> str:
        """In Markdown, figures to the right."""
        rule = ["---" if k < self.names else "---:" for k in range(len(self.heads))]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in (self.heads, rule, *self.lines)) + "\n"


def scores_table(rows: Sequence[IdentityRow]) -> TextTable:
    """One line per run."""
    lines = [[*names_of(row.key), *(cell(read(row)) for read in COLUMNS.values())] for row in rows]
    return TextTable("Identity", (*_NAMES, *COLUMNS), lines)


def absence_table(rows: Sequence[IdentityRow]) -> TextTable:
    """Revisit recall and precision by length of absence: right / asked, right / claimed."""
    heads = [f"{name}: {what}" for name in rows[0].absences for what in ("recall", "precision")]
    lines = []
    for row in rows:
        scores = row.absences.values()
        cells = [(_share(item.right, item.known), _share(item.right, item.claims)) for item in scores]
        lines.append([*names_of(row.key), *(text for pair in cells for text in pair)])
    return TextTable("Revisits by length of absence", (*_NAMES, *heads), lines)


def class_table(row: IdentityRow) -> TextTable:
    """One line per class of objects, for one run."""
    heads = (
        "class",
        "objects",
        "IDF1",
        "revisit recall",
        "revisit precision",
        "decisions",
        "wrong object",
        "duplicate",
    )
    lines = [
        [
            label,
            str(item.objects),
            cell(item.idf1),
            _share(item.revisits.right, item.revisits.known),
            _share(item.revisits.right, item.revisits.claims),
            str(item.decisions),
            str(item.wrong_objects),
            str(item.duplicates),
        ]
        for label, item in row.classes.items()
    ]
    return TextTable(f"By class: {', '.join(names_of(row.key))}", heads, lines, names=1)


def all_tables(rows: Sequence[IdentityRow]) -> list[TextTable]:
    """Scores and absences of all runs, and the classes of each run of ours."""
    ours = [row for row in rows if row.key.system is System.reobj]
    return [scores_table(rows), absence_table(rows), *(class_table(row) for row in ours)]


def scores_markdown(rows: Sequence[IdentityRow]) -> str:
    """The table of scores alone, in Markdown."""
    return scores_table(rows).markdown()


def names_of(key: RunKey) -> tuple[str, str, str]:
    """Masks, system and inputs; no inputs for the ceiling, which looks at none."""
    inputs = "-" if key.system is System.ceiling else key.inputs.value
    return key.masks.value, key.system.value, inputs


def cell(value: float | int | None) -> str:
    """A figure; "-" where nothing was measured."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _share(part: int, whole: int) -> str:
    """A ratio with what it was made of."""
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "-"
