"""``reobj evaluate segmentation``: how well masks follow objects after a key frame."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from reobj.commands.console import chosen, console, progress_bar, text_table

_TABLE_WIDTH = 110  #: characters that all columns of figures need


def segmentation_command(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Scan folders, .sens files or bags, with truth; or a folder like DAVIS 2017."),
    ],
    methods: Annotated[
        str | None,
        typer.Option(
            help="Some of copy, flow, consistency, colour, colour_refiner, ego_motion, refiner; each adds a "
            "part to the last, ego_motion to colour. Default: all."
        ),
    ] = None,
    gap: Annotated[
        int, typer.Option(help="Frames between key frames; 0: only the first is one, as in DAVIS.", min=0)
    ] = 10,
    flow: Annotated[str, typer.Option(help="auto, dis or raft.")] = "auto",
    weights: Annotated[str, typer.Option(help="Of raft: torchvision, or a file.")] = "torchvision",
    refiner: Annotated[
        Path | None, typer.Option(help="Weights of the refiner; those that ship if left out.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/segmentation"),
    frames: Annotated[int | None, typer.Option(help="Only so many frames of each.", min=1)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Print J and F of true masks that were carried along from key frames, by frames since then."""
    from reobj.detection.carrying.refiner import SHIPPED
    from reobj.evaluation.segmentation_run import Method, SegmentationSettings  # torch takes seconds
    from reobj.segmentation_report import TABLE_FILE, SegmentationReportConfig, evaluate_segmentation

    settings = SegmentationSettings(
        tuple(Method) if methods is None else chosen(Method, methods, "--methods"),
        gap,
        frames=frames,
        refiner=refiner or SHIPPED,
    )
    command = shlex.join(["reobj", *sys.argv[1:]])
    config = SegmentationReportConfig(tuple(sources), out, settings, flow, weights, device, command)
    with progress_bar("recordings") as progress:
        tables = evaluate_segmentation(config, progress)
    for table in tables:
        console.print(text_table(table), width=max(console.width, _TABLE_WIDTH), crop=False)
    console.print(f"The tables: [bold]{out / TABLE_FILE}[/]")
