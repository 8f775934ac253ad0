"""The moments in which the system said "I know this one", and whether it was right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.evaluation.ownership import IdTally
from reobj.types import Event, EventKind, TrackedObject


@dataclass(frozen=True, slots=True)
class Reidentification:
    """One of them.

    Attributes:
        object_id: the id that was given again.
        absence_ns: how long the object had not been seen.
        probability: in [0, 1], that it is right, by the system itself.
        right: the id has mostly been given to the true object that has it now; None if not known.
    """

    object_id: int
    absence_ns: int
    probability: float
    right: bool | None


class ReidentificationWatcher:
    """Picks the re-identifications out of the frames of a run and judges them by what was true before."""

    def __init__(self) -> None:
        self._tally = IdTally()

    def add(
        self,
        objects: Sequence[TrackedObject],
        events: Sequence[Event],
        true_ids: NDArray[np.integer] | None = None,
    ) -> list[Reidentification]:
        """Takes one frame, in the order of time.

        Args:
            objects, events: what association said.
            true_ids: (N,) the true object that each instance shows, 0 for none; None if not known.

        Returns:
            The re-identifications of this frame whose object is in it.
        """
        true_of = {
            item.object_id: 0 if true_ids is None else int(true_ids[item.index])
            for item in objects
            if item.object_id > 0
        }
        found = [
            self._judged(event, true_of[event.object_ids[0]])
            for event in events
            if event.kind is EventKind.REIDENTIFIED and event.object_ids[0] in true_of
        ]
        self._tally.add(true_of.items())
        return found

    def _judged(self, event: Event, true_id: int) -> Reidentification:
        object_id = event.object_ids[0]
        owner = self._tally.owner(object_id)
        right = owner == true_id if owner and true_id else None
        return Reidentification(object_id, event.absence_ns, event.probability, right)
