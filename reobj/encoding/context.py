"""How much of its surroundings an instance's crop shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True)
class ContextSpec:
    """How a box grows before it is cut out. The grown box may reach beyond the image.

    Attributes:
        ratio: side of the grown box over that of the box, >= 1, before ``pixels`` are added. More shows
            more background and leaves fewer pixels of the crop to the object.
        pixels: added on each of the four sides, >= 0.
        square: lengthen the shorter side to the longer one, so that the object keeps its shape in the crop.
    """

    ratio: float = 1.0
    pixels: float = 0.0
    square: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.ratio < np.inf:
            raise InputError(mismatch("context ratio", "a number >= 1", self.ratio))
        if not 0 <= self.pixels < np.inf:
            raise InputError(mismatch("context pixels", "a number >= 0", self.pixels))

    def grow(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The grown boxes, (N, 4) float32 pixels x0 y0 x1 y1, at least one pixel wide and high."""
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        side = np.maximum((boxes[:, 2:] - boxes[:, :2]) * self.ratio + 2 * self.pixels, 1)
        if self.square:
            side = np.repeat(side.max(axis=1, keepdims=True), 2, axis=1)
        return np.concatenate([centre - side / 2, centre + side / 2], axis=1).astype(np.float32)


#: re-OBJ (Bansal et al. 2019), section 4: a border of 10 pixels around the box.
PAPER_CONTEXT = ContextSpec(pixels=10)
