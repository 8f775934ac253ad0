"""retrieval.html: what models find for the same questions, as figures and as pictures, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from reobj.evaluation.retrieval import RetrievalScores
from reobj.evaluation.retrieval_table import FIGURES, BreakdownRow, TableRow, cell
from reobj.files import write_text
from reobj.visual.pages import page_template

#: Kind of breakdown -> its heading.
KINDS = {
    "class": "By class",
    "gap": "By time between the views",
    "viewpoint": "By change of viewpoint",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One small picture.

    Attributes:
        jpeg: a JPEG file.
        caption: what it shows, its alternative text, too.
        right: green frame for True, red for False, none for None.
    """

    jpeg: bytes
    caption: str
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What one model found for a query: the head of its ranking, and where it looked.

    Attributes:
        model: its name.
        positive_rank: rank of the first right view, from 1.
        tiles: the first views of the gallery.
        explained: pictures of the query with what made it similar to the first one.
    """

    model: str
    positive_rank: int
    tiles: Sequence[Tile]
    explained: Sequence[Tile] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A query, and a line for each model. ``title`` names the object."""

    title: str
    query: Tile
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class ProtocolSection:
    """What one protocol came to.

    Attributes:
        name: of the protocol.
        rows: one per model.
        plot: the CMC curves, an SVG file.
        breakdowns: all models together.
        examples: failures of the first model, then successes.
    """

    name: str
    rows: Sequence[TableRow]
    plot: bytes
    breakdowns: Sequence[BreakdownRow] = ()
    examples: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class RetrievalPage:
    """All that the page shows. Everything that is text is escaped.

    Attributes:
        title: of the page.
        notes: sentences about the views and how they were asked.
        sections: one per protocol.
        papers: the papers' rows.
        command: that made the page.
        versions: of the packages that took part, by name.
    """

    title: str
    notes: Sequence[str]
    sections: Sequence[ProtocolSection]
    papers: Sequence[TableRow] = ()
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Bin:
    """A row of a breakdown table: the rank-1 of each model."""

    name: str
    queries: int
    cells: Sequence[str]


def write_retrieval_page(path: Path | str, page: RetrievalPage) -> None:
    """Writes the page atomically.

    Raises:
        StorageError: the file could not be written; what stood there is untouched.
    """
    template = page_template("retrieval.html", cell=cell, by_kind=_by_kind)
    write_text(path, template.render(page=page, figures=FIGURES))


def _by_kind(rows: Sequence[BreakdownRow]) -> list[tuple[str, list[str], list[_Bin]]]:
    """Heading, models and bins of each kind of breakdown, in the order in which they came."""
    result = []
    ordered = sorted(rows, key=lambda row: list(KINDS).index(row.kind))
    for kind, group in groupby(ordered, key=lambda row: row.kind):
        found: dict[str, dict[str, RetrievalScores]] = {}
        for row in group:
            found.setdefault(row.bin, {})[row.name] = row.scores
        models = list(dict.fromkeys(row.name for row in ordered if row.kind == kind))
        result.append((KINDS[kind], models, [_bin(name, scores, models) for name, scores in found.items()]))
    return result


def _bin(name: str, scores: Mapping[str, RetrievalScores], models: Sequence[str]) -> _Bin:
    known = [scores.get(model) for model in models]
    ratios = [None if item is None else item.cmc[1] for item in known]
    cells = ["-" if ratio is None else f"{100 * ratio:.1f}" for ratio in ratios]
    return _Bin(name, max(item.queries for item in scores.values()), cells)
