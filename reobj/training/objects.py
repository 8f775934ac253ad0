"""The objects of a table of views: which views each has, and which objects look alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.views.table import ViewTable

Rows = NDArray[np.int64]


class ObjectIndex:
    """Looks up views by object, and objects by scene and by scene and class. Objects are numbered 0, 1, ...

    Attributes:
        scenes: (M,) int64, scene of each of M objects.
        kinds: (M,) int64, the same number for objects of one class in one scene.
        counts: (M,) int64, number of views.

    Args:
        table: of the views; an object's class is that of its first view.
    """

    def __init__(self, table: ViewTable) -> None:
        identities = table.identities()
        self._order = np.lexsort((table.frames, identities))
        self.counts = np.bincount(identities).astype(np.int64) if len(table) else np.zeros(0, np.int64)
        self._starts = np.cumsum(self.counts) - self.counts
        first = self._order[self._starts]
        self.scenes = table.scenes[first]
        self.kinds = self.scenes * max(len(table.label_names), 1) + table.labels[first]
        self._by_scene = _grouped(self.scenes)

    def __len__(self) -> int:
        return len(self.counts)

    def rows(self, obj: int) -> Rows:
        """(n,) views of an object in the order of frames."""
        start = self._starts[obj]
        return self._order[start : start + self.counts[obj]]

    def in_scene(self, scene: int) -> Rows:
        """Objects of a scene."""
        return self._by_scene.get(scene, np.zeros(0, np.int64))


def _grouped(keys: NDArray[np.int64]) -> dict[int, Rows]:
    """Positions of each key."""
    order = np.argsort(keys, kind="stable")
    names, starts = np.unique(keys[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True)) if len(keys) else {}
