"""identity.html: how well systems keep objects apart, as figures and as pictures, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reobj.evaluation.identity_tables import TextTable
from reobj.files import write_text
from reobj.visual.identity_pictures import Failure
from reobj.visual.pages import page_template


@dataclass(frozen=True, slots=True)
class FailureSection:
    """Wrong decisions of one run."""

    title: str
    failures: Sequence[Failure]


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """All that the page shows. Everything that is text is escaped.

    Attributes:
        title: of the page.
        notes: sentences about the recordings and what was run.
        tables: all figures.
        reliability: the plot, an SVG file; None without any probability.
        failures: by run.
        command: that made the page.
        versions: of the packages that took part, by name.
    """

    title: str
    notes: Sequence[str]
    tables: Sequence[TextTable]
    reliability: bytes | None = None
    failures: Sequence[FailureSection] = ()
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def write_identity_page(path: Path | str, page: IdentityPage) -> None:
    """Writes the page atomically.

    Raises:
        StorageError: the file could not be written; what stood there is untouched.
    """
    template = page_template("identity.html", term=_term)
    write_text(path, template.render(page=page))


def _term(value: float | None) -> str:
    """A log-likelihood."""
    return "-" if value is None else f"{value:+.1f}"
