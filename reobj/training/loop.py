"""The training loop: steps, validation, checkpoints, and the end of the budget."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Generic

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from reobj.errors import TrainingError
from reobj.training.checkpoint import RunState, load_checkpoint, save_checkpoint
from reobj.training.data import ahead
from reobj.training.learner import BufferGuard
from reobj.training.meter import Meter
from reobj.training.report import Report, TrainState
from reobj.training.schedule import budget_done, learning_rate, make_optimizer, set_learning_rate
from reobj.training.task import Batch, LoopConfig, TrainingTask
from reobj.training.tensorboard import Scalars

CHECKPOINT = "checkpoint"  #: folder within a run's folder
_BAD_IN_A_ROW = 20  #: steps without a finite loss; a gradient scaler needs up to 17 to find its scale


class TrainingLoop(Generic[Batch]):
    """One run on this process's device. With several processes all of them go through it together.

    Args:
        task: what is trained, and from what.
        config: of the run.
        out: folder of the run.
        fabric: launched.
        report: is told how far the run is; a process that is not the first gives one that shows nothing.
        should_stop: asked before every step.
    """

    def __init__(
        self,
        task: TrainingTask[Batch],
        config: LoopConfig,
        out: Path,
        fabric: Fabric,
        report: Report,
        should_stop: Callable[[], bool],
    ) -> None:
        self._task, self._config, self._fabric = task, config, fabric
        self._should_stop = should_stop
        self._checkpoint, self._boards = out / CHECKPOINT, out / "tensorboard"
        self._learner = task.learner.to(fabric.device)
        self._meter = Meter(config.budget, task.batch * fabric.world_size, task.samples, report)
        self._told = {**task.told(), "devices": fabric.world_size}
        self._scaled = getattr(_precision(fabric), "scaler", None) is not None
        self._in_a_row, self._spent = 0, 0.0
        self.stopped = False

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self._task.network

    def run(self, resume: bool) -> RunState:
        """Trains to the end of the budget, or until asked to stop; the network then has the best weights.

        Args:
            resume: go on from the checkpoint in the run's folder, if there is one.

        Returns:
            the state at the end. A network without trained parameters is left as it is.

        Raises:
            TrainingError: the loss was not finite too often in a row.
            StorageError: a checkpoint cannot be written, or is one of another run.
            ViewsError: a view cannot be read.
        """
        if not any(parameter.requires_grad for parameter in self.network.parameters()):
            return RunState(self._learner, torch.optim.SGD([torch.zeros(1)]))
        optimizer = make_optimizer(self._learner, self._config.optimizer)
        state = RunState(self._learner, optimizer)
        if resume and self._checkpoint.exists():
            load_checkpoint(self._checkpoint, state, self._told)
        self._meter.begin(state.progressed)
        self._module, self._optimizer = self._fabric.setup(self._learner, optimizer)
        if state.scaler:  # a scaler refuses the empty state of a run that only begins
            _precision(self._fabric).load_state_dict(state.scaler)
        with (
            closing(Scalars(self._boards, state.progressed.step, self._fabric.global_rank == 0)) as boards,
            torch.backends.cudnn.flags(enabled=True, benchmark=self._task.same_shapes),
        ):
            self._steps(state, boards)
        return state

    def _steps(self, state: RunState, boards: Scalars) -> None:
        """All steps that are left, with the validations between them."""
        progressed, budget = state.progressed, self._config.budget
        guard = BufferGuard(self._learner)
        reading = ahead(self._task.read, itertools.count(progressed.step), self._config.workers)
        with closing(reading) as batches:  # type: ignore[type-var]
            while not self._ends(state):
                started = time.perf_counter()
                loss = self._step(next(batches), state, guard)
                progressed.seconds += time.perf_counter() - started
                self._note(loss, state, boards)
                if progressed.step % budget.validate_every == 0:
                    self._validate(state, boards)
        if progressed.validated < progressed.step and not self.stopped:
            self._validate(state, boards)
        if self.stopped:
            self._save(state)
            self._meter.say(TrainState.STOPPED, progressed, f"stopped at step {progressed.step}")
        elif state.best:
            self.network.load_state_dict(state.best)

    def _ends(self, state: RunState) -> bool:
        """Whether the budget is spent, patience is over or a stop was asked for; the same on all devices."""
        done = budget_done(self._config.budget, state.progressed.step, state.progressed.seconds)
        asked, self._spent = self._agree(float(self._should_stop()), done)
        self.stopped = asked > 0
        patience = self._config.budget.patience
        weary = patience is not None and state.progressed.stale >= patience
        return self.stopped or self._spent >= 1 or weary

    def _step(self, batch: Batch, state: RunState, guard: BufferGuard) -> float:
        """One step of the optimiser; left out if loss or gradient are not finite. Returns the loss.

        Random numbers within network and loss follow from (seed, step, rank) too.
        """
        config, fabric, progressed = self._config, self._fabric, state.progressed
        part = 0.5 / config.budget.steps if config.budget.steps is not None else 0.0  # the middle of the step
        set_learning_rate(state.optimizer, learning_rate(config.optimizer, min(self._spent + part, 1.0)))
        numbers = np.random.default_rng([config.seed, progressed.step, fabric.global_rank, 5])
        torch.manual_seed(int(numbers.integers(2**62)))
        loss = self._task.loss(self._module, batch, fabric.device)
        fabric.backward(loss)
        norm = fabric.clip_gradients(
            self._module,
            self._optimizer,
            max_norm=config.optimizer.clip if config.optimizer.clip is not None else math.inf,
            error_if_nonfinite=False,
        )
        value = float(loss.detach())
        (bad,) = self._agree(float(not (math.isfinite(value) and math.isfinite(float(norm)))))  # type: ignore[arg-type]
        if bad and not (self._scaled and math.isfinite(value)):
            guard.restore()
            if self._scaled:  # it has unscaled these gradients, and takes no others before it is told
                _precision(fabric).scaler.update()
        else:  # a gradient scaler leaves out the step itself and lowers its scale
            self._optimizer.step()
            guard.keep()
        self._optimizer.zero_grad()
        progressed.step += 1
        self._count(bool(bad), state)
        return math.nan if bad else value

    def _count(self, bad: bool, state: RunState) -> None:
        """Counts steps that were left out. Raises TrainingError after too many in a row."""
        self._in_a_row = self._in_a_row + 1 if bad else 0
        state.progressed.skipped += bad
        if self._in_a_row >= _BAD_IN_A_ROW:
            raise TrainingError(
                f"the loss or its gradient was not finite in {self._in_a_row} steps in a row, up to step "
                f"{state.progressed.step}: lower optimizer.lr or set optimizer.clip; "
                f"the last good checkpoint is {self._checkpoint}"
            )

    def _note(self, loss: float, state: RunState, boards: Scalars) -> None:
        """Reports and writes what there is to say, now and then."""
        noted = self._meter.add(loss, state.progressed, self._spent)
        if noted is not None:
            rate = state.optimizer.param_groups[0]["lr"]
            values = {"train__loss": noted.loss, "train__lr": rate}
            boards.add(noted.step, **values, train__images_per_second=noted.images_per_second)

    def _validate(self, state: RunState, boards: Scalars) -> None:
        """Measures the network, keeps the best weights, and writes a checkpoint."""
        progressed = state.progressed
        self._meter.say(TrainState.VALIDATING, progressed)
        found = -1.0
        if self._fabric.global_rank == 0:
            found = self._task.measure(self._fabric)
        (found,) = self._agree(found)
        better = found > progressed.score or found < 0  # without a measure the last weights are the best
        progressed.validated = progressed.step
        progressed.stale = 0 if better else progressed.stale + 1
        if better:
            progressed.score, progressed.best_step = found, progressed.step
            state.best = {
                name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()
            }
        if found >= 0:
            self._meter.score = found
            boards.add(progressed.step, validation__score=found)
        self._save(state)

    def _save(self, state: RunState) -> None:
        """Writes a checkpoint, once for all processes."""
        if self._fabric.global_rank == 0:
            state.scaler = _precision(self._fabric).state_dict()
            save_checkpoint(self._checkpoint, state, self._told)
            self._meter.checkpoint = str(self._checkpoint)
        self._fabric.barrier()

    def _agree(self, *values: float) -> list[float]:
        """The largest of each value over all processes."""
        if self._fabric.world_size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self._fabric.device)
        together = self._fabric.all_reduce(tensor, reduce_op="max")
        return together.tolist()  # type: ignore[union-attr]


def _precision(fabric: Fabric) -> Any:
    """Fabric's precision, which holds the gradient scaler's state: empty without one."""
    return fabric.strategy.precision
