"""How the frame of one map lies in the frame of another, and how sure that is.

Both maps have their z axis up (REP 103), so that a rotation about it and a translation are left, which
two objects determine: the minimal set of RANSAC (Fischler and Bolles 1981). Equal objects match each
other in all ways; only their arrangement tells which is which. So each hypothesis is scored by
all objects at once, and those that explain the maps in different ways are all kept as rivals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from reobj.association.evidence import PositionEvidence, Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.merging.alignment_search import upright, voted_transforms
from reobj.association.tracks.assignment import assign

Array = NDArray[np.float64]
Pairs = NDArray[np.intp]

#: pairs of objects below this log-likelihood ratio do not vote: other class and other looks
_LEAST_LIKENESS = -2.0
#: a hypothesis from two objects is off by about so many metres at the others; less in each round
_SPREADS_M = (0.3, 0.1, 0.0, 0.0)
#: hypotheses that are looked at, those that are worked out, and how many pairs all that may cost
_SCORED, _REFINED, _MOST_PAIRS = 512, 24, 20_000_000
#: hypotheses nearer than this to a better one, at half of the objects, are the same one
_SAME_M = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class MapPair:
    """B objects of one map against A objects of another.

    Attributes:
        likeness: (B, A) log-likelihood ratios of being one object, without places; -inf where it cannot be.
        here, there: places of the B and the A objects, each in its own frame.
        position: what places say.
        new_prior: probability that an object of the first map is not in the other.
    """

    likeness: Array
    here: InstanceGeometry
    there: InstanceGeometry
    position: PositionEvidence
    new_prior: float

    @property
    def new_logit(self) -> float:
        """Of an object that the other map does not have."""
        return float(np.log(self.new_prior))

    def logits(self, transforms: Array | None = None, spread_m: float = 0.0) -> Array:
        """(H, B, A) log of prior times likelihood under each of the transforms; H = 1 without places.

        Args:
            transforms: (H, 4, 4) from here to there.
            spread_m: standard deviation by which they are off.
        """
        b, a = self.likeness.shape
        prior = np.log((1 - self.new_prior) / max(a, 1))
        if transforms is None:
            return self.likeness[None] + prior
        places = moved(self.here, transforms, spread_m)
        n, views = len(places.positions), np.zeros((0, 0), np.float32)
        queries = Queries(np.tile(views, (n, 1, 1)), np.zeros((n, 0)), np.ones(n), np.zeros((n, 0)), places)
        candidates = Candidates(np.arange(a), np.tile(views, (a, 1, 1)), np.zeros((a, 0)), self.there, a)
        return self.likeness[None] + prior + self.position(queries, candidates).reshape(-1, b, a)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """One way in which the first map may lie in the other.

    Attributes:
        transform: (4, 4) from the first to the other.
        pairs: (K, 2) rows of both that are one object then.
        logits: (B, A) log of prior times likelihood of each pair then; -inf where that cannot be.
        log_evidence: natural log of its likelihood against that of maps with nothing in common.
    """

    transform: Array
    pairs: Pairs
    logits: Array
    log_evidence: float


def in_one_frame(maps: MapPair) -> Alignment:
    """The alignment of maps that have the same frame."""
    logits = maps.logits(np.eye(4)[None])[0]
    pairs = assign(maps.new_logit - logits, 0.0).matches
    return Alignment(np.eye(4), pairs, logits, _gain(maps, logits, pairs))


def alignments(maps: MapPair, least_pairs: int) -> list[Alignment]:
    """Ways in which the first map may lie in the other, the best first, no two with the same pairs.

    Args:
        maps: see there.
        least_pairs: objects with places that must agree, at least 2.
    """
    both = maps.here.located[:, None] & maps.there.located[None]
    matches = np.argwhere(both & (maps.likeness >= _LEAST_LIKENESS))
    if len(matches) < least_pairs:
        return []
    most = max(_REFINED, min(_SCORED, _MOST_PAIRS // maps.likeness.size))
    best = maps.likeness.max(axis=1, keepdims=True)
    weights = np.exp(maps.likeness - np.where(np.isfinite(best), best, 0.0))
    transforms = voted_transforms(
        maps.here.positions, maps.there.positions, matches, weights[tuple(matches.T)], most
    )
    found: dict[bytes, Alignment] = {}
    for transform in _best(maps, transforms):
        alignment = _refined(maps, transform, least_pairs)
        if alignment is not None:
            same = found.setdefault(alignment.pairs.tobytes(), alignment)
            if alignment.log_evidence > same.log_evidence:
                found[alignment.pairs.tobytes()] = alignment
    return sorted(found.values(), key=lambda alignment: -alignment.log_evidence)


def moved(places: InstanceGeometry, transforms: Array, spread_m: float = 0.0) -> InstanceGeometry:
    """Places of N objects after each of H upright transforms (H, 4, 4): of H * N, transform by transform."""
    rotation = transforms[:, None, :3, :3]
    positions = (rotation @ places.positions[None, :, :, None])[..., 0] + transforms[:, None, :3, 3]
    covariances = rotation @ places.covariances @ np.swapaxes(rotation, 2, 3) + spread_m**2 * np.eye(3)
    # half the angle about z times the quaternion of the box
    half = np.arctan2(transforms[:, None, 1, 0], transforms[:, None, 0, 0]) / 2
    c, s, (x, y, z, w) = np.cos(half), np.sin(half), places.orientations.T
    turned = np.stack([c * x - s * y, c * y + s * x, c * z + s * w, c * w - s * z], axis=2)
    every = np.tile(np.arange(len(places.depths)), len(transforms))
    return replace(
        places.select(every),
        positions=positions.reshape(-1, 3),
        covariances=covariances.reshape(-1, 3, 3),
        orientations=turned.reshape(-1, 4),
    )


def _gain(maps: MapPair, logits: Array, pairs: Pairs) -> float:
    """Log-likelihood ratio of just these pairs against none.

    How many objects the maps have in common may be anything: each number is as likely, and shared among
    all choices of so many. A few pairs that fit by chance thus explain little when all others do not.
    """
    b, k = len(logits), len(pairs)
    log_choices = gammaln(b + 1) - gammaln(k + 1) - gammaln(b - k + 1)
    return float(logits[tuple(pairs.T)].sum() - k * np.log(1 - maps.new_prior) - log_choices)


def _best(maps: MapPair, transforms: Array) -> Array:
    """Those of the transforms (H, 4, 4) under which most is explained and that are not nearly the same."""
    scores = np.array([_rough_gain(maps, transform[None]) for transform in transforms])
    places = maps.here.positions[maps.here.located]
    kept: list[Array] = []
    for i in np.argsort(-scores, kind="stable"):
        ends = places @ transforms[i, :3, :3].T + transforms[i, :3, 3]
        if all(np.median(np.linalg.norm(ends - other, axis=1)) > _SAME_M for other in kept):
            kept.append(ends)
            transforms[len(kept) - 1] = transforms[i]
        if len(kept) == _REFINED:
            break
    return transforms[: len(kept)]


def _rough_gain(maps: MapPair, transform: Array) -> float:
    """What mutually best pairs explain better than that all objects are new; faster than an assignment."""
    gain = maps.logits(transform, _SPREADS_M[0])[0] - maps.new_logit
    best = gain.argmax(axis=1)
    own = gain[np.arange(len(gain)), best]
    return float(own[(own > 0) & (own == gain.max(axis=0)[best])].sum())


def _refined(maps: MapPair, transform: Array, least_pairs: int) -> Alignment | None:
    """The best transform nearby; None where too few objects agree."""
    for spread_m in _SPREADS_M:
        logits = maps.logits(transform[None], spread_m)[0]
        pairs = assign(maps.new_logit - logits, 0.0).matches
        placed = pairs[maps.here.located[pairs[:, 0]] & maps.there.located[pairs[:, 1]]]
        if len(placed) < least_pairs:
            return None
        before, (transform, log_share) = transform, fitted(maps, placed)
    return Alignment(before, pairs, logits, _gain(maps, logits, pairs) + log_share)


def fitted(maps: MapPair, pairs: Pairs) -> tuple[Array, float]:
    """The transform that fits pairs (K, 2) of objects with places best, and what it costs to have chosen it.

    Returns:
        (4, 4) by weighted least squares, and the natural log of the share that the transforms that fit
        have of all that were possible: the Occam factor of Laplace's approximation (MacKay 2003, 28.1).
    """
    here, there = maps.here.select(pairs[:, 0]), maps.there.select(pairs[:, 1])
    size = np.maximum(here.extents.mean(axis=1), there.extents.mean(axis=1))
    variance = np.trace(here.covariances + there.covariances, axis1=1, axis2=2) / 3
    variance += maps.position.pose_std_m**2 + (maps.position.view_shift * size) ** 2
    weight = 1 / variance
    centre_here, centre_there = (np.average(p.positions, axis=0, weights=weight) for p in (here, there))
    x, y, _ = (here.positions - centre_here).T
    u, v, _ = (there.positions - centre_there).T
    yaw = np.arctan2(weight @ (x * v - y * u), weight @ (x * u + y * v))
    transform = upright(np.array([yaw]), np.zeros((1, 3)))[0]
    transform[:3, 3] = centre_there - transform[:3, :3] @ centre_here
    span = np.ptp(maps.there.positions[maps.there.located], axis=0) + 1.0
    log_possible = np.log(2 * np.pi) + np.log(span).sum()
    information = np.log(weight @ (x**2 + y**2)) + 3 * np.log(weight.sum())
    return transform, float(2 * np.log(2 * np.pi) - information / 2 - log_possible)
