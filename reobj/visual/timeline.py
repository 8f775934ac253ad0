"""Which object was seen when: one row per id, with its re-identifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from reobj.types import Event, Instances, TrackedObject
from reobj.visual.colours import css_colour
from reobj.visual.reidentifications import ReidentificationWatcher

# Seen again within this time, a bar goes on.
_JOIN_NS = 1_000_000_000
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 960, 150, 16, 30, 17
# A shape as well as a colour for each verdict. White is readable on these colours.
_MARKS = {True: ("✓", "#1f7f45"), False: ("✗", "#c4342a"), None: ("?", "#6b717b")}


@dataclass(slots=True)
class Bar:
    """A stretch of time in which an object was seen: stamps of its first and last frame."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A re-identification: when, after which absence, and whether it was right (None if not known)."""

    stamp_ns: int
    absence_ns: int
    right: bool | None


@dataclass(slots=True)
class Row:
    """All that is drawn of one object."""

    label: str
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


class TimelineCollector:
    """Gathers the rows frame by frame; memory grows with bars, not with frames."""

    def __init__(self) -> None:
        self._watcher = ReidentificationWatcher()
        self.rows: dict[int, Row] = {}

    def add(
        self,
        stamp_ns: int,
        instances: Instances,
        objects: Sequence[TrackedObject],
        events: Sequence[Event] = (),
        true_ids: NDArray[np.integer] | None = None,
    ) -> None:
        """Takes one frame, in the order of time.

        Args:
            stamp_ns: of the frame.
            instances, objects, events: of this frame.
            true_ids: (N,) the true object that each instance shows, 0 for none; None if not known.
        """
        for item in objects:
            if item.object_id > 0:
                row = self.rows.setdefault(item.object_id, Row(instances.labels[item.index]))
                if not row.bars or stamp_ns - row.bars[-1].end_ns > _JOIN_NS:
                    row.bars.append(Bar(stamp_ns, stamp_ns))
                row.bars[-1].end_ns = stamp_ns
        for found in self._watcher.add(objects, events, true_ids):
            self.rows[found.object_id].marks.append(Mark(stamp_ns, found.absence_ns, found.right))


def draw_timeline(rows: Mapping[int, Row], max_rows: int = 100) -> Markup:
    """An SVG element of the rows, ids ascending; it takes the text colour of the page it is put in.

    Args:
        rows: by object id.
        max_rows: with more, those that were seen first are drawn, and the number of the others is said.
    """
    shown = dict(sorted(rows.items())[:max_rows])
    start_ns = min((bar.start_ns for row in rows.values() for bar in row.bars), default=0)
    end_ns = max((bar.end_ns for row in rows.values() for bar in row.bars), default=0)
    seconds = max((end_ns - start_ns) / 1e9, 1.0)
    axis = _Axis(start_ns, (_WIDTH - _LEFT - _RIGHT) / seconds)
    bottom = _TOP + _ROW * len(shown)
    parts = [_grid(axis, seconds, bottom)]
    parts += [_row(axis, _TOP + _ROW * n, object_id, row) for n, (object_id, row) in enumerate(shown.items())]
    if len(rows) > len(shown):
        more = Markup('<text x="{}" y="{}" fill="currentColor" opacity=".7">and {} more ids</text>')
        parts.append(more.format(_LEFT, bottom + 16, len(rows) - len(shown)))
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-size="11" '
        'font-family="system-ui, sans-serif" role="img" aria-label="Timeline: when each of {} ids was seen">'
    )
    return head.format(_WIDTH, bottom + 24, len(rows)) + Markup("").join(parts) + Markup("</svg>")


@dataclass(frozen=True, slots=True)
class _Axis:
    """Time to pixels."""

    start_ns: int
    pixels_per_second: float

    def x(self, stamp_ns: int) -> float:
        return round(_LEFT + (stamp_ns - self.start_ns) / 1e9 * self.pixels_per_second, 1)


def _grid(axis: _Axis, seconds: float, bottom: int) -> Markup:
    """Vertical lines at round times, at most twelve."""
    steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600]
    step = next((s for s in steps if seconds / s <= 12), 7200)
    line = Markup(
        '<line x1="{0}" x2="{0}" y1="{1}" y2="{2}" stroke="currentColor" opacity=".15"/>'
        '<text x="{0}" y="{3}" text-anchor="middle" fill="currentColor" opacity=".7">{4}</text>'
    )
    lines = []
    for second in range(0, int(seconds) + 1, step):
        x = axis.x(axis.start_ns + second * 1_000_000_000)
        lines.append(line.format(x, _TOP - 4, bottom, _TOP - 10, f"{second // 60}:{second % 60:02d}"))
    return Markup("").join(lines)


def _row(axis: _Axis, top: int, object_id: int, row: Row) -> Markup:
    """The name, the bars and the marks of one object."""
    name = Markup(
        '<text x="{}" y="{}" text-anchor="end" fill="currentColor">'
        '{} <tspan font-weight="600">#{}</tspan></text>'
    )
    bar = Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="3" fill="{}"><title>{}</title></rect>')
    mark = Markup(
        '<g><title>{4}</title><circle cx="{0}" cy="{1}" r="6.5" fill="{2}" stroke="#fff"/>'
        '<text x="{0}" y="{5}" text-anchor="middle" font-size="9" font-weight="700" '
        'fill="#fff">{3}</text></g>'
    )
    parts = [name.format(_LEFT - 10, top + 12, _short(row.label), object_id)]
    for b in row.bars:
        x = axis.x(b.start_ns)
        title = f"{row.label} #{object_id}: {_clock(b.start_ns, axis)} to {_clock(b.end_ns, axis)}"
        width = max(round(axis.x(b.end_ns) - x, 1), 2)
        parts.append(bar.format(x, top + 3, width, _ROW - 6, css_colour(object_id), title))
    for m in row.marks:
        shape, colour = _MARKS[m.right]
        verdict = {True: "right", False: "wrong", None: "truth not known"}[m.right]
        title = f"re-identified after {m.absence_ns / 1e9:.1f} s: {verdict}"
        middle = top + _ROW / 2
        parts.append(mark.format(axis.x(m.stamp_ns), middle, colour, shape, title, middle + 3.2))
    return Markup("").join(parts)


def _clock(stamp_ns: int, axis: _Axis) -> str:
    return f"{(stamp_ns - axis.start_ns) / 1e9:.1f} s"


def _short(label: str) -> str:
    return label if len(label) <= 16 else label[:15] + "…"
