"""``reobj run``: the pipeline over a recording, without ROS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from reobj.commands.console import console, latency_table, progress_bar, progress_bars, score_table
from reobj.offline import Mode

if TYPE_CHECKING:
    from reobj.refinement.refined_run import RoundOutcome


def run_command(
    source: Annotated[Path, typer.Argument(help="A scan folder, a .sens file or a bag.")],
    out: Annotated[Path, typer.Option(help="Folder of overlay.mp4, report.html and ids.json.")] = Path(
        "out/run"
    ),
    config: Annotated[
        Path | None,
        typer.Option(
            help="As config/pipeline.yaml; default: true masks where there are such, else Mask R-CNN where "
            "its weights can be had, else segments of the depth."
        ),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Which inputs may be used.")] = Mode.colour_depth_pose,
    frames: Annotated[int | None, typer.Option(help="Only so many frames.", min=1)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="Map file to go on from and to write to; made when it is not there."),
    ] = None,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine",
            help="Then go over the recording in rounds, forwards and backwards: masks and ids that were "
            "missing are found by what is known later.",
        ),
    ] = False,
) -> None:
    """Run the pipeline over a recording and write a video, a report and the ids."""
    from reobj.single_run import RunConfig, run_recording  # torch takes seconds to import: not for --help

    wanted = RunConfig(source, out, config, mode, frames, device, map_file, refine)
    if refine:
        with progress_bars() as parts:
            outcome = run_recording(wanted, parts=parts)
    else:
        with progress_bar(source.name) as progress:
            outcome = run_recording(wanted, progress)
    if outcome.rounds:
        console.print(_rounds_table(outcome.rounds))
    if outcome.scores is not None:
        console.print(score_table({mode.value: outcome.scores}))
    console.print(latency_table(outcome.latency_ms))
    kept = "" if map_file is None else f" in {map_file}"
    console.print(f"{outcome.objects} objects{kept}. The report: [bold]{out / 'report.html'}[/]")


def _rounds_table(rounds: Sequence[RoundOutcome]) -> Table:
    """What each round added, and the scores after it where the truth is known."""
    table = Table("round", "masks named", "carried", "IDF1", "HOTA", "recall", "precision", title="Rounds")
    for item in rounds:
        done, scores = item.round, item.scores
        counts = ("", "") if done is None else (str(done.found), str(done.carried))
        values = (scores.idf1, scores.hota, scores.idr, scores.idp) if scores else (None,) * 4
        table.add_row(item.name, *counts, *("-" if v is None else f"{v:.3f}" for v in values))
    return table
