"""What is true of the instances of one frame, as all scores of identity need it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.evaluation.truth_matching import Overlaps, match_truth, overlaps_of
from reobj.types import Instances, LabelImage

#: Labels of what is no object (counts as background).
STRUCTURE = ("wall", "floor", "ceiling")


@dataclass(frozen=True, slots=True, eq=False)
class FrameTruth:
    """The N instances of a frame beside its true objects.

    Attributes:
        overlaps: with the true objects, without structure.
        matched: (N,) int64 true id that each instance shows, 0 for none.
        pixels: of the image.
    """

    overlaps: Overlaps
    matched: NDArray[np.int64]
    pixels: int

    @classmethod
    def of(
        cls, instances: Instances, truth: LabelImage, structure: tuple[str, ...] = STRUCTURE
    ) -> FrameTruth:
        """Compares the masks with the true ones.

        Raises:
            InputError: the images differ in size.
        """
        overlaps = _without(overlaps_of(instances, truth), truth, structure)
        return cls(overlaps, match_truth(overlaps), truth.ids.size)

    def cared(self, min_visible: float) -> NDArray[np.bool_]:
        """(G,) the true objects that cover at least this part of the image."""
        return self.overlaps.true_areas >= min_visible * self.pixels

    @property
    def covered(self) -> NDArray[np.int64]:
        """(N,) int64: the true object that each mask lies on for at least half its area, 0 for none.

        Other than ``matched`` this knows the parts of an object that was found as two.
        """
        o = self.overlaps
        if not o.shared.size:
            return np.zeros(len(o.areas), np.int64)
        most = o.shared.argmax(axis=1)
        half = 2 * o.shared[np.arange(len(most)), most] >= np.maximum(o.areas, 1)
        return np.where(self.matched > 0, self.matched, np.where(half, o.true_ids[most], 0))


def _without(overlaps: Overlaps, truth: LabelImage, structure: tuple[str, ...]) -> Overlaps:
    """The overlaps with true objects only; walls and floors become background."""
    keep = np.array([truth.labels.get(i) not in structure for i in overlaps.true_ids.tolist()], dtype=bool)
    return Overlaps(
        overlaps.true_ids[keep], overlaps.true_areas[keep], overlaps.areas, overlaps.shared[:, keep]
    )
