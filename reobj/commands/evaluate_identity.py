"""``reobj evaluate identity``: systems side by side over recordings."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.box import SIMPLE
from rich.table import Table

from reobj.commands.console import console, progress_bar

if TYPE_CHECKING:
    from reobj.evaluation.identity_tables import TextTable

_TABLE_WIDTH = 200  #: characters that all columns of figures need

Choice = TypeVar("Choice", bound=Enum)


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
        Path | None, typer.Option(help="As config/pipeline.yaml: encoder and association of it are used.")
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
    from reobj.config import PipelineConfig, load_config  # torch takes seconds to import: not for --help
    from reobj.evaluation.identity_run import IdentitySettings
    from reobj.evaluation.identity_systems import Inputs, Masks, System
    from reobj.evaluation.identity_tables import scores_table
    from reobj.identity_report import PAGE_FILE, IdentityReportConfig, evaluate_identity

    stages = PipelineConfig() if config is None else load_config(config)
    settings = IdentitySettings(
        masks=_chosen(Masks, masks, "--masks"),
        systems=_chosen(System, systems, "--systems"),
        inputs=_chosen(Inputs, modes, "--modes"),
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
    table = _rich(scores_table(rows))
    console.print(table, width=max(console.width, _TABLE_WIDTH), crop=False)
    console.print(f"The page: [bold]{out / PAGE_FILE}[/]")


def _chosen(kind: type[Choice], text: str, option: str) -> tuple[Choice, ...]:
    """Members of an enumeration from their names, separated by commas."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [str(member.value) for member in kind]
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        got = ", ".join(wrong) or "nothing"
        raise typer.BadParameter(f"expected some of {', '.join(known)}, got {got}", param_hint=option)
    return tuple(kind(name) for name in dict.fromkeys(names))


def _rich(table: TextTable) -> Table:
    """With columns wide enough for every word, however narrow the window is."""
    found = Table(title=table.title, box=SIMPLE, padding=(0, 1, 0, 0))
    for number, head in enumerate(table.heads):
        words = [*head.split(), *(line[number] for line in table.lines)]
        width = max(len(word) for word in words)
        found.add_column(head, min_width=width, justify="left" if number < table.names else "right")
    for line in table.lines:
        found.add_row(*line)
    return found
