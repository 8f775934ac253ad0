"""Rounds over a recording: search, carry forwards, carry backwards, until nothing new is found.

As Li et al., "Video Object Segmentation with Re-identification" (2017), whose rounds alternate between both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from reobj.progress import Progress, silent
from reobj.refinement.carrying import MaskSweep
from reobj.refinement.frame_masks import MaskBook
from reobj.refinement.places import PlaceSearch
from reobj.refinement.search import Search

#: rounds at most: each one finds less than the one before, but nothing promises an end
MOST_ROUNDS = 5

RoundProgress = Callable[[str], Progress]
"""Gives what shows the progress of a part of the work that has this name."""


def silent_rounds(title: str) -> Progress:
    """Shows nothing."""
    return silent


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did.

    Attributes:
        number: from 1.
        found: instances without an object that were found to be one, by looks and place or by their track.
        carried: further masks, counted per frame, that were carried from other frames.
        masks: with an object, after the round.
    """

    number: int
    found: int
    carried: int
    masks: int


class Rounds:
    """Refines the masks and identities of a recording.

    Args:
        book: of all frames, changed.
        search: for instances without an object.
        sweep: carries masks.
        progress: of each way through the recording.
        places: looks where objects were seen from elsewhere; None does not.
    """

    def __init__(
        self,
        book: MaskBook,
        search: Search,
        sweep: MaskSweep,
        progress: RoundProgress = silent_rounds,
        places: PlaceSearch | None = None,
    ) -> None:
        self._book, self._search, self._sweep, self._progress = book, search, sweep, progress
        self._places = places

    def run(self, number: int, found: int = 0) -> Round:
        """One round.

        Args:
            number: of the round, from 1.
            found: instances that were found to be objects before it.

        Raises:
            ScanError: a frame is damaged.
        """
        before = self._book.shown()
        by_search = self._search.run(self._book, number)
        if self._places is not None:
            by_search += self._places.run(number, self._progress(f"round {number}, places"))
        self.carry(number)
        after = self._book.shown()
        return Round(number, found + by_search, after - before - by_search, after)

    def carry(self, number: int) -> None:
        """Fresh masks go forwards and backwards as far as they can. Raises ScanError."""
        if not self._has_fresh():
            return
        frames = range(len(self._book))
        for order, way in ((frames, "forwards"), (frames[::-1], "backwards")):
            self._sweep.run(order, number, self._progress(f"round {number}, {way}"))
        self._tire()

    def _has_fresh(self) -> bool:
        return any(
            (rows.fresh & (rows.object_ids > 0)).any()
            for rows in (self._book.rows(number) for number in range(len(self._book)))
        )

    def _tire(self) -> None:
        """What was carried as far as it goes is not carried again."""
        for number in range(len(self._book)):
            rows = self._book.rows(number)
            self._book.relabel(number, replace(rows, fresh=np.zeros(len(rows), dtype=bool)))
