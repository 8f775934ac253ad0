"""What all commands share: the console, progress bars, tables of scores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Column, Table

from reobj.evaluation.identity import IdentityScores
from reobj.evaluation.latency import Percentiles
from reobj.plain_log import CHOSEN, LIBRARY, is_for_people
from reobj.progress import Progress

if TYPE_CHECKING:
    from reobj.evaluation.identity_tables import TextTable

Choice = TypeVar("Choice", bound=Enum)

console = Console()
errors = Console(stderr=True)


class ConsoleLog(logging.Handler):
    """Shows what the library logs on ``errors``, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one line."""
        if is_for_people(record):
            style = "yellow" if record.levelno >= logging.WARNING else "dim"
            errors.print(self.format(record), style=style, markup=False, highlight=False, soft_wrap=True)


def show_log() -> None:
    """From now on the library's messages are shown."""
    logging.getLogger(LIBRARY).addHandler(ConsoleLog())
    logging.getLogger(CHOSEN).setLevel(logging.INFO)


#: Column of a table of scores -> name in IdentityScores.
COLUMNS = {
    "IDF1": "idf1",
    "HOTA": "hota",
    "AssA": "assa",
    "switch": "id_switches",
    "revis.": "revisits",
    "recall": "revisit_recall",
    "prec.": "revisit_precision",
    "ids": "map_objects",
    "dup.": "duplicates",
}


@contextmanager
def progress_bars() -> Iterator[Callable[[str], Progress]]:
    """Progress bars one below the other; yields what begins one with a title."""
    with Bar(*_bar_columns(), console=errors) as bar:

        def begin(title: str) -> Progress:
            task = bar.add_task(title, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield begin


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A progress bar while the block runs; yields the function that moves it."""
    with progress_bars() as begin:
        yield begin(title)


def _bar_columns() -> tuple[ProgressColumn, ...]:
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


def score_table(runs: Mapping[str, IdentityScores]) -> Table:
    """One row per run; "-" where there was nothing to measure."""
    table = Table(Column("run", no_wrap=True), *COLUMNS, title="Identity", box=SIMPLE, padding=(0, 0))
    for name, scores in runs.items():
        values = [getattr(scores, key) for key in COLUMNS.values()]
        table.add_row(
            name, *("-" if v is None else f"{v:.3f}" if isinstance(v, float) else str(v) for v in values)
        )
    return table


def latency_table(latency_ms: Mapping[str, Percentiles]) -> Table:
    """Milliseconds per stage."""
    table = Table("stage", "p50 ms", "p95 ms", title="Latency")
    for stage, value in latency_ms.items():
        table.add_row(stage, f"{value.p50:.1f}", f"{value.p95:.1f}")
    return table


def metres(values: NDArray[np.float64] | None) -> str:
    """Numbers of a place or a size; "-" where unknown."""
    return "-" if values is None or not np.isfinite(values).all() else " ".join(f"{v:.2f}" for v in values)


def seconds(stamp_ns: int | np.int64) -> str:
    """A stamp."""
    return f"{stamp_ns / 1e9:.3f} s"


def chosen(kind: type[Choice], text: str, option: str) -> tuple[Choice, ...]:
    """Members of an enumeration from their names, separated by commas."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [str(member.value) for member in kind]
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        got = ", ".join(wrong) or "nothing"
        raise typer.BadParameter(f"expected some of {', '.join(known)}, got {got}", param_hint=option)
    return tuple(kind(name) for name in dict.fromkeys(names))


def text_table(table: TextTable) -> Table:
    """With columns wide enough for every word, however narrow the window is."""
    found = Table(title=table.title, box=SIMPLE, padding=(0, 1, 0, 0))
    for number, head in enumerate(table.heads):
        words = [*head.split(), *(line[number] for line in table.lines)]
        width = max(len(word) for word in words)
        found.add_column(head, min_width=width, justify="left" if number < table.names else "right")
    for line in table.lines:
        found.add_row(*line)
    return found
