"""``reobj train-detector``: learn to find objects from recordings with true instances."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from reobj.commands.console import console, errors
from reobj.commands.train import percent, set_values, stopped_by_signals, training_bar

if TYPE_CHECKING:
    from reobj.detection.mask_rcnn.detector_file import DetectorCard


def train_detector_command(
    scans: Annotated[
        list[Path], typer.Argument(help="Scan folders, .sens files, bags, or folders of those, with truth.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run: detector, checkpoint, pictures.")],
    validation: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings of other scenes; default: some of the scenes are held out."),
    ] = None,
    network: Annotated[
        str, typer.Option(help="maskrcnn_resnet50_fpn[_v2], or maskrcnn_mobilenet_v3_large_fpn: light.")
    ] = "maskrcnn_resnet50_fpn_v2",
    weights: Annotated[
        str | None,
        typer.Option(
            help="To start from: coco, backbone (ImageNet), random, or the folder of an earlier run; "
            "default: coco where it is published, else backbone."
        ),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="To learn, separated by commas; default: all in SCANS.")
    ] = None,
    exclude: Annotated[str, typer.Option(help="Labels that are no objects.")] = "wall,floor,ceiling",
    agnostic: Annotated[
        bool, typer.Option("--agnostic", help="Learn all labels as one, `object`: needs fewer pictures.")
    ] = False,
    every: Annotated[int, typer.Option(help="Every so many frames.", min=1)] = 10,
    input_size: Annotated[
        int | None, typer.Option(help="Shorter side in pixels; default: what the network is made for.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="How often each picture is seen.")] = 12.0,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps, in place of epochs.", min=1)] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of training; without --steps in place of epochs.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Pictures of a step.", min=1)] = 4,
    lr: Annotated[
        float | None, typer.Option(help="Highest learning rate; default: 2e-4, or 1e-3 from random.")
    ] = None,
    validate_every: Annotated[
        int, typer.Option(help="Steps between two validations, each with a checkpoint.", min=1)
    ] = 500,
    seed: Annotated[int, typer.Option(help="Of weights, batches and augmentation.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Threads that read pictures.", min=0)] = 2,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in OUT, if there is one.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Train Mask R-CNN to find the objects of your scans; Ctrl-C stops with a checkpoint."""
    # torch takes seconds to import: not for --help
    from reobj.detector_training.config import DetectorTrainConfig
    from reobj.detector_training.trainer import train_detector
    from reobj.settings import from_mapping

    data: dict[str, Any] = {"network": network, "every": every, "batch": batch, "seed": seed}
    data |= {
        "workers": workers,
        "exclude": names(exclude),
        "labels": names(labels or ""),
        "agnostic": agnostic,
    }
    set_values(data, "", {"weights": weights, "input_size": input_size})
    if steps is None and minutes is None:
        data["epochs"] = epochs
    data["budget"] = {"steps": steps, "max_minutes": minutes, "validate_every": validate_every}
    if steps is None and minutes is None:
        del data["budget"]["steps"]
    data["optimizer"] = {"lr": lr or (1e-3 if weights == "random" else 2e-4)}
    told = from_mapping(DetectorTrainConfig, data, "")
    with stopped_by_signals() as stop, training_bar("AP") as show:
        card = train_detector(
            told, scans, validation, out, device=device, resume=resume, report=show, should_stop=stop.is_set
        )
    if card is None:
        errors.print(f"stopped; --resume goes on from {out}", soft_wrap=True)
        raise typer.Exit(130)
    console.print(detector_table(card, out))
    console.print(f"to use it: [bold]detector: {{name: mask_rcnn, weights: {out}}}[/]", soft_wrap=True)


def names(text: str) -> tuple[str, ...]:
    """The names of a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def detector_table(card: DetectorCard, out: Path) -> Table:
    """What came of a run, label by label."""
    table = Table("label", "AP@.5", "recall", "precision", "instances", title=f"{card.spec.network} in {out}")
    figures = card.scores["validation"]
    if figures:
        rows = {"any, unnamed": figures["found"], "any, named": figures["named"], **figures["labels"]}
        for label, of in rows.items():
            cells = (percent(of[key]) for key in ("ap", "recall", "precision"))
            table.add_row(label, *cells, str(of["truths"]))
    table.caption = (
        f"{card.training['steps']} steps in {card.training['seconds'] / 60:.1f} min, {card.hash[:12]}"
    )
    return table
