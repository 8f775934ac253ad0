"""Training an encoder: batches of views to embeddings to a loss, and rank-1 on other scenes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from reobj.training.config import TrainConfig, config_mapping
from reobj.training.data import BatchReader, TrainBatch
from reobj.training.learner import make_learner
from reobj.training.sampler import Sampler
from reobj.training.validation import Validator
from reobj.views.store import ViewStore


@dataclass(frozen=True, slots=True, eq=False)
class TrainData:
    """Which views are for what.

    Attributes:
        store: of all views.
        train, validation: (N,) and (M,) int64, rows of the store, of different scenes.
    """

    store: ViewStore
    train: NDArray[np.int64]
    validation: NDArray[np.int64]


class EncoderTask:
    """A ``TrainingTask``.

    Args:
        config: of the run.
        data: its views.
        fabric: launched.

    Raises:
        InputError: too few views to train on.
        ModelError: the network cannot be built.
    """

    def __init__(self, config: TrainConfig, data: TrainData, fabric: Fabric) -> None:
        self._config, self._data = config, data
        table = data.store.table.only(data.train)
        rank = fabric.global_rank
        sampler = Sampler(table, config.sampler, config.seed, rank, fabric.world_size)
        pin = fabric.device.type == "cuda"
        self._reader = BatchReader(
            data.store, data.train, sampler, config.model, config.augment, config.seed, rank, pin
        )
        self.validator = Validator(
            data.store, data.validation, config.model, config.validation, config.workers
        )
        self.learner = make_learner(config, int(table.identities().max()) + 1)
        self.batch, self.samples = config.sampler.batch, len(table)

    same_shapes = True

    @property
    def network(self) -> nn.Module:
        """What is trained, without the loss."""
        return self.learner.network

    def read(self, step: int) -> TrainBatch:
        """The batch of a step. Raises ViewsError: a view cannot be read."""
        return self._reader.read(step)

    def loss(self, learner: nn.Module, batch: TrainBatch, device: torch.device) -> Tensor:
        """() float32: the loss of a batch, varied."""
        crops = self._reader.crops(batch, device)
        objects = batch.objects.to(device, non_blocking=True)
        loss: Tensor = learner(crops.foreground, crops.background, crops.mask, crops.inside, objects)
        return loss

    def measure(self, fabric: Fabric) -> float:
        """Rank-1 on the validation views; -1 without questions."""
        rank1 = self.validator.scores(self.validator.embed(self.network, fabric)).rank1
        return -1.0 if rank1 is None else rank1

    def told(self) -> dict[str, Any]:
        """The configuration and the views."""
        told = config_mapping(self._config)
        del told["workers"]
        views = {
            "train": _digest(self._data, self._data.train),
            "validation": _digest(self._data, self._data.validation),
        }
        return {"config": told, "views": views}


def _digest(data: TrainData, rows: NDArray[np.int64]) -> str:
    """Tells one set of views from another."""
    table = data.store.table.only(rows)
    digest = hashlib.sha256("\n".join(table.scene_names).encode())
    for column in (table.scenes, table.instances, table.frames, table.boxes):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]
