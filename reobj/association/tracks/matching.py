"""Which track gets which detection of a frame: cascade, then overlap (Wojke et al. 2017, section 2.3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reobj.association.tracks.assignment import assign, pairs
from reobj.association.tracks.tracker_config import TrackerConfig

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ages = NDArray[np.int64]
Indices = NDArray[np.intp]


class Affinities(NamedTuple):
    """What is known of all pairs of T tracks and N detections, each (T, N) float64.

    Attributes:
        motion: squared Mahalanobis distance as a share of its gate.
        overlap: intersection over union in [0, 1], for the tracks seen in the last frame.
        appearance: cosine distance; infinity where it was not asked for.
        label: what is added to a cost because the labels differ.
    """

    motion: Array
    overlap: Array
    appearance: Array
    label: Array


def match(confirmed: Flags, age: Ages, found: Affinities, config: TrackerConfig) -> tuple[Indices, Indices]:
    """One detection at most for each track.

    Args:
        confirmed: (T,) whether the track is.
        age: (T,) frames since the track was seen, 1 for the last frame.
        found: of all pairs.
        config: gates and weights.

    Returns:
        Pairs (M, 2) of track and detection, and the detections that are left.
    """
    every: Indices = np.arange(found.motion.shape[1])
    cost = _cascade_cost(found.motion, found.appearance, config) + found.label
    first, left = _cascade(confirmed, age, cost, every, 1 + config.label_cost)
    free = ~confirmed | (age == 1)
    free[first[:, 0]] = False
    second, left = _by_overlap(np.flatnonzero(free), confirmed, found, left, config)
    return np.concatenate([first, second]), left


def _cascade_cost(motion: Array, appearance: Array, config: TrackerConfig) -> Array:
    """Equation 5 over the product of both gates, equation 6; infinity outside."""
    weight = config.motion_weight
    relative = appearance / config.max_cosine_distance
    with np.errstate(invalid="ignore"):  # 0 * infinity where a pair is not wanted
        cost = weight * motion + (1 - weight) * relative
    return np.where((motion <= 1) & (relative <= 1), cost, np.inf)


def _cascade(confirmed: Flags, age: Ages, cost: Array, left: Indices, gate: float) -> tuple[Indices, Indices]:
    """The matching cascade, listing 1: tracks seen more recently choose first."""
    matches: list[Indices] = [np.zeros((0, 2), np.intp)]
    hopeful = confirmed & (cost <= gate).any(axis=1)
    for steps in np.unique(age[hopeful]):
        rows = np.flatnonzero(hopeful & (age == steps))
        found, _, rest = assign(cost[rows[:, None], left], gate)
        matches.append(pairs(rows[found[:, 0]], left[found[:, 1]]))
        left = left[rest]
    return np.concatenate(matches), left


def _by_overlap(
    rows: Indices, confirmed: Flags, found: Affinities, left: Indices, config: TrackerConfig
) -> tuple[Indices, Indices]:
    """Section 2.3, last step: tentative tracks, and those seen in the last frame, by IoU."""
    block = rows[:, None], left
    overlap = found.overlap[block]
    foreign = confirmed[rows, None] & (found.appearance[block] > config.max_overlap_cosine_distance)
    refused = foreign | (overlap < config.min_iou)
    cost = np.where(refused, np.inf, 1 - overlap + found.label[block])
    chosen, _, rest = assign(cost, 1 - config.min_iou + config.label_cost)
    return pairs(rows[chosen[:, 0]], left[chosen[:, 1]]), left[rest]
