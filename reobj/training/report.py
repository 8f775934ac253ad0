"""How far a training run is: what the command line and a ROS node show of it."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


class TrainState(enum.IntEnum):
    """Same values as reobj_msgs/TrainingProgress."""

    GATHERING = 0
    TRAINING = 1
    VALIDATING = 2
    CALIBRATING = 3
    DONE = 4
    STOPPED = 5
    FAILED = 6


@dataclass(frozen=True, slots=True)
class TrainReport:
    """One report; the fields are those of reobj_msgs/TrainingProgress, where ``score`` is ``rank1``.

    Attributes:
        state: what is being done.
        epoch: from 0; one epoch shows as many views as the training set has.
        epochs: planned, > 0; with a limit of time an estimate.
        step: optimiser steps so far.
        steps: planned, > 0; with a limit of time an estimate.
        loss: mean over the last report interval; NaN before the first step.
        score: of the last validation, in [0, 1]: rank-1 of an encoder, AP of a detector; NaN before it.
        images_per_second: over the last report interval and all devices.
        views: of the training set; for a detector, images.
        checkpoint: folder of the last checkpoint or, when DONE, of the model; empty if none.
        message: one sentence, may be empty.
    """

    state: TrainState
    epoch: int = 0
    epochs: int = 1
    step: int = 0
    steps: int = 1
    loss: float = math.nan
    score: float = math.nan
    images_per_second: float = 0.0
    views: int = 0
    checkpoint: str = ""
    message: str = ""


Report = Callable[[TrainReport], None]
"""Called from the training thread, several times a second at most; should return soon."""


def no_report(report: TrainReport) -> None:
    """Shows nothing."""


def never() -> bool:
    """Does not ask for a stop."""
    return False


class LastReport:
    """Passes reports on and remembers the last one, to which the end is added."""

    def __init__(self, report: Report) -> None:
        self._report, self._said = report, TrainReport(TrainState.TRAINING)

    def __call__(self, report: TrainReport) -> None:
        self._said = report
        self._report(report)

    def end(self, state: TrainState, message: str, **changes: Any) -> None:
        """The last report once more, with another state."""
        self(replace(self._said, state=state, message=message, **changes))
