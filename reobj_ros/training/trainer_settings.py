"""The parameters of trainer_node, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reobj.detection.registry import DETECTORS
from reobj.devices import resolve_device
from reobj.encoding.context import ContextSpec
from reobj.errors import ConfigError, mismatch
from reobj.training.config import load_train_config
from reobj.views.build import ViewBuildConfig
from reobj.views.index import INDEX, read_index
from reobj.views.settings import ViewSettings
from reobj_ros.input.frames import GEOMETRY
from reobj_ros.node.config_parameters import config_parameters, nested
from reobj_ros.node.parameters import Parameter
from reobj_ros.training.gathering import Gatherer
from reobj_ros.training.training_work import Source, TrainingPlan, bag_views

VIEWS = "views"  #: folder of the gathered views within the output

PARAMETERS = (
    Parameter(
        "source",
        "bags",
        "what to train on: recorded bags and scans, folders of views, or a bag that is being played",
        choices=("bags", "views", "topics"),
    ),
    Parameter("config", "", "training configuration, a file such as config/train/small.yaml"),
    Parameter("output", "", "folder of the run: model, checkpoint, and the gathered views"),
    Parameter("bags", [""], "source bags: bags, scan folders, .sens files, or folders of those"),
    Parameter("views", [""], "source views: folders of views"),
    Parameter(
        "validation", [""], "folders of views of other scenes to validate on; empty: some of the scenes"
    ),
    Parameter("device", "auto", "of the training: auto, cpu, cuda or cuda:N"),
    Parameter("resume", False, "go on from the checkpoint in output, if there is one"),
    Parameter(
        "masks",
        "truth",
        "masks of the views: the true ones, or those of a detector that fit them, which come on the topic "
        "instances with source topics",
        choices=("truth", "detector"),
    ),
    Parameter(
        "detector.name",
        "mask_rcnn",
        "source bags with masks of a detector: which one",
        choices=tuple(sorted(name for name, entry in DETECTORS.items() if not entry.needs_masks)),
    ),
    Parameter(
        "silence",
        10.0,
        "source topics: train after so long without an image, s; 0 waits for ~/start or enough_views",
        0.0,
        86_400.0,
    ),
    Parameter("enough_views", 0, "source topics: train when there are so many; 0 = no limit", 0, 10**9),
    Parameter("exit_at_end", False, "end the node with the training; the exit code is 1 when it failed"),
    *(row for row in GEOMETRY if not row.name.startswith("depth")),
)

STORED = tuple(config_parameters("view", ViewSettings()))


def training_plan(settings: Mapping[str, Any]) -> TrainingPlan:
    """The training that the parameters ask for.

    Raises:
        ConfigError: something needed is empty, or the configuration is wrong.
        ViewsError: a folder of validation views cannot be read.
        DeviceError: no such device.
    """
    for name in ("config", "output"):
        if not settings[name]:
            raise ConfigError(f"parameter {name}: expected a path, got nothing")
    resolve_device(settings["device"])
    validation = _paths(settings, "validation")
    for folder in validation:
        read_index(folder)
    config = load_train_config(settings["config"])
    return TrainingPlan(config, validation, Path(settings["output"]), settings["device"])


def source_of(
    settings: Mapping[str, Any], out: Path, views: ViewBuildConfig
) -> tuple[Source, Gatherer | None]:
    """Where the views come from, and what gathers them where they come from topics.

    Args:
        settings: values of PARAMETERS.
        out: folder of the run.
        views: how views are gathered.

    Raises:
        ConfigError: no paths, none where they point to, or views from topics that are there already.
        ViewsError: a folder of views that is none.
    """
    if settings["source"] == "views":
        return _folders(_needed(settings, "views")), None
    folder = out / VIEWS
    if settings["source"] == "bags":
        return partial(bag_views, _bags(settings), folder, views), None
    if settings["resume"] and (folder / INDEX).exists():
        return _folders((folder,)), None
    gatherer = Gatherer(folder, views.settings)
    return lambda report, should_stop: (gatherer.finish(),), gatherer


def view_config(settings: Mapping[str, Any], crop: ContextSpec) -> ViewBuildConfig:
    """How views are gathered.

    Args:
        settings: values of PARAMETERS and STORED.
        crop: what the training will ask of the views.

    Raises:
        ConfigError: a value out of range, or views that would show less than the crops.
    """
    detector = {"name": settings["detector.name"]} if settings["masks"] == "detector" else None
    view = ViewSettings.from_mapping({**nested(settings, "view"), "detector": detector}, "view")
    if not _holds(view.context, crop):
        raise ConfigError(
            mismatch("parameter view.context", f"at least that of the crops, {crop}", view.context)
        )
    return ViewBuildConfig(view, settings["device"])


def _holds(stored: ContextSpec, crop: ContextSpec) -> bool:
    """Whether the stored part shows all of the crop, for long, upright and square boxes of any size."""
    sides = np.array([[1, 1], [1000, 1], [1, 1000], [1000, 1000]], np.float32)
    boxes = np.concatenate([-sides / 2, sides / 2], axis=1)
    outer, inner = stored.grow(boxes), crop.grow(boxes)
    return bool((outer[:, :2] <= inner[:, :2] + 0.5).all())


def _folders(folders: tuple[Path, ...]) -> Source:
    for folder in folders:
        read_index(folder)
    return lambda report, should_stop: folders


def _bags(settings: Mapping[str, Any]) -> tuple[Path, ...]:
    bags = _needed(settings, "bags")
    for bag in bags:
        if not bag.exists():
            raise ConfigError(mismatch("parameter bags", "bags or scans", f"{bag}, where nothing is"))
    return bags


def _needed(settings: Mapping[str, Any], name: str) -> tuple[Path, ...]:
    paths = _paths(settings, name)
    if not paths:
        raise ConfigError(f"parameter {name}: expected at least one path with source {name}, got none")
    return paths


def _paths(settings: Mapping[str, Any], name: str) -> tuple[Path, ...]:
    return tuple(Path(path) for path in settings[name] if path)
