"""Positions that move with the camera poses that they were seen from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.keyframes import Stamps, moved_between
from reobj.association.map.map_places import places_in, put_places
from reobj.association.map.map_state import MapState

Array = NDArray[np.float64]

#: an object that is corrected by less has not moved
_STILL_M = 1e-6


def correct(state: MapState, stamps: Stamps, corrections: Array, visit_ids: NDArray[np.int64]) -> int:
    """As ``ObjectMap.correct_poses``, with (V,) visits."""
    log = state.visits.table
    every = np.flatnonzero(np.isin(log["id"], visit_ids))
    first, last = log["first"][every], log["last"][every]
    middle = first + (last - first) // 2
    put_places(log, every, moved(places_in(log, every), moved_between(stamps, corrections, middle)))
    log["last_pose"][every] = moved_between(stamps, corrections, last) @ log["last_pose"][every]
    state.journal.visits.update(every.tolist())
    rows = np.unique(log["owner"][every]).tolist()
    before = state.table["position"][rows]
    state.recompute_places(rows)
    state.prototypes.correct_poses(stamps, corrections, visit_ids)
    state.journal.objects.update(rows)
    state.journal.slots.update((row, slot) for row in rows for slot in range(state.prototypes.count(row)))
    steps = np.linalg.norm(state.table["position"][rows] - before, axis=1)
    return int(np.count_nonzero(steps > _STILL_M))


def moved(places: InstanceGeometry, transforms: Array) -> InstanceGeometry:
    """Places of N instances after (N, 4, 4) rigid transforms."""
    turns, shifts = transforms[:, :3, :3], transforms[:, :3, 3]
    orientations = places.orientations
    if len(orientations):
        orientations = (Rotation.from_matrix(turns) * Rotation.from_quat(orientations)).as_quat()
    return InstanceGeometry(
        places.depths,
        np.einsum("nij,nj->ni", turns, places.positions) + shifts,
        turns @ places.covariances @ turns.swapaxes(1, 2),
        places.extents,
        orientations,
    )
