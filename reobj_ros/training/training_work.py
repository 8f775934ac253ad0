"""What a training run of the trainer node does: get the views, then train on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reobj.errors import ReobjError
from reobj.training.config import TrainConfig
from reobj.training.report import Report, TrainReport, TrainState
from reobj.training.trainer import train
from reobj.views.build import ViewBuildConfig, build_views
from reobj.views.index import read_index

ShouldStop = Callable[[], bool]

Source = Callable[[Report, ShouldStop], Sequence[Path]]
"""Called as ``source(report, should_stop)``: gives the folders of views to train on."""


class Stopped(ReobjError):
    """Ends a build of views that was told to stop."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What to train, and where.

    Attributes:
        config: of the training.
        validation: folders of views to validate on; empty: some of the scenes.
        out: folder of the run.
        device: as for ``resolve_device``.
    """

    config: TrainConfig
    validation: tuple[Path, ...]
    out: Path
    device: str


def run_training(
    plan: TrainingPlan, source: Source, resume: bool, report: Report, should_stop: ShouldStop
) -> None:
    """Gets the views and trains; the ``Work`` of a TrainingJob once ``plan`` and ``source`` are given.

    Raises:
        ReobjError: what ``source`` and ``reobj.training.trainer.train`` raise, but for those of a source
            that was told to stop.
    """
    folders: Sequence[Path] = ()
    try:
        folders = source(report, should_stop)
    except ReobjError:
        if not should_stop():
            raise
    if should_stop():
        views = sum(sum(read_index(folder).views) for folder in folders)
        message = "stopped before the training; the views that are finished are kept"
        report(TrainReport(TrainState.STOPPED, views=views, message=message))
        return
    train(
        plan.config,
        folders,
        plan.validation or None,
        plan.out,
        device=plan.device,
        resume=resume,
        report=report,
        should_stop=should_stop,
    )


def bag_views(
    bags: Sequence[Path], folder: Path, config: ViewBuildConfig, report: Report, should_stop: ShouldStop
) -> tuple[Path, ...]:
    """Builds the views of bags and scans into ``folder``; what is finished there is kept.

    Raises:
        ReobjError: what ``build_views`` raises; any, when told to stop.
    """
    progress = partial(_building, report, should_stop)
    progress(0, len(bags))
    built = build_views(bags, folder, config, progress=progress)
    skipped = "".join(f"; {scene.scene} is skipped: {scene.reason}" for scene in built.skipped)
    report(TrainReport(TrainState.GATHERING, views=built.views, message=f"{built.views} views{skipped}"))
    return (folder,)


def _building(report: Report, should_stop: ShouldStop, done: int, total: int) -> None:
    if should_stop():
        raise Stopped("told to stop")
    report(TrainReport(TrainState.GATHERING, message=f"views of {done} of {total} recordings are built"))
