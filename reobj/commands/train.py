"""``reobj train``: learn an encoder from views."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from reobj.commands.console import console, errors
from reobj.errors import ConfigError, mismatch

if TYPE_CHECKING:
    from reobj.encoding.model_file import ModelCard
    from reobj.training.folds import FoldScores
    from reobj.training.report import Report, TrainReport


def train_command(
    config: Annotated[Path, typer.Option(help="A configuration such as config/train/small.yaml.")],
    views: Annotated[list[Path], typer.Option(help="Folder of views to train on; may be given again.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: model, checkpoint, TensorBoard.")],
    validation: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of views of other scenes; default: some of the scenes are held out."),
    ] = None,
    setup: Annotated[str | None, typer.Option(help="What the network sees: concat, foreground, ...")] = None,
    backbone: Annotated[str | None, typer.Option(help="Another backbone, e.g. a timm model.")] = None,
    weights: Annotated[str | None, typer.Option(help="Backbone weights: imagenet, none, or a file.")] = None,
    context: Annotated[
        float | None, typer.Option(help="Side of the crop over that of the box.", min=1)
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.", min=1)] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of training; without --steps in place of steps.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, batches and augmentation.", min=0)] = None,
    workers: Annotated[int | None, typer.Option(help="Threads that read views.", min=0)] = None,
    folds: Annotated[
        int | None, typer.Option(help="Cross-validation over so many parts of the scenes.", min=2)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in OUT, if there is one.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    devices: Annotated[int, typer.Option(help="How many devices of this machine.", min=1)] = 1,
) -> None:
    """Learn an encoder from views; Ctrl-C stops with a checkpoint."""
    # torch takes seconds to import: not for --help
    from reobj.training.config import parse_train_config, read_mapping
    from reobj.training.folds import train_folds
    from reobj.training.trainer import train

    data = read_mapping(config)
    network = {"setup": setup, "backbone": backbone, "weights": weights}
    set_values(data, "model.options", network)
    set_values(data, "model.context", {"ratio": context})
    set_values(data, "budget", {"steps": steps, "max_minutes": minutes})
    if minutes is not None and steps is None:
        data["budget"]["steps"] = None
    set_values(data, "", {"seed": seed, "workers": workers})
    told = parse_train_config(data)
    if folds is not None and validation:
        raise ConfigError("--folds divides the scenes by itself: leave --validation out")
    run: dict[str, Any] = {"device": device, "devices": devices, "resume": resume}
    with stopped_by_signals() as stop, training_bar() as show:
        if folds is None:
            card = train(told, views, validation, out, report=show, should_stop=stop.is_set, **run)
            result = None if card is None else card_table(card, out)
        else:
            found = train_folds(told, views, out, folds, report=show, should_stop=stop.is_set, **run)
            result = None if found is None else folds_table(found)
    if result is None and stop.is_set():
        errors.print(f"stopped with a checkpoint; --resume goes on from {out}", soft_wrap=True)
        raise typer.Exit(130)
    if result is not None:  # only the first of several processes has one
        console.print(result)


def set_values(data: dict[str, Any], section: str, values: dict[str, Any]) -> None:
    """Sets what is not None in a section of plain configuration data, ``model.options`` for instance.

    Raises:
        ConfigError: something on the way is no mapping.
    """
    given = {key: value for key, value in values.items() if value is not None}
    for name in section.split(".") if section and given else []:
        data = data.setdefault(name, {})
        if not isinstance(data, dict):
            raise ConfigError(mismatch(section, "a mapping", repr(data)))
    data.update(given)


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set while the block runs; the second one ends it at once."""
    stop = Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def training_bar(score: str = "rank-1") -> Iterator[Report]:
    """A bar with loss, speed and validation score; yields the function that is told of progress."""
    columns = (
        TextColumn("{task.description:<11}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("loss {task.fields[loss]}"),
        TextColumn("{task.fields[rate]:.1f} images/s"),
        TextColumn(score + " {task.fields[score]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=errors) as bar:
        task = bar.add_task("starting", total=1, loss="-", rate=0.0, score="-")

        def show(report: TrainReport) -> None:
            bar.update(
                task,
                description=report.state.name.lower(),
                completed=report.step,
                total=report.steps,
                loss="-" if math.isnan(report.loss) else f"{report.loss:.4f}",
                rate=report.images_per_second,
                score=percent(None if math.isnan(report.score) else report.score),
            )
            if report.message and report.message != said[-1] and report.state.name != "FAILED":
                bar.console.print(report.message, soft_wrap=True)
            said[-1] = report.message

        said = [""]
        yield show


def card_table(card: ModelCard, out: Path) -> Table:
    """What came of a run."""
    table = Table("what", "value", title=f"{card.name} in {out}", show_header=False)
    for protocol, figures in card.scores["validation"].items():
        table.add_row(f"{protocol}: rank-1", percent(figures["rank-1"]))
        table.add_row(f"{protocol}: mAP", percent(figures["mAP"]))
    if card.calibration is not None:
        table.add_row("expected calibration error", f"{card.calibration.error:.3f}")
        table.add_row("thresholds", f"match {card.calibration.match:.2f}, new {card.calibration.new:.2f}")
    table.add_row("steps", f"{card.training['steps']} in {card.training['seconds'] / 60:.1f} min")
    table.add_row("model", card.hash[:12])
    return table


def folds_table(scores: FoldScores) -> Table:
    """Mean and spread over the folds."""
    table = Table("protocol", title=f"{scores.folds} folds without common scenes, in %")
    names = list(next(iter(scores.figures.values()), {}))
    for name in names:
        table.add_column(name, justify="right")
    for protocol, figures in scores.figures.items():
        cells = (figures[name] for name in names)
        table.add_row(protocol, *(f"{100 * c.mean:.2f} ± {100 * (c.spread or 0):.2f}" for c in cells))
    return table


def percent(value: float | None) -> str:
    """``61.3%``, or a dash where nothing was asked."""
    return "-" if value is None else f"{value:.1%}"
