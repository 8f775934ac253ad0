"""Loss and speed since the last report, and when the next one is due."""

from __future__ import annotations

import math
from dataclasses import replace

from reobj.training.checkpoint import Progressed
from reobj.training.report import Report, TrainReport, TrainState
from reobj.training.sections import BudgetConfig

_INTERVAL_S = 0.5  #: between two reports


class Meter:
    """Counts steps and makes a report of them now and then.

    Args:
        budget: of the run.
        batch: views per step, over all devices.
        views: of the training set.
        report: where reports go.
    """

    def __init__(self, budget: BudgetConfig, batch: int, views: int, report: Report) -> None:
        self._budget, self._batch = budget, batch
        self._report, self._views = report, views
        self.score = math.nan
        self.checkpoint = ""
        self._losses: list[float] = []
        self._steps, self._seconds = 0, 0.0
        self._last = TrainReport(TrainState.TRAINING, views=views)

    def begin(self, progressed: Progressed) -> None:
        """Starts where the run starts."""
        self._seconds = progressed.seconds
        self.score = progressed.score if progressed.score >= 0 else math.nan
        self.say(TrainState.TRAINING, progressed)

    def add(self, loss: float, progressed: Progressed, spent: float) -> TrainReport | None:
        """Takes a step; the report, if one was due.

        Args:
            loss: of the step; NaN for one that was left out.
            progressed: with the step.
            spent: share of the budget before the step.
        """
        self._steps += 1
        if math.isfinite(loss):
            self._losses.append(loss)
        passed = progressed.seconds - self._seconds
        if passed < _INTERVAL_S and progressed.step % self._budget.validate_every:
            return None
        rate = self._steps * self._batch / max(passed, 1e-9)
        mean = sum(self._losses) / len(self._losses) if self._losses else math.nan
        planned = self._planned(progressed.step, spent)
        self._last = replace(self._last, loss=mean, images_per_second=rate, steps=planned)
        self._losses, self._steps, self._seconds = [], 0, progressed.seconds
        self.say(TrainState.TRAINING, progressed)
        return self._last

    def say(self, state: TrainState, progressed: Progressed, message: str = "") -> None:
        """Reports at once."""
        steps = self._last.steps if self._last.steps > 1 else self._planned(progressed.step, 0.0)
        skipped = f"{progressed.skipped} steps without a finite loss left out" if progressed.skipped else ""
        self._last = replace(
            self._last,
            state=state,
            step=progressed.step,
            steps=steps,
            epoch=self._epochs(progressed.step),
            epochs=max(self._epochs(steps), 1),
            score=self.score,
            checkpoint=self.checkpoint,
            message=message or skipped,
        )
        self._report(self._last)

    def _epochs(self, step: int) -> int:
        return step * self._batch // max(self._views, 1)

    def _planned(self, step: int, spent: float) -> int:
        """Steps of the whole run; with a limit of time as many as the speed so far lets expect."""
        if self._budget.max_minutes is None or spent <= 0:
            return self._budget.steps if self._budget.steps is not None else max(step, 1)
        expected = max(round(step / spent), step, 1)
        return expected if self._budget.steps is None else min(expected, self._budget.steps)
