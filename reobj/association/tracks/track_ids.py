"""Ids of tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class TrackIds:
    """Gives out ids, from 1 on. Trackers that share it never give one to two tracks."""

    def __init__(self) -> None:
        self._next = 1

    def go_on_after(self, track_id: int) -> None:
        """Ids up to this one were given out before, as a map of an earlier run tells."""
        self._next = max(self._next, track_id + 1)

    def take(self, count: int) -> NDArray[np.int64]:
        """(count,) ids that were never given out."""
        self._next += count
        return np.arange(self._next - count, self._next, dtype=np.int64)
