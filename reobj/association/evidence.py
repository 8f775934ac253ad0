"""What speaks for and against a track being an object: log-likelihood ratios.

Each kind of evidence is log p(seen | this object) - log p(seen | any other object), so that they
add up, 0 says nothing, and a kind that is not there in a mode is simply left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.calibration import Calibration
from reobj.association.fusion import squared_distance
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.map.diverse import effective_views

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
        company: ids of the objects that are known to be in view with them.
    """

    views: NDArray[np.float32]
    weights: Array
    effective_views: Array
    labels: Array
    places: InstanceGeometry
    company: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.views)

    @classmethod
    def of(
        cls,
        views: Sequence[NDArray[np.float32]],
        labels: Array,
        places: InstanceGeometry,
        full_novelty: float,
        most_views: float,
    ) -> Queries:
        """From the views of each, without company.

        Args:
            views: T times (V, D), at least one view of each.
            labels, places: see there.
            full_novelty: cosine distance from which a further view counts fully.
            most_views: what the views of one count for at most.
        """
        counts = np.array([len(own) for own in views])
        index = np.arange(counts.max(initial=1))
        return cls(
            np.stack([own[np.minimum(index, len(own) - 1)] for own in views]),
            (index < counts[:, None]) / counts[:, None],
            np.array([min(effective_views(own, full_novelty), most_views) for own in views]),
            labels,
            places,
        )


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
    alike_probability: float = 0.01
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

    What is seen of a large object is often a part of it, whose centre is elsewhere. So the smaller box
    may be anywhere within the larger one at no cost: along each axis of the map, only the distance
    beyond half the difference of their sides counts, and the likelihood is spread over that range.

    Attributes:
        pose_std_m: standard deviation between the poses of two visits.
        view_shift: standard deviation, as a share of the object's size, between the centres of what is
            seen of it in two visits. It does not average out within a visit.
        room_per_object_m3: volume of the map per object; with the even prior over all objects of a
            map, evidence does not depend on how large the map is.
        moved_probability: that an object is not where it was; bounds from below what a place can say.
    """

    pose_std_m: float = 0.05
    view_shift: float = 0.2
    room_per_object_m3: float = 6.0
    moved_probability: float = 1e-6

    def __call__(self, queries: Queries, candidates: Candidates) -> Array:
        here, there = queries.places, candidates.places
        if not len(candidates) or not here.located.any():
            return np.zeros((len(queries), len(candidates)))
        density = self.log_density(here, there)
        unknown = np.isnan(density)
        ratio = np.where(unknown, 0.0, density) + np.log(self.room_per_object_m3 * candidates.population)
        return np.where(unknown, 0.0, _at_least(ratio, self.moved_probability))

    def log_density(self, a: InstanceGeometry, b: InstanceGeometry) -> Array:
        """(T, C) ln of the density, per cubic metre, of T places given C objects; NaN where unknown."""
        rows, columns = np.arange(len(a.depths))[:, None], np.arange(len(b.depths))
        distance, log_volume = self._compare(a.select(rows), b.select(columns))
        return -0.5 * (distance + 3 * np.log(2 * np.pi)) - log_volume

    def distance(self, a: InstanceGeometry, b: InstanceGeometry) -> Array:
        """Squared Mahalanobis distance (M,) between the places of two visits; NaN where one is unknown."""
        return self._compare(a, b)[0]

    def _compare(self, a: InstanceGeometry, b: InstanceGeometry) -> tuple[Array, Array]:
        """Squared distance, and ln of the volume that it is spread over in units of a normal density's."""
        spans_a, spans_b = a.spans, b.spans
        size = np.maximum(spans_a.mean(axis=-1), spans_b.mean(axis=-1))
        variance = self.pose_std_m**2 + (self.view_shift * size) ** 2
        spread = a.covariances + b.covariances + variance[..., None, None] * np.eye(3)
        free = np.abs(spans_a - spans_b) / 2
        apart = a.positions - b.positions
        beyond = np.sign(apart) * np.maximum(np.abs(apart) - free, 0.0)
        distance, log_det = squared_distance(beyond, spread)
        std = np.sqrt(np.diagonal(spread, axis1=-2, axis2=-1))
        return distance, log_det / 2 + np.log1p(2 * free / (np.sqrt(2 * np.pi) * std)).sum(axis=-1)


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
