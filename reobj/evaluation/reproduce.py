"""The papers' tables from a ScanNet download: views, training and scores of every row, in one go."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reobj.devices import resolve_device
from reobj.encoding.model_spec import build_network
from reobj.errors import ConfigError, InputError, StorageError, mismatch
from reobj.evaluation.comparison import (
    Questions,
    ShowProgress,
    common_folds,
    examine,
    questions_of,
    table_row,
)
from reobj.evaluation.deepsort_row import deepsort_row
from reobj.evaluation.folds import FOLDS_FILE, Folds
from reobj.evaluation.protocols import MIN_GAP
from reobj.evaluation.reproduce_files import read_row, write_results, write_row
from reobj.evaluation.retrieval_run import RATE_HZ, Protocol
from reobj.evaluation.retrieval_table import TableRow
from reobj.evaluation.subjects import NO_TRAIN, Subject, open_subject
from reobj.files import write_text
from reobj.training.config import TrainConfig, parse_train_config, read_mapping
from reobj.training.folds import train_folds
from reobj.training.splitting import scene_folds
from reobj.views.build import ViewBuildConfig, build_views
from reobj.views.recordings import find_recordings
from reobj.views.settings import ViewSettings
from reobj.views.store import ViewStore

#: The rows of the papers' tables, by network; those of one setup are asked about as they were published.
PAPER_SETUPS = {
    "reobj": (NO_TRAIN, "full", "concat"),
    "attention": (NO_TRAIN, "full", "concat"),
    "osnet": ("full",),
    "inherent": ("full",),
    "maskreid": ("full",),
    "appearance": ("full",),
}
DEEPSORT_NETWORK = "appearance"  #: gives the tracker its embeddings
SETTINGS_FILE = "reproduce.json"


@dataclass(frozen=True, slots=True)
class ReproduceConfig:
    """What to make.

    Attributes:
        root: of the download: ``scans/sceneXXXX_YY/`` below it, or the scenes themselves.
        out: folder of views, models, rows and results; what is finished there is kept.
        configs: folder of NETWORK-paper.yaml, or NETWORK.yaml where there is no such file.
        networks: of PAPER_SETUPS; all of them by default.
        setups: only these; None for those of the papers.
        steps: of each training; None as the configurations say.
        weights: of the backbones; None as the configurations say.
        folds: parts of the scenes for the cross-validation; the papers have three.
        limit_scenes: only so many scenes; None for all.
        every: every so many frames of a scan.
        detector: whose valid detections are taken, e.g. "mask_rcnn" as in the papers; None for true masks.
        device: as ``resolve_device`` takes it.
    """

    root: Path
    out: Path
    configs: Path = Path("config/train")
    networks: tuple[str, ...] = tuple(PAPER_SETUPS)
    setups: tuple[str, ...] | None = None
    steps: int | None = None
    weights: str | None = None
    folds: int = 3
    limit_scenes: int | None = None
    every: int = 1
    detector: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        unknown = set(self.networks) - set(PAPER_SETUPS)
        if unknown or not self.networks:
            expected = f"some of {', '.join(PAPER_SETUPS)}"
            raise InputError(mismatch("networks", expected, ", ".join(sorted(unknown)) or "none"))
        known = {setup for network in self.networks for setup in PAPER_SETUPS[network]}
        if self.setups is not None and not (self.setups and set(self.setups) <= known):
            expected = f"some of {', '.join(sorted(known))} for {', '.join(self.networks)}"
            raise InputError(mismatch("setups", expected, ", ".join(self.setups) or "none"))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Network and setup of each row."""
        for network in self.networks:
            for setup in PAPER_SETUPS[network]:
                if self.setups is None or setup in self.setups:
                    yield network, setup


def reproduce_scannet(config: ReproduceConfig, show: ShowProgress) -> list[TableRow]:
    """Makes every row of the tables and writes results.md and results.csv into ``out`` after each.

    A run that was stopped goes on when it is called again: views, trainings and rows that are finished are
    kept. The scenes of a fold are never seen by the network that is asked about them.

    Raises:
        InputError: no scans, too few scenes, or nothing to ask of them.
        StorageError: ``out`` has results that were made with other settings.
        ReobjError: what building, training and evaluating raise.
    """
    trainings = {pair: train_config(config, *pair) for pair in config.pairs()}
    _check_settings(config)
    store = _build(config, show)
    seed = next(iter(trainings.values())).seed
    folds = _folds(store, config.folds, seed)
    questions = questions_of(store, tuple(Protocol), folds=folds)
    notes = [
        f"{len(questions.rows)} of {len(store)} views of {len(store.table.scene_names)} scenes; "
        f"{config.folds} folds without common scenes.",
        f"Views of an object are over {MIN_GAP / RATE_HZ:.2f} s apart ({MIN_GAP} frames at {RATE_HZ} Hz).",
        f"Masks: {config.detector or 'true'}; budget: "
        f"{'as configured' if config.steps is None else f'{config.steps} steps'}.",
    ]
    rows: list[TableRow] = []
    for (network, setup), training in trainings.items():
        make = partial(_measure, config, store, questions, folds, network, setup, training, show)
        rows.extend(_kept(config.out / "rows" / f"{network}-{setup}.json", make))
        write_results(config.out, rows, notes)
    return rows


def train_config(config: ReproduceConfig, network: str, setup: str) -> TrainConfig:
    """The training of a row: the paper's configuration with another setup, and budget if one is given.

    Raises:
        ConfigError: there is none for this network, or it is wrong.
    """
    paper = config.configs / f"{network}-paper.yaml"
    plain = config.configs / f"{network}.yaml"  # where a paper says nothing that we would do otherwise
    data: dict[str, Any] = read_mapping(paper if paper.exists() else plain)
    for section in ("model", "budget"):
        if not isinstance(data.setdefault(section, {}), dict):
            raise ConfigError(mismatch(section, "a mapping", repr(data[section])))
    options = data["model"].setdefault("options", {})
    if not isinstance(options, dict):
        raise ConfigError(mismatch("model.options", "a mapping", repr(options)))
    options |= {"setup": setup} if config.weights is None else {"setup": setup, "weights": config.weights}
    if config.steps is not None:
        data["budget"].update(steps=config.steps, validate_every=config.steps)
    return parse_train_config(data)


def _check_settings(config: ReproduceConfig) -> None:
    """Rows of one folder are made alike. Raises StorageError."""
    kept = ("configs", "steps", "weights", "folds", "limit_scenes", "every", "detector")
    settings = {name: str(value) for name, value in asdict(config).items() if name in kept}
    path = config.out / SETTINGS_FILE
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        write_text(path, json.dumps(settings, indent=2) + "\n")
        return
    except (OSError, ValueError) as error:
        raise StorageError(f"{path}: cannot be read: {error}") from error
    if before != settings:
        raise StorageError(
            mismatch(f"settings of the results in {config.out}", before, settings) + ": choose another folder"
        )


def _build(config: ReproduceConfig, show: ShowProgress) -> ViewStore:
    scans = config.root / "scans" if (config.root / "scans").is_dir() else config.root
    recordings = find_recordings([scans])[: config.limit_scenes]
    detector = None if config.detector is None else {"name": config.detector}
    settings = ViewSettings(every=config.every, detector=detector)
    with show("views") as progress:
        build_views(
            recordings, config.out / "views", ViewBuildConfig(settings, config.device), progress=progress
        )
    return ViewStore(config.out / "views")


def _folds(store: ViewStore, count: int, seed: int) -> Folds:
    """As the trainer divides the scenes."""
    table = store.table
    parts = scene_folds(table, count, seed)
    names = np.array(table.scene_names)
    return Folds(tuple(tuple(names[np.unique(table.scenes[part])].tolist()) for part in parts))


def _kept(path: Path, make: Callable[[], list[TableRow]]) -> list[TableRow]:
    """The rows of a file, which is made if it is not there."""
    if not path.exists():
        write_row(path, make())
    return read_row(path)


def _measure(
    config: ReproduceConfig,
    store: ViewStore,
    questions: Questions,
    folds: Folds,
    network: str,
    setup: str,
    training: TrainConfig,
    show: ShowProgress,
) -> list[TableRow]:
    """Trains a network in a setup, unless it is not to be trained, and asks it all questions."""
    name, device = f"{network}-{setup}", resolve_device(config.device)
    if setup == NO_TRAIN:
        subject = Subject(name, training.model, (partial(build_network, training.model, training.seed),))
    else:
        folder = config.out / "models" / name
        if not (folder / FOLDS_FILE).exists():
            with show(f"{name}: training") as progress:
                train_folds(
                    training,
                    [config.out / "views"],
                    folder,
                    config.folds,
                    device=config.device,
                    resume=True,
                    report=lambda report: progress(report.step, report.steps),
                )
        subject = dataclasses.replace(open_subject(str(folder)), name=name)
        common_folds([subject], folds)  # those of a configuration with another seed would be other scenes
    examined = examine(subject, store, questions, device, None, show)
    rows = [table_row(subject, protocol, answers) for protocol, answers in examined.answers.items()]
    if network == DEEPSORT_NETWORK:
        row = deepsort_row(subject, store, device, show, folds=folds)
        rows.append(dataclasses.replace(row, name="deepsort", setup=""))
    return [dataclasses.replace(row, name=network) if row.name == name else row for row in rows]
