"""Training a detector: pictures to losses, and average precision on other scenes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN

from reobj.detector_training.config import DetectorTrainConfig, detector_config_mapping
from reobj.detector_training.learner import DetectorLearner
from reobj.detector_training.pictures import PictureScene
from reobj.detector_training.reader import PictureReader, PictureSet
from reobj.detector_training.samples import Sample
from reobj.detector_training.scores import DetectionScores
from reobj.detector_training.start import start_network
from reobj.detector_training.validation import DetectorValidator


@dataclass(frozen=True, slots=True, eq=False)
class DetectorData:
    """Which pictures are for what.

    Attributes:
        train, validation: of different scenes; validation may have none.
        labels: of the classes 1, 2, ...
    """

    train: PictureSet
    validation: PictureSet
    labels: tuple[str, ...]


class DetectorTask:
    """A ``TrainingTask``.

    Args:
        config: of the run.
        data: its pictures.
        fabric: launched.

    Raises:
        ModelError, ConfigError: the network cannot be had.
    """

    def __init__(self, config: DetectorTrainConfig, data: DetectorData, fabric: Fabric) -> None:
        self._config, self._data = config, data
        classes = {label: number for number, label in enumerate(data.labels, 1)}
        self._reader = PictureReader(data.train, classes, config, fabric.global_rank, fabric.world_size)
        self.validator = DetectorValidator(data.validation, data.labels, config)
        network = start_network(config, data.labels)
        self.learner: nn.Module = DetectorLearner(network, keep_statistics=config.start != "random")
        self.batch, self.samples = config.batch, len(data.train)
        self.measured: DetectionScores | None = None  #: by the last ``measure``

    same_shapes = False  # as many regions as there are objects

    @property
    def network(self) -> MaskRCNN:
        """What is trained, in torchvision's form."""
        network: MaskRCNN = self.learner.network  # type: ignore[assignment]
        return network

    def read(self, step: int) -> list[Sample]:
        """The batch of a step. Raises ScanError: a picture cannot be read."""
        return self._reader.read(step)

    def loss(self, learner: nn.Module, batch: list[Sample], device: torch.device) -> Tensor:
        """() float32: the sum of Mask R-CNN's losses."""
        images, targets = zip(*(sample.to(device) for sample in batch), strict=True)
        loss: Tensor = learner(images, targets)
        return loss

    def measure(self, fabric: Fabric) -> float:
        """Average precision of the named masks at an IoU of 0.5, mean over labels; -1 without pictures."""
        if not self.validator.rows:
            return -1.0
        self.measured = self.validator.scores(self.network, fabric)
        return -1.0 if self.measured.named.ap is None else self.measured.named.ap

    def told(self) -> dict[str, Any]:
        """The configuration and the pictures."""
        told = detector_config_mapping(self._config)
        del told["workers"]
        pictures = {"train": _digest(self._data.train), "validation": _digest(self._data.validation)}
        return {"config": told, "labels": self._data.labels, "pictures": pictures}


def _digest(pictures: PictureSet) -> str:
    """Tells one set of pictures from another."""
    said = [[scene.folder.name, scene.source, scene.frames] for scene in pictures.scenes]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def scene_counts(pictures: PictureSet) -> dict[str, int]:
    """Plain data for model.json."""
    return {"scenes": len(pictures.scenes), "pictures": len(pictures)}


def all_labels(scenes: list[PictureScene], exclude: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that occur in some scenes, by name, without those that are no objects."""
    found = {label for scene in scenes for label in scene.labels.values()}
    return tuple(sorted(found - set(exclude) - {""}))
