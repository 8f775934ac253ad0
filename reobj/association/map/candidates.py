"""What evidence is told of the objects of the map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The C objects that tracks are compared with.

    Attributes:
        object_ids: (C,) int64.
        prototypes: (C, P, D) float32 unit rows; where an object has fewer than P, the rest repeats one. P is
            what the one with most of them has.
        labels: (C, L) float64 shares of the votes.
        places: of the C objects; without depths.
        population: number of objects in the whole map.
        uncompared: how many of them are left out because others look more like the tracks.
    """

    object_ids: NDArray[np.int64]
    prototypes: NDArray[np.float32]
    labels: NDArray[np.float64]
    places: InstanceGeometry
    population: int
    uncompared: int = 0

    def __len__(self) -> int:
        return len(self.object_ids)
