"""``reobj evaluate identity``: systems side by side over recordings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from reobj.commands.console import chosen, console, progress_bar, text_table

_TABLE_WIDTH = 200  #: characters that all columns of figures need


def identity_command(
    scans: Annotated[list[Path], typer.Argument(help="Scan folders, .sens files or bags, with truth.")],
    masks: Annotated[str, typer.Option(help="Of true, imperfect, detector.")] = "true,imperfect",
    systems: Annotated[
        str, typer.Option(help="Of reobj, deepsort, deepsort_long, ceiling.")
    ] = "reobj,deepsort,deepsort_long,ceiling",
    modes: Annotated[
        str, typer.Option(help="Of colour, colour_depth, colour_depth_pose, drifting_pose.")
    ] = "colour,colour_depth,colour_depth_pose,drifting_pose",
    config: Annotated[
        Path | None,
        typer.Option(
            help="As config/pipeline.yaml: its encoder, association, and detector for the masks of that name."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/identity"),
    cache: Annotated[Path, typer.Option(help="Folder of detections and embeddings.")] = Path(
        "out/identity/cache"
    ),
    pictures: Annotated[int, typer.Option(help="Wrong decisions shown per run and scan.", min=0)] = 2,
    frames: Annotated[int | None, typer.Option(help="Only so many frames of each.", min=1)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.", min=1)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Print how well systems keep objects apart and know them again, and write tables and a page."""
    from reobj.config import (
        DetectorSection,
        PipelineConfig,
        load_config,
    )  # torch takes seconds to import: not for --help
    from reobj.evaluation.identity_run import IdentitySettings
    from reobj.evaluation.identity_systems import Inputs, Masks, System
    from reobj.evaluation.identity_tables import scores_table
    from reobj.identity_report import PAGE_FILE, IdentityReportConfig, evaluate_identity

    stages = PipelineConfig() if config is None else load_config(config)
    given = stages.detector if stages.detector.name != DetectorSection().name else None
    settings = IdentitySettings(
        masks=chosen(Masks, masks, "--masks"),
        systems=chosen(System, systems, "--systems"),
        inputs=chosen(Inputs, modes, "--modes"),
        detector=given,
        encoder=stages.encoder,
        association=stages.association,
        cache=cache,
        frames=frames,
        device=device,
    )
    command = shlex.join(["reobj", *sys.argv[1:]])
    wanted = IdentityReportConfig(tuple(scans), out, settings, workers, pictures, command)
    with progress_bar("recordings") as progress:
        rows = evaluate_identity(wanted, progress)
    table = text_table(scores_table(rows))
    console.print(table, width=max(console.width, _TABLE_WIDTH), crop=False)
    console.print(f"The page: [bold]{out / PAGE_FILE}[/]")
