"""``reobj run``: the pipeline over a recording, without ROS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reobj.commands.console import console, latency_table, progress_bar, score_table
from reobj.offline import Mode


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
) -> None:
    """Run the pipeline over a recording and write a video, a report and the ids."""
    from reobj.single_run import RunConfig, run_recording  # torch takes seconds to import: not for --help

    wanted = RunConfig(source, out, config, mode, frames, device, map_file)
    with progress_bar(source.name) as progress:
        outcome = run_recording(wanted, progress)
    if outcome.scores is not None:
        console.print(score_table({mode.value: outcome.scores}))
    console.print(latency_table(outcome.latency_ms))
    kept = "" if map_file is None else f" in {map_file}"
    console.print(f"{outcome.objects} objects{kept}. The report: [bold]{out / 'report.html'}[/]")
