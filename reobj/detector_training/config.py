"""What the training of a detector is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from reobj.detection.label_image import LabelImageConfig
from reobj.detection.mask_rcnn.torchvision_networks import network_entry
from reobj.errors import ConfigError, ModelError, mismatch
from reobj.training.config import Precision
from reobj.training.sections import (
    BudgetConfig,
    OptimizerConfig,
    at_least,
    within,
)


@dataclass(frozen=True, slots=True)
class PictureAugmentConfig:
    """How pictures are varied. 0 everywhere leaves them as they are.

    Attributes:
        zoom: a part of the picture is taken whose sides are down to ``1 - zoom`` of the whole, in [0, 0.9].
        flip: probability that a picture is mirrored, in [0, 1].
        brightness, contrast, colour: the values, their spread, and each channel's gain are scaled by up to
            ``1 +- this``, in [0, 0.99].
    """

    zoom: float = 0.4
    flip: float = 0.5
    brightness: float = 0.3
    contrast: float = 0.3
    colour: float = 0.1

    def __post_init__(self) -> None:
        within("zoom", self.zoom, 0, 0.9)
        within("flip", self.flip, 0, 1)
        for key in ("brightness", "contrast", "colour"):
            within(key, getattr(self, key), 0, 0.99)


@dataclass(frozen=True, slots=True)
class DetectorTrainConfig:
    """A whole training run.

    Attributes:
        network: as in ``torchvision_networks.NETWORKS``.
        weights: to start from: ``coco``, ``backbone`` (its trunk, trained on ImageNet), ``random``, or a
            folder that a run wrote. None takes coco where it is published, else backbone.
        labels: to learn; all that the training scenes have when empty.
        exclude: labels that are no objects.
        agnostic: all labels are learned as one, ``object``: fewer pictures are enough, and things of other
            labels are found too.
        input_size: shorter side in pixels that images are scaled to; None takes the network's own.
        every: frames of a recording from one picture to the next, >= 1.
        batch: pictures of a step, >= 1.
        epochs: how often each picture is seen, > 0, in place of ``budget.steps``; None takes those.
        augment: how pictures are varied.
        optimizer: how the weights move.
        budget: how long, and how often the validation pictures are looked at.
        holdout: share of the scenes to validate on where none are given, in (0, 1).
        max_validation: pictures that validation looks at, evenly taken from all, >= 1.
        precision, seed, workers, half: as in ``TrainConfig``.
    """

    network: str = "maskrcnn_resnet50_fpn_v2"
    weights: str | None = None
    labels: tuple[str, ...] = ()
    exclude: tuple[str, ...] = LabelImageConfig().exclude
    agnostic: bool = False
    input_size: int | None = None
    every: int = 10
    batch: int = 4
    epochs: float | None = None
    augment: PictureAugmentConfig = field(default_factory=PictureAugmentConfig)
    optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(lr=2e-4))
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    holdout: float = 0.1
    max_validation: int = 400
    precision: Precision = "auto"
    seed: int = 0
    workers: int = 2
    half: bool = True

    def __post_init__(self) -> None:
        try:
            network_entry(self.network)
        except ModelError as error:
            raise ConfigError(str(error)) from error
        if both := sorted(set(self.labels) & set(self.exclude)):
            raise ConfigError(mismatch("labels", "none of those in exclude", ", ".join(both)))
        for key in ("every", "batch", "max_validation"):
            at_least(key, getattr(self, key), 1)
        for key in ("seed", "workers"):
            at_least(key, getattr(self, key), 0)
        if self.input_size is not None:
            at_least("input_size", self.input_size, 32)
        if self.epochs is not None:
            within("epochs", self.epochs, 1e-6, 1e6)
        within("holdout", self.holdout, 0.001, 0.999)

    @property
    def size(self) -> int:
        """Shorter side in pixels."""
        return network_entry(self.network).input_size if self.input_size is None else self.input_size

    @property
    def start(self) -> str:
        """The weights to start from."""
        if self.weights is not None:
            return self.weights
        return "backbone" if network_entry(self.network).coco is None else "coco"


def detector_config_mapping(config: DetectorTrainConfig) -> dict[str, Any]:
    """All of it as plain data, for model.json and the checkpoint."""
    return asdict(config) | {"weights": config.start, "input_size": config.size}
