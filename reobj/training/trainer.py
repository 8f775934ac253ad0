"""``train``: from views to a model folder, with calibration and scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from reobj.encoding.model_file import ModelCard, save_model
from reobj.errors import ReobjError, StorageError
from reobj.training.calibrate import calibrate
from reobj.training.checkpoint import RunState
from reobj.training.config import TrainConfig, config_mapping
from reobj.training.encoder_task import EncoderTask, TrainData
from reobj.training.facts import run_facts
from reobj.training.hardware import make_fabric
from reobj.training.loop import CHECKPOINT, TrainingLoop
from reobj.training.report import LastReport, Report, TrainState, never, no_report
from reobj.training.splitting import hold_out
from reobj.views.store import ViewStore

UNVALIDATED = "neither validated nor calibrated: there is no other scene to hold out"


def train(
    config: TrainConfig,
    stores: Sequence[Path],
    validation: Sequence[Path] | None,
    out: Path,
    *,
    device: str = "auto",
    devices: int = 1,
    resume: bool = False,
    report: Report = no_report,
    should_stop: Callable[[], bool] = never,
) -> ModelCard | None:
    """Trains a network on views and writes it, calibrated, into ``out``.

    ``out`` gets model.json and model.safetensors at the end, ``checkpoint/`` on the way, and
    ``tensorboard/``. The weights are those of the best validation.

    Args:
        config: of the run.
        stores: folders of views to train on.
        validation: folders of views of other scenes, for rank-1 and the calibration; None holds out a share
            of the scenes, as ``config.validation.holdout`` says. One scene alone is trained on without
            validation and calibration, and reports say so.
        out: folder of the run.
        device: as for ``resolve_device``.
        devices: how many of them, as for ``make_fabric``.
        resume: go on from the checkpoint in ``out``, if there is one; the result is what it would have been
            without the break.
        report: is told how far the run is.
        should_stop: asked before every step; the run then ends with a checkpoint and without a model.

    Returns:
        the model's card; None after a stop.

    Raises:
        StorageError: ``out`` has a checkpoint already and ``resume`` is not set, or one of another run;
            or something cannot be written.
        InputError, ViewsError: views that cannot be read, or too few.
        ModelError, DeviceError, ConfigError: network or device cannot be had.
        TrainingError: the loss was not finite too often in a row.
    """
    data = open_data(config, stores, validation)
    return train_on(
        config, data, out, make_fabric(device, devices, config.precision), resume, report, should_stop
    )


def open_data(config: TrainConfig, stores: Sequence[Path], validation: Sequence[Path] | None) -> TrainData:
    """The views of a run; see ``train``.

    Raises:
        InputError: a scene is in both, or there are no views.
        ViewsError: a folder cannot be read.
    """
    if validation is None:
        store = ViewStore(list(stores))
        return TrainData(store, *hold_out(store.table, config.validation.holdout, config.seed))
    first, store = ViewStore(list(stores)), ViewStore([*stores, *validation])
    rows = np.arange(len(store))
    return TrainData(store, rows[: len(first)], rows[len(first) :])


def train_on(
    config: TrainConfig,
    data: TrainData,
    out: Path,
    fabric: Fabric,
    resume: bool = False,
    report: Report = no_report,
    should_stop: Callable[[], bool] = never,
) -> ModelCard | None:
    """``train`` with views that are open and devices that are chosen."""
    if (out / CHECKPOINT).exists() and not resume:
        raise StorageError(f"{out / CHECKPOINT} is there already: resume that run, or choose another folder")
    fabric.launch()
    last = LastReport(report if fabric.global_rank == 0 else no_report)
    try:
        if not len(data.validation):
            last.end(TrainState.TRAINING, UNVALIDATED)
        task = EncoderTask(config, data, fabric)
        loop = TrainingLoop(task, config, out, fabric, last, should_stop)
        state = loop.run(resume)
        if loop.stopped or fabric.global_rank > 0:
            return None
        return _finish(config, data, out, fabric, task, state, last)
    except ReobjError as error:
        last.end(TrainState.FAILED, str(error))
        raise


def _finish(
    config: TrainConfig,
    data: TrainData,
    out: Path,
    fabric: Fabric,
    task: EncoderTask,
    state: RunState,
    last: LastReport,
) -> ModelCard:
    """Measures the trained network and writes the model."""
    last.end(TrainState.CALIBRATING, "")
    views = task.validator.embed(task.network, fabric)
    scores = task.validator.scores(views)
    calibration = calibrate(views, config.seed)
    card = save_model(
        out,
        config.model.network,
        config.model,
        task.network,
        calibration,
        _training_facts(config, data, fabric, state),
        {"validation": scores.figures()},
        half=config.half,
    )
    message = ""
    if not len(data.validation):
        message = UNVALIDATED
    elif calibration is None:
        message = "not calibrated: no two objects of one class with two views in a held-out scene"
    rank1 = math.nan if scores.rank1 is None else scores.rank1
    last.end(TrainState.DONE, message, checkpoint=str(out), score=rank1)
    return card


def _training_facts(config: TrainConfig, data: TrainData, fabric: Fabric, state: RunState) -> dict[str, Any]:
    """What model.json says about how the model was made."""
    return {
        "configuration": config_mapping(config),
        "data": {"train": _counts(data, data.train), "validation": _counts(data, data.validation)},
        **run_facts(fabric, state.progressed),
    }


def _counts(data: TrainData, rows: np.ndarray) -> dict[str, int]:
    table = data.store.table.only(rows)
    objects = len(np.unique(table.identities())) if len(rows) else 0
    return {"scenes": len(np.unique(table.scenes)), "objects": objects, "views": len(rows)}
