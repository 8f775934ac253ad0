"""What differs between training an encoder and training a detector; the loop is the same for both."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from reobj.training.sections import BudgetConfig, OptimizerConfig

Batch = TypeVar("Batch")


class LoopConfig(Protocol):
    """What the loop itself is told."""

    @property
    def budget(self) -> BudgetConfig:
        """How long."""
        ...

    @property
    def optimizer(self) -> OptimizerConfig:
        """How the weights move."""
        ...

    @property
    def seed(self) -> int:
        """Random numbers of a step follow from (seed, step, rank)."""
        ...

    @property
    def workers(self) -> int:
        """Threads that read batches ahead."""
        ...


class TrainingTask(Protocol[Batch]):
    """What is learned, from what, and how well it is known."""

    @property
    def learner(self) -> nn.Module:
        """All that is trained: the network, and a loss that may have parameters."""
        ...

    @property
    def network(self) -> nn.Module:
        """The part of the learner that is kept."""
        ...

    @property
    def batch(self) -> int:
        """Views, or images, of a step on each device."""
        ...

    @property
    def samples(self) -> int:
        """Views, or images, of the training set."""
        ...

    @property
    def same_shapes(self) -> bool:
        """Whether all layers see equal shapes in each step: trying which kernels are fastest pays then."""
        ...

    def read(self, step: int) -> Batch:
        """The batch of a step, on the CPU; the same in whichever thread it is called."""
        ...

    def loss(self, learner: nn.Module, batch: Batch, device: torch.device) -> Tensor:
        """() float: what a step makes smaller. ``learner`` is ``self.learner``, wrapped for its devices."""
        ...

    def measure(self, fabric: Fabric) -> float:
        """How good the network is, in [0, 1]; -1 where there is nothing to measure. It stays in training."""
        ...

    def told(self) -> dict[str, Any]:
        """Plain data that decides the course of a run; it goes on only with the same."""
        ...
