"""A visit: one time that an object was in view. An object of the map is the sum of its visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.types import DecisionKind


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """A copy of what is known of one short-term track that was an object.

    Attributes:
        visit_id: > 0, increasing, never reused.
        object_id: whose it is now; merging and splitting move visits.
        track_id: the short-term track; 0 where it is not known.
        kind: MATCH where the object was known before, NEW where the visit made it.
        probability: in [0, 1], of that decision.
        first_ns, last_ns: stamps of the first and the last image.
        views: frames.
        votes: class name to votes.
        position: (3,) metres in the map, over its frames; None while unknown, as are the next three.
        covariance: (3, 3) square metres.
        extent: (3,) metres, full side lengths of the box.
        orientation: (4,) quaternion x, y, z, w of the box in the map.
        moved: the object had been moved: places of earlier visits say nothing any more.
        last_pose: (4, 4) camera to map in the last image; None where not known.
    """

    visit_id: int
    object_id: int
    track_id: int
    kind: DecisionKind
    probability: float
    first_ns: int
    last_ns: int
    views: int
    votes: Mapping[str, float]
    position: NDArray[np.float64] | None
    covariance: NDArray[np.float64] | None
    extent: NDArray[np.float64] | None
    orientation: NDArray[np.float64] | None
    moved: bool
    last_pose: NDArray[np.float64] | None
