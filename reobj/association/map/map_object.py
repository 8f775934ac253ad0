"""One object of the long-term map as others see it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class ObjectState(enum.IntEnum):
    """What is known of an object's presence. Same values as reobj_msgs/MapObject."""

    PRESENT = 0
    ABSENT = 1
    MOVED = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True, eq=False)
class MapObject:
    """A copy of an object of the map; it does not change when the map does.

    Attributes:
        object_id: > 0, below 2**63, never reused.
        uuid: RFC 4122, for maps that travel.
        name: given by a person, empty if none.
        label: the class with the most votes.
        label_share: its share of the votes, in [0, 1].
        position: (3,) metres in the map, centre; None while unknown, as are the next two.
        covariance: (3, 3) square metres.
        extent: (3,) metres, full side lengths of the box.
        views: frames in which it was seen.
        visits: tracks that were it.
        prototypes: embeddings kept.
        first_seen_ns, last_seen_ns: stamps of the first and the last image.
        state: present, absent, moved or retired.
        merged_into: the object that this one was merged into, 0 if none.
        cannot_link: objects that were seen in the same frame, so that they are never this one.
        orientation: (4,) quaternion x, y, z, w of the box in the map; None while unknown.
    """

    object_id: int
    uuid: str
    name: str
    label: str
    label_share: float
    position: NDArray[np.float64] | None
    covariance: NDArray[np.float64] | None
    extent: NDArray[np.float64] | None
    views: int
    visits: int
    prototypes: int
    first_seen_ns: int
    last_seen_ns: int
    state: ObjectState = ObjectState.PRESENT
    merged_into: int = 0
    cannot_link: frozenset[int] = frozenset()
    orientation: NDArray[np.float64] | None = None
