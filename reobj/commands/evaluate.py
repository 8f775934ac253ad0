"""``reobj evaluate``: how good an encoder is, how right identities are, how well masks follow."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.table import Column, Table

from reobj.commands.console import console, progress_bar
from reobj.commands.evaluate_identity import identity_command
from reobj.commands.evaluate_segmentation import segmentation_command

if TYPE_CHECKING:
    from reobj.evaluation.retrieval_table import TableRow

app = typer.Typer(no_args_is_help=True, help="Measure encoders, identities and masks.")
app.command("identity")(identity_command)
app.command("segmentation")(segmentation_command)

_TABLE_WIDTH = 100  #: characters that all columns of figures need


class Protocols(str, Enum):
    """Which questions are asked."""

    cross_scene = "cross-scene"
    same_scene_same_class = "same-scene-same-class"
    both = "both"


@app.callback()
def evaluate() -> None:
    """Measure encoders, identities and masks."""


@app.command("retrieval")
def retrieval_command(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Model folders, folders of a cross-validation, shipped models, or NETWORK:no-train."
        ),
    ],
    views: Annotated[
        list[Path], typer.Option("--views", help="Folder of views; may be given several times.")
    ],
    protocol: Annotated[
        Protocols, typer.Option(help="Against all scenes, or among its class in its scene.")
    ] = Protocols.both,
    min_gap: Annotated[
        int | None,
        typer.Option(help="Frames between views of one object; default: 50 at 30 Hz, by the stamps.", min=0),
    ] = None,
    rerank: Annotated[bool, typer.Option("--rerank", help="k-reciprocal re-ranking.")] = False,
    multiple: Annotated[
        bool, typer.Option("--multiple", help="Half of each object's views ask together.")
    ] = False,
    index: Annotated[Path | None, typer.Option(help="A published index file in place of a protocol.")] = None,
    folds: Annotated[
        Path | None, typer.Option(help="folds.json: ask within its folds; mean and spread over them.")
    ] = None,
    deepsort: Annotated[
        str | None, typer.Option(help="Appearance model of a DeepSORT row over random image pairs.")
    ] = None,
    weights: Annotated[
        str, typer.Option(help="Backbone of NETWORK:no-train: imagenet, none or a file.")
    ] = "imagenet",
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/retrieval"),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Print the papers' table for some models, and write CSV, CMC plots, index files and a page."""
    from reobj.evaluation.retrieval_run import Protocol  # torch takes seconds to import: not for --help
    from reobj.retrieval_report import PAGE_FILE, RetrievalConfig, evaluate_retrieval

    chosen = tuple(Protocol) if protocol is Protocols.both else (Protocol(protocol.value),)
    config = RetrievalConfig(
        models=tuple(models),
        views=tuple(views),
        out=out,
        protocols=chosen,
        min_gap=min_gap,
        rerank=rerank,
        multiple=multiple,
        index=index,
        folds=folds,
        deepsort=deepsort,
        weights=weights,
        device=device,
        command=shlex.join(["reobj", *sys.argv[1:]]),
    )
    report = evaluate_retrieval(config, progress_bar)
    for note in report.notes:
        console.print(note, highlight=False)
    for name, rows in report.rows.items():
        print_retrieval_table(name, rows)
    print_retrieval_table("The papers' own figures, on ScanNet: not measured here", report.papers)
    console.print(f"The page: [bold]{out / PAGE_FILE}[/]")


def print_retrieval_table(title: str, rows: Sequence[TableRow]) -> None:
    """Prints it in full, however narrow the window is."""
    console.print(retrieval_table(title, rows), width=max(console.width, _TABLE_WIDTH), crop=False)


def retrieval_table(title: str, rows: Sequence[TableRow]) -> Table:
    """The papers' columns, in percent; "-" where nothing was measured."""
    from reobj.evaluation.retrieval_table import FIGURES, cell

    # a spread over folds goes under its mean
    columns = (Column(name, justify="right", min_width=7) for name in FIGURES)
    names = (Column("model", overflow="fold", min_width=12), Column("setup", min_width=8))
    table = Table(*names, *columns, title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(row.name, row.setup or "-", *(cell(row.figures.get(name)) for name in FIGURES))
    return table
