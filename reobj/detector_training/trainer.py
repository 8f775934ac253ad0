"""``train_detector``: from recordings to a detector's folder, with scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from reobj.detection.mask_rcnn.detector_file import DetectorCard, DetectorSpec, save_detector
from reobj.detector_training.config import DetectorTrainConfig, detector_config_mapping
from reobj.detector_training.detector_task import DetectorData, DetectorTask, all_labels, scene_counts
from reobj.detector_training.gather import Gathering, Stopped, gather
from reobj.detector_training.pictures import PictureScene
from reobj.detector_training.reader import PictureSet
from reobj.errors import ConfigError, InputError, ReobjError, StorageError, mismatch
from reobj.training.checkpoint import RunState
from reobj.training.facts import run_facts
from reobj.training.hardware import make_fabric
from reobj.training.loop import CHECKPOINT, TrainingLoop
from reobj.training.report import LastReport, Report, TrainReport, TrainState, never, no_report

PICTURES = "pictures"  #: folder within a run's folder
ONE_LABEL = "object"  #: of all instances of a detector that does not tell labels apart
UNVALIDATED = "not validated: there is no other scene to hold out"


def train_detector(
    config: DetectorTrainConfig,
    scans: Sequence[Path],
    validation: Sequence[Path] | None,
    out: Path,
    *,
    device: str = "auto",
    resume: bool = False,
    report: Report = no_report,
    should_stop: Callable[[], bool] = never,
) -> DetectorCard | None:
    """Trains a detector on recordings with true instances and writes it into ``out``.

    ``out`` gets model.json and model.safetensors at the end; on the way ``pictures/`` (of the recordings,
    kept for the next run), ``checkpoint/`` and ``tensorboard/``. The weights are those of the best
    validation. A recording that cannot be used is named in a report and left out.

    Args:
        config: of the run.
        scans: scan folders, .sens files, bags, or folders of those.
        validation: the same of other scenes; None holds out a share of the scenes. One scene alone is
            trained on without, and a report says so.
        out: folder of the run.
        device: as for ``resolve_device``.
        resume: go on from the checkpoint in ``out``, if there is one; the result is what it would have been
            without the break.
        report: is told how far the run is.
        should_stop: asked before every step and after every picture; the run then ends without a model.

    Returns:
        the detector's card; None after a stop.

    Raises:
        StorageError: ``out`` has a checkpoint already and ``resume`` is not set, or one of another run;
            or something cannot be written.
        InputError: no recording can be used, or a scene is in both.
        ConfigError, ModelError, DeviceError: labels, network or device cannot be had.
        TrainingError: the loss was not finite too often in a row.
    """
    if (out / CHECKPOINT).exists() and not resume:
        raise StorageError(f"{out / CHECKPOINT} is there already: resume that run, or choose another folder")
    fabric = make_fabric(device, 1, config.precision)
    fabric.launch()
    last = LastReport(report)
    try:
        data = _open(config, scans, validation, out, last, should_stop)
        config = with_steps(config, len(data.train), fabric.world_size)
        if not len(data.validation):
            last.end(TrainState.TRAINING, UNVALIDATED)
        task = DetectorTask(config, data, fabric)
        loop = TrainingLoop(task, config, out, fabric, last, should_stop)
        state = loop.run(resume)
        return None if loop.stopped else _finish(config, data, out, fabric, task, state, last)
    except Stopped:
        last.end(TrainState.STOPPED, "stopped while pictures were gathered; finished scenes are kept")
        return None
    except ReobjError as error:
        last.end(TrainState.FAILED, str(error))
        raise


def _open(
    config: DetectorTrainConfig,
    scans: Sequence[Path],
    validation: Sequence[Path] | None,
    out: Path,
    last: LastReport,
    should_stop: Callable[[], bool],
) -> DetectorData:
    """The pictures of all recordings, divided by scene."""

    def tell(message: str) -> None:
        last(TrainReport(TrainState.GATHERING, message=message))

    how = Gathering(
        out / PICTURES,
        config.every,
        lambda scene, reason: tell(f"{scene} is left out: {reason}"),
        lambda done, total: last(TrainReport(TrainState.GATHERING, step=done, steps=total)),
        should_stop,
    )
    scenes = gather(scans, how)
    held = gather(validation, how) if validation is not None else []
    if both := sorted({scene.folder for scene in scenes} & {scene.folder for scene in held}):
        raise InputError(mismatch("validation", "other scenes than those to train on", both[0].name))
    if validation is None:
        scenes, held = hold_out_scenes(scenes, config.holdout, config.seed)
    labels = _labels(config, scenes)
    if config.agnostic:
        scenes, held = (as_one_label(group, labels, config.exclude) for group in (scenes, held))
        labels = (ONE_LABEL,)
    return DetectorData(PictureSet(scenes), PictureSet(held), labels)


def as_one_label(
    scenes: Sequence[PictureScene], labels: Sequence[str], exclude: Sequence[str]
) -> list[PictureScene]:
    """The same pictures, in which all that is to be learned has one label, and what else is there none."""

    def one(label: str) -> str:
        return ONE_LABEL if label in labels else label if label in exclude else ""

    return [
        replace(scene, labels={number: one(label) for number, label in scene.labels.items()})
        for scene in scenes
    ]


def hold_out_scenes(
    scenes: Sequence[PictureScene], share: float, seed: int
) -> tuple[list[PictureScene], list[PictureScene]]:
    """Scenes to train on, and scenes to validate on: at least one of each, none of one scene alone."""
    order = np.random.default_rng([seed, len(scenes)]).permutation(len(scenes))
    count = min(max(round(share * len(scenes)), 1), len(scenes) - 1)
    held = set(order[:count].tolist())
    kept = [scene for i, scene in enumerate(scenes) if i not in held]
    return kept, [scenes[i] for i in sorted(held)]


def _labels(config: DetectorTrainConfig, scenes: list[PictureScene]) -> tuple[str, ...]:
    """The labels to learn. Raises ConfigError: one that no scene has, or none at all."""
    known = all_labels(scenes, config.exclude)
    if unknown := [label for label in config.labels if label not in known]:
        expected = f"some of those in the scenes to train on ({', '.join(known)})"
        raise ConfigError(mismatch("labels", expected, ", ".join(unknown)))
    if not known:
        raise ConfigError(mismatch("labels", "at least one in the scenes to train on", "none"))
    return tuple(dict.fromkeys(config.labels)) or known


def with_steps(config: DetectorTrainConfig, pictures: int, devices: int) -> DetectorTrainConfig:
    """The configuration with steps in place of epochs."""
    if config.epochs is None:
        return config
    steps = max(1, math.ceil(config.epochs * pictures / (config.batch * devices)))
    return replace(config, epochs=None, budget=replace(config.budget, steps=steps))


def _finish(
    config: DetectorTrainConfig,
    data: DetectorData,
    out: Path,
    fabric: Fabric,
    task: DetectorTask,
    state: RunState,
    last: LastReport,
) -> DetectorCard:
    """Measures the trained network and writes the detector."""
    figures: dict[str, Any] = {}
    if len(data.validation):
        last_is_best = state.progressed.best_step == state.progressed.validated
        known = task.measured if last_is_best else None
        figures = (known or task.validator.scores(task.network, fabric)).figures()
    facts = {
        "configuration": detector_config_mapping(config),
        "data": {"train": scene_counts(data.train), "validation": scene_counts(data.validation)},
        **run_facts(fabric, state.progressed),
    }
    spec = DetectorSpec(config.network, data.labels, config.size)
    card = save_detector(out, task.network, spec, facts, {"validation": figures}, half=config.half)
    score = state.progressed.score if state.progressed.score >= 0 else math.nan
    last.end(TrainState.DONE, "" if figures else UNVALIDATED, checkpoint=str(out), score=score)
    return card
