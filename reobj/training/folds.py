"""Cross-validation over scenes: every view is tested once, by a network that has not seen its room."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from reobj.encoding.model_file import load_model
from reobj.errors import InputError, mismatch
from reobj.evaluation.retrieval import MeanSpread, RetrievalScores, over_folds
from reobj.files import write_text
from reobj.training.config import TrainConfig, config_mapping
from reobj.training.encoder_task import TrainData
from reobj.training.hardware import make_fabric
from reobj.training.report import Report, never, no_report
from reobj.training.splitting import hold_out, scene_folds
from reobj.training.trainer import train_on
from reobj.training.validation import ValidationScores, Validator
from reobj.views.store import ViewStore

_ALL = 2**62  #: views to test on: all


@dataclass(frozen=True, slots=True)
class FoldScores:
    """What a cross-validation came to.

    Attributes:
        folds: how many.
        figures: by protocol, mean and spread of each figure over the folds that have such questions.
    """

    folds: int
    figures: Mapping[str, Mapping[str, MeanSpread]]


def train_folds(
    config: TrainConfig,
    stores: Sequence[Path],
    out: Path,
    folds: int,
    *,
    device: str = "auto",
    devices: int = 1,
    resume: bool = False,
    report: Report = no_report,
    should_stop: Callable[[], bool] = never,
) -> FoldScores | None:
    """Trains one model per fold into ``out/foldN`` and tests it on that fold; writes ``out/folds.json``.

    Early stopping and calibration never see the fold: they use scenes that are held out of the rest, as
    ``config.validation.holdout`` says.

    Args:
        config, stores, out, device, devices, resume, report, should_stop: as for ``train``.
        folds: parts of the scenes.

    Returns:
        the scores; None after a stop, and in all processes but the first.

    Raises:
        InputError: too few scenes, or no fold with two objects of one class in a scene.
        ReobjError: what ``train`` raises.
    """
    store = ViewStore(list(stores))
    parts = scene_folds(store.table, folds, config.seed)
    fabric = make_fabric(device, devices, config.precision)
    found: list[ValidationScores] = []
    for number, tested in enumerate(parts):
        rest = np.setdiff1d(np.arange(len(store)), tested)
        train, held = hold_out(store.table.only(rest), config.validation.holdout, config.seed)
        folder = out / f"fold{number}"
        card = train_on(
            config, TrainData(store, rest[train], rest[held]), folder, fabric, resume, report, should_stop
        )
        asked = torch.tensor(float(should_stop()), device=fabric.device)
        # All processes end together, or those that go on would wait for ever.
        if float(fabric.all_reduce(asked, reduce_op="max")) > 0:  # type: ignore[arg-type]
            return None
        if card is not None:
            all_views = replace(config.validation, max_views=_ALL)
            validator = Validator(store, tested, config.model, all_views, config.workers)
            network = load_model(folder)[1].to(fabric.device)
            found.append(validator.scores(validator.embed(network, fabric)))
        fabric.barrier()
    return _summarised(config, store, parts, found, out) if fabric.global_rank == 0 else None


def _summarised(
    config: TrainConfig,
    store: ViewStore,
    parts: Sequence[np.ndarray],
    found: Sequence[ValidationScores],
    out: Path,
) -> FoldScores:
    """Mean and spread, and the file."""
    by_protocol: dict[str, list[RetrievalScores]] = {
        "same-scene same-class": [s.same_scene for s in found if s.same_scene and s.same_scene.queries],
        "cross-scene": [s.cross_scene for s in found if s.cross_scene and s.cross_scene.queries],
    }
    scores = FoldScores(len(found), {name: over_folds(folds) for name, folds in by_protocol.items() if folds})
    if not scores.figures:
        raise InputError(mismatch("folds", "one with objects of two views each", "none"))
    names = np.array(store.table.scene_names)
    content = {
        "configuration": config_mapping(config),
        "folds": [
            {"scenes": names[np.unique(store.table.scenes[part])].tolist(), "scores": each.figures()}
            for part, each in zip(parts, found, strict=True)
        ],
        "mean and spread": {
            name: {figure: asdict(value) for figure, value in figures.items()}
            for name, figures in scores.figures.items()
        },
    }
    write_text(out / "folds.json", json.dumps(content, indent=2) + "\n")
    return scores
