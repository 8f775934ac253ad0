"""``reobj reproduce``: the papers' tables from their data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reobj.commands.console import console, progress_bar
from reobj.commands.evaluate import print_retrieval_table

app = typer.Typer(no_args_is_help=True, help="Make the papers' tables anew.")


@app.callback()
def reproduce() -> None:
    """Make the papers' tables anew."""


@app.command("scannet")
def scannet_command(
    root: Annotated[Path, typer.Argument(help="The download: scans/sceneXXXX_YY/ below it.")],
    out: Annotated[Path, typer.Option(help="Folder of views, models and results.")] = Path("out/reproduce"),
    configs: Annotated[Path, typer.Option(help="Folder of the training configurations.")] = Path(
        "config/train"
    ),
    networks: Annotated[
        str | None, typer.Option(help="Only these, with commas: reobj,attention; default: all.")
    ] = None,
    setups: Annotated[str | None, typer.Option(help="Only these, with commas: no-train,concat.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Of each training; default: as configured.", min=1)
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Of the backbones: imagenet, none or a file; default: as configured.")
    ] = None,
    folds: Annotated[int, typer.Option(help="Of the cross-validation.", min=2)] = 3,
    limit_scenes: Annotated[int | None, typer.Option(help="Only so many scenes, to try it.", min=3)] = None,
    every: Annotated[int, typer.Option(help="Every so many frames.", min=1)] = 1,
    detector: Annotated[
        str | None, typer.Option(help="mask_rcnn as in the papers; default: the true masks.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Build the views of a ScanNet download, train every row of the papers' tables and write the table."""
    from reobj.evaluation.reproduce import PAPER_SETUPS, ReproduceConfig, reproduce_scannet

    config = ReproduceConfig(
        root=root,
        out=out,
        configs=configs,
        networks=tuple(networks.split(",")) if networks else tuple(PAPER_SETUPS),
        setups=tuple(setups.split(",")) if setups else None,
        steps=steps,
        weights=weights,
        folds=folds,
        limit_scenes=limit_scenes,
        every=every,
        detector=detector,
        device=device,
    )
    rows = reproduce_scannet(config, progress_bar)
    for protocol in dict.fromkeys(row.protocol for row in rows):
        print_retrieval_table(protocol, [row for row in rows if row.protocol == protocol])
    console.print(f"The table beside the papers' own figures: [bold]{out / 'results.md'}[/]")
