"""``reobj demo``: everything once, from a simulated room to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reobj.commands.console import console, latency_table, progress_bar, score_table
from reobj.commands.scan import parse_size


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/demo"),
    seed: Annotated[
        int, typer.Option(help="The room; 1000 and above are never trained or tuned on.", min=0)
    ] = 1000,
    frames: Annotated[int, typer.Option(help="Length of the walk in frames.", min=2)] = 500,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT of the images.")] = "480x360",
    separate: Annotated[
        bool, typer.Option("--separate", help="One process per stage in place of one for all.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Render a room of identical objects, replay it through the real nodes, and say how right they are."""
    from reobj.demo import DemoConfig, run_demo  # torch takes seconds to import: not for --help

    config = DemoConfig(out, seed, frames, parse_size(size), separate, device)
    summary = run_demo(config, progress_bar)
    console.print(score_table({"live": summary.live, **summary.offline}))
    console.print(latency_table(summary.latency_ms))
    console.print(f"{summary.frames_dropped} frames dropped. The report: [bold]{out / 'report.html'}[/]")
