"""Trains the mask refiner on examples that lie in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reobj.detection.carrying.refiner import with_guide
from reobj.detection.carrying.refiner_crops import DEPTH, OWN, UNSURE
from reobj.detection.carrying.refiner_network import RefinerNetwork
from reobj.errors import InputError, mismatch
from reobj.progress import Progress, silent
from reobj.training.refiner_data import HUNDREDTHS, RefinerExamples

#: share of the examples that depth and flow are taken from, so that the refiner can do without
_WITHOUT_DEPTH, _WITHOUT_FLOW = 0.3, 0.1
#: how often a mask that needs nothing is drawn, compared with one that is all wrong
_RIGHT_ONES = 0.15


@dataclass(frozen=True, slots=True)
class RefinerTraining:
    """How long, and how fast.

    Attributes:
        steps: of the optimiser, >= 1.
        batch: crops of a step, >= 2.
        rate: highest learning rate; it rises over a tenth of the steps and falls by half a cosine.
        seed: of weights, batches and augmentation.
    """

    steps: int = 3000
    batch: int = 48
    rate: float = 2e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 2:
            raise InputError(mismatch("steps, batch", "at least 1 and 2", (self.steps, self.batch)))


def train_refiner(
    examples: RefinerExamples, settings: RefinerTraining, progress: Progress = silent
) -> RefinerNetwork:
    """A network trained on examples; on the CPU, as it takes minutes there.

    Raises:
        InputError: there are no examples.
    """
    if not len(examples):
        raise InputError(mismatch("examples", "at least one", 0))
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    network = RefinerNetwork().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), settings.rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, settings.steps))
    odds = _odds(examples)
    for step in range(settings.steps):
        rows = rng.choice(len(odds), settings.batch, p=odds)
        appearance, motion, truth = augmented(examples, rows, rng)
        own, unsure = appearance[:, OWN : OWN + 1], appearance[:, UNSURE : UNSURE + 1]
        loss = refiner_loss(with_guide(network(appearance, motion), own), truth, own, unsure)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        progress(step + 1, settings.steps)
    return network.eval()


def refiner_loss(logits: Tensor, truth: Tensor, own: Tensor, unsure: Tensor) -> Tensor:
    """Mean over crops of cross entropy where the refiner decides, and of 1 less the soft region similarity.

    Args:
        logits, truth, own, unsure: (M, 1, S, S); where it is not unsure the mask stays as it came.
    """
    per_cell = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * unsure
    entropy = per_cell.sum() / unsure.sum().clamp_min(1)
    found = torch.where(unsure > 0, torch.sigmoid(logits), own)
    both = (found * truth).sum(dim=(1, 2, 3))
    either = (found + truth).sum(dim=(1, 2, 3)) - both
    return entropy + (1 - (both + 1) / (either + 1)).mean()


def augmented(
    examples: RefinerExamples, rows: NDArray[np.intp], rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Appearance, motion and truth (M, C, S, S) float32 of some examples, mirrored and recoloured."""
    appearance, motion = (
        torch.from_numpy(part[rows]).float().div_(HUNDREDTHS)
        for part in (examples.appearance, examples.motion)
    )
    truth = torch.from_numpy(examples.truth[rows]).float()
    mirrored = torch.from_numpy(rng.random(len(rows)) < 0.5)
    for part in (appearance, motion, truth):
        part[mirrored] = part[mirrored].flip(-1)
    motion[mirrored, 0] *= -1
    gain, shift = rng.uniform(0.7, 1.3, (len(rows), 3, 1, 1)), rng.uniform(-0.2, 0.2, (len(rows), 3, 1, 1))
    light = torch.from_numpy(np.stack([gain, shift]).astype(np.float32))
    paint = torch.from_numpy(rng.permuted(np.tile(np.arange(3), (len(rows), 1)), axis=1))
    colour = appearance[torch.arange(len(rows))[:, None], paint]
    appearance[:, :3] = (colour * light[0] + light[1]).clamp_(-1, 1)
    appearance[torch.from_numpy(rng.random(len(rows)) < _WITHOUT_DEPTH), DEPTH] = 0
    motion[torch.from_numpy(rng.random(len(rows)) < _WITHOUT_FLOW), :3] = 0
    return appearance, motion, truth


def _odds(examples: RefinerExamples) -> NDArray[np.float64]:
    """(M,) how often each example is drawn: more often the more is wrong where the refiner decides."""
    own, unsure = (examples.appearance[:, channel : channel + 1] > 0 for channel in (OWN, UNSURE))
    axes = (1, 2, 3)
    wrong = ((own != examples.truth) & unsure).sum(axis=axes)
    either = (own | examples.truth).sum(axis=axes)
    weight = _RIGHT_ONES * unsure.any(axis=axes) + wrong / np.maximum(either, 1)
    if not weight.any():
        raise InputError(mismatch("examples", "something that came into view", "none"))
    return weight / weight.sum()


def _share(step: int, steps: int) -> float:
    """Of the highest learning rate."""
    warm = max(steps // 10, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))
