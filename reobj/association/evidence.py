"""What speaks for and against a track being an object: log-likelihood ratios.

Each kind of evidence is log p(seen | this object) - log p(seen | any other object), so that they
add up, 0 says nothing, and a kind that is not there in a mode is simply left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.calibration import Calibration
from reobj.association.candidates import Candidates
from reobj.association.fusion import squared_distance
from reobj.association.geometry import InstanceGeometry

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """What is known of the T tracks that look for their object.

    Attributes:
        views: (T, V, D) float32 unit rows, different views of each.
        weights: (T, V) share of each view, rows sum to 1, 0 where a track has fewer.
        effective_views: (T,) how many independent views they count for.
        labels: (T, L) shares of the votes.
        places: of the T tracks, over their frames.
    """

    views: NDArray[np.float32]
    weights: Array
    effective_views: Array
    labels: Array
    places: InstanceGeometry

    def __len__(self) -> int:
        return len(self.views)


EvidenceTerm = Callable[[Queries, Candidates], Array]
"""Gives the (T, C) natural-log likelihood ratios of each track being each candidate."""


@dataclass(frozen=True, slots=True)
class AppearanceEvidence:
    """How alike the views of track and object are.

    Each view of the track is compared with the prototype nearest to it. The views add up, as far as
    they are independent.

    Attributes:
        calibration: what a similarity says.
        alike_probability: that another object looks the same; bounds from above what looks can say.
        unlike_probability: that an object looks like another one, e.g. from a side never seen;
            bounds from below what looks can say.
    """

    calibration: Calibration
    alike_probability: float = 1e-3
    unlike_probability: float = 0.2

    def __call__(self, queries: Queries, candidates: Candidates) -> Array:
        t, v, d = queries.views.shape
        c, p, _ = candidates.prototypes.shape
        similarity = candidates.prototypes.reshape(c * p, d) @ queries.views.reshape(t * v, d).T
        nearest = similarity.reshape(c, p, t, v).max(axis=1).astype(np.float64)
        mean = np.einsum("ctv,tv->tc", self.calibration.log_ratio(nearest), queries.weights)
        ratio = _at_least(mean * queries.effective_views[:, None], self.unlike_probability)
        return -_at_least(-ratio, self.alike_probability)


@dataclass(frozen=True, slots=True)
class PositionEvidence:
    """How near track and object are, against the room that an object could be anywhere in.

    Attributes:
        pose_std_m: standard deviation between the poses of two visits.
        view_shift: standard deviation, as a share of the object's size, between the centres of what is
            seen of it in two visits. It does not average out within a visit.
        room_per_object_m3: volume of the map per object; with the even prior over all objects of a
            map, evidence does not depend on how large the map is.
        moved_probability: that an object is not where it was; bounds from below what a place can say.
    """

    pose_std_m: float = 0.05
    view_shift: float = 0.35
    room_per_object_m3: float = 6.0
    moved_probability: float = 1e-6

    def __call__(self, queries: Queries, candidates: Candidates) -> Array:
        here, there = queries.places, candidates.places
        if not len(candidates) or not here.located.any():
            return np.zeros((len(queries), len(candidates)))
        every = np.arange(len(candidates))
        rows = np.arange(len(queries))[:, None]
        distance, log_det = self._compare(here.select(rows), there.select(every))
        unknown = np.isnan(distance)
        log_density = -0.5 * (distance + log_det + 3 * np.log(2 * np.pi))
        ratio = log_density + np.log(self.room_per_object_m3 * candidates.population)
        return np.where(unknown, 0.0, _at_least(np.where(unknown, 0.0, ratio), self.moved_probability))

    def distance(self, a: InstanceGeometry, b: InstanceGeometry) -> Array:
        """Squared Mahalanobis distance (M,) between the places of two visits; NaN where one is unknown."""
        return self._compare(a, b)[0]

    def _compare(self, a: InstanceGeometry, b: InstanceGeometry) -> tuple[Array, Array]:
        """Squared distance and ln det of its covariance, over the axes that both have or share."""
        size = np.maximum(a.extents.mean(axis=-1), b.extents.mean(axis=-1))
        variance = self.pose_std_m**2 + (self.view_shift * size) ** 2
        spread = a.covariances + b.covariances + variance[..., None, None] * np.eye(3)
        return squared_distance(a.positions - b.positions, spread)


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """Whether both carry the same class name.

    Attributes:
        confusion: probability that a detector names one object in two ways.
        chance: probability that two different objects carry the same name.
    """

    confusion: float = 0.05
    chance: float = 0.4

    def __call__(self, queries: Queries, candidates: Candidates) -> Array:
        agree = queries.labels @ candidates.labels.T
        same = agree * (1 - self.confusion) + (1 - agree) * self.confusion
        other = agree * self.chance + (1 - agree) * (1 - self.chance)
        return np.log(same / other)


def _at_least(log_ratio: Array, probability: float) -> Array:
    """The ratio when with this probability the evidence is void: log((1 - q) e^r + q)."""
    return np.logaddexp(np.log1p(-probability) + log_ratio, np.log(probability))
