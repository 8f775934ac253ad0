"""report.html: one page that shows what a run came to. It needs nothing but itself."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from reobj.evaluation.identity import IdentityScores
from reobj.evaluation.latency import Percentiles
from reobj.files import write_text
from reobj.visual.colours import css_colour
from reobj.visual.pages import page_template
from reobj.visual.reid_pictures import ReidPicture


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the table.

    Attributes:
        name: e.g. "live".
        note: what it is, in a few words.
        scores: what it came to.
    """

    name: str
    note: str
    scores: IdentityScores


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG file with a caption, which is its alternative text, too."""

    jpeg: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that the page shows. Everything that is text is escaped.

    Attributes:
        title: of the page.
        scan: name of the recording.
        frames: its number of frames.
        duration_s: its length in seconds.
        objects_true: true objects that were visible enough in some frame.
        runs: rows of the table; the first one is the headline.
        frames_dropped: frames that the live nodes left out to keep up.
        latency_ms: by stage.
        reidentifications: of the headline run, see ReidCollector.
        strip: frames of the overlay, in the order of time.
        top_view, timeline: SVG elements, see draw_top_view and draw_timeline; None if there is none.
        command: that made the run.
        versions: of the packages that took part, by name.
        rounds: what each round of a refined run did, in words.
    """

    title: str
    scan: str
    frames: int
    duration_s: float
    objects_true: int
    runs: Sequence[Run]
    frames_dropped: int = 0
    latency_ms: Mapping[str, Percentiles] = field(default_factory=dict)
    reidentifications: Sequence[ReidPicture] = ()
    strip: Sequence[Picture] = ()
    top_view: Markup | None = None
    timeline: Markup | None = None
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    rounds: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table: a field of IdentityScores, its heading and which values are better."""

    key: str
    heading: str
    meaning: str
    ratio: bool = True
    higher_is_better: bool = True


_COLUMNS = (
    _Column("idf1", "IDF1", "how much of the time each object carried its one best id"),
    _Column("hota", "HOTA", "detection and association together"),
    _Column("assa", "AssA", "the association part of HOTA"),
    _Column("id_switches", "Switches", "how often an object's id changed", False, False),
    _Column("revisit_recall", "Revisit recall", "objects that came back and were called the same"),
    _Column("revisit_precision", "Revisit precision", "times that “I know this one” was right"),
    _Column("map_objects", "Ids", "ids given in all", False, False),
    _Column("duplicates", "Duplicates", "ids beyond the first of a true object", False, False),
)


def write_report(path: Path | str, data: ReportData) -> None:
    """Writes the page atomically.

    Raises:
        StorageError: the file could not be written; what stood there is untouched.
    """
    template = page_template(
        "report.html", percent=_percent, clock=_clock, id_colour=css_colour, figure=_figure
    )
    slowest = max((value.p95 for value in data.latency_ms.values()), default=0.0)
    page = template.render(data=data, columns=_COLUMNS, best=_best(data.runs), slowest=slowest or 1.0)
    write_text(path, page)


def installed_versions(packages: Sequence[str]) -> dict[str, str]:
    """The versions of those of ``packages`` that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _best(runs: Sequence[Run]) -> dict[str, float]:
    """The best value of each column, where not all runs have the same one."""
    best = {}
    for column in _COLUMNS:
        values = [getattr(run.scores, column.key) for run in runs]
        known = [value for value in values if value is not None]
        if len(set(known)) > 1:
            best[column.key] = max(known) if column.higher_is_better else min(known)
    return best


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _figure(value: float | None, column: _Column) -> str:
    return _percent(value) if column.ratio else str(value)


def _clock(seconds: float) -> str:
    """Seconds as a person says them: ``4.2 s``, ``2 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
