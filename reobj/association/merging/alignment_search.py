"""Where the frame of one map may lie in that of another: what pairs of like objects vote for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pairs = NDArray[np.intp]

#: pairs of matches that vote; where there are more, so many are drawn
_MOST_VOTES = 200_000
#: two objects are as far apart in both maps, but for this: errors of both places in both maps
_TOLERANCE_M = 0.5
#: nearer ones say nothing of a rotation
_LEAST_APART_M = 0.5
#: votes are counted in cells of this size: errors of a direction and of a place
_CELL_RAD, _CELL_M = np.deg2rad(10.0), 0.5


def voted_transforms(here: Array, there: Array, matches: Pairs, weights: Array, most: int) -> Array:
    """Transforms that put matched objects onto each other, those with the most votes first.

    Two matches of objects that are as far apart in both maps vote for the one rotation about z and
    translation that fits both. Votes are counted in cells (a Hough transform, Ballard 1981), of
    which each is worth the mean of its votes.

    Args:
        here, there: (B, 3), (A, 3) metres, places in the two maps.
        matches: (M, 2) rows of here and there that look like one object and have a place.
        weights: (M,) >= 0 how often a match is drawn where there are too many.
        most: cells that are wanted.

    Returns:
        (H, 4, 4) from here to there, H <= most.
    """
    first, second = _drawn(len(matches), weights)
    (b1, a1), (b2, a2) = matches[first].T, matches[second].T
    step_here, step_there = here[b2] - here[b1], there[a2] - there[a1]
    apart_here, apart_there = (np.hypot(step[:, 0], step[:, 1]) for step in (step_here, step_there))
    fits = (b1 != b2) & (a1 != a2) & (np.minimum(apart_here, apart_there) >= _LEAST_APART_M)
    fits &= np.abs(apart_here - apart_there) <= _TOLERANCE_M
    fits &= np.abs(step_here[:, 2] - step_there[:, 2]) <= _TOLERANCE_M
    if not fits.any():
        return np.zeros((0, 4, 4))
    yaw = (_bearing(step_there) - _bearing(step_here))[fits] % (2 * np.pi)
    middle = np.median(here[matches[:, 0]], axis=0)
    halfway_here, halfway_there = (here[b1] + here[b2]) / 2, (there[a1] + there[a2]) / 2
    target = halfway_there[fits] + rotated(yaw, middle - halfway_here[fits])
    cells = _means_of_cells(np.column_stack([yaw, target]), most)
    return upright(cells[:, 0], cells[:, 1:] - rotated(cells[:, 0], middle[None]))


def upright(yaw: Array, translation: Array) -> Array:
    """(H, 4, 4) of rotations (H,) about z, radians, and translations (H, 3)."""
    transforms = np.tile(np.eye(4), (len(yaw), 1, 1))
    transforms[:, 0, 0] = transforms[:, 1, 1] = np.cos(yaw)
    transforms[:, 1, 0], transforms[:, 0, 1] = np.sin(yaw), -np.sin(yaw)
    transforms[:, :3, 3] = translation
    return transforms


def rotated(yaw: Array, points: Array) -> Array:
    """Points (H, 3) about z by (H,) radians."""
    c, s, (x, y, z) = np.cos(yaw), np.sin(yaw), points.T
    return np.stack([c * x - s * y, s * x + c * y, np.broadcast_to(z, c.shape)], axis=1)


def _drawn(count: int, weights: Array) -> tuple[Pairs, Pairs]:
    """All pairs of so many matches, or as many as are wanted, the same ones each time."""
    if count * (count - 1) // 2 <= _MOST_VOTES:
        first, second = np.triu_indices(count, k=1)
        return first, second
    drawn = np.random.default_rng(0).choice(count, (2, _MOST_VOTES), p=weights / weights.sum())
    return drawn[0], drawn[1]


def _bearing(step: Array) -> Array:
    return np.arctan2(step[:, 1], step[:, 0])


def _means_of_cells(votes: Array, most: int) -> Array:
    """(H, 4) means of the votes (N, 4) in those cells that have the most."""
    cells = np.floor(votes / [_CELL_RAD, _CELL_M, _CELL_M, _CELL_M]).astype(np.int64)
    _, cell, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:most]
    means = [np.bincount(cell.ravel(), column) / counts for column in votes.T]
    return np.stack(means, axis=1)[best]
