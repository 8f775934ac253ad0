"""``reobj train-refiner``: learn to correct carried masks from recordings with true ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reobj.commands.console import console, progress_bar


def train_refiner_command(
    sources: Annotated[
        list[Path], typer.Argument(help="Scan folders, .sens files or bags with true instances, at 30 Hz.")
    ],
    out: Annotated[Path, typer.Option(help="File of the weights, .safetensors.")],
    steps: Annotated[int, typer.Option(help="Optimiser steps.", min=1)] = 6000,
    seed: Annotated[int, typer.Option(help="Of weights, batches and augmentation.", min=0)] = 0,
) -> None:
    """Train the refiner of carried masks, on the CPU: about ten minutes of one core."""
    if out.suffix != ".safetensors":  # known before minutes of training: by its name it will be read
        raise typer.BadParameter(
            f"expected a name ending in .safetensors, got {out.name}", param_hint="--out"
        )
    # torch takes seconds to import: not for --help
    from reobj.detection.carrying.optical_flow import DISFlow
    from reobj.detection.carrying.refiner import save_refiner
    from reobj.scans.opening import open_source
    from reobj.training.refiner import RefinerTraining, train_refiner
    from reobj.training.refiner_data import RefinerExamples, refiner_examples

    settings, flow = RefinerTraining(steps=steps, seed=seed), DISFlow()
    examples = []
    with progress_bar("following masks") as progress:
        for done, path in enumerate(sources, start=1):
            examples += refiner_examples(open_source(path), flow)
            progress(done, len(sources))
    joined = RefinerExamples.joined(examples)
    examples.clear()
    with progress_bar(f"training on {len(joined)} masks") as progress:
        network = train_refiner(joined, settings, progress)
    save_refiner(network, out)
    console.print(f"wrote {out}")
