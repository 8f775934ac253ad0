"""From similarity to the probability of being the same object, measured on held-out scenes.

Which pairs: a view, and an object of its scene and class, where that scene has several such objects; it is
among those that association has to decide. Their similarity is that of the view and the *nearest* of up
to 16 other views of the object that differ most, as the map compares them: two views of one chair from
opposite sides are no more alike than two chairs, but the map has seen the chair from more than one side. A
view and its own object are a positive, all others negatives. There are many more negatives than positives, so
each kind is weighted to one half of the total: the probability is that at *equal prior*, and association adds
its own prior.

The logistic fit is Platt's (1999), with his targets (n + 1) / (n + 2) and 1 / (n + 2) in place of 1 and 0,
which keep the slope finite where the pairs can be told apart without a mistake. It is made on one half of
the scenes; thresholds and the expected calibration error are measured on the other half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from reobj.encoding.similarity import SimilarityCalibration
from reobj.evaluation.retrieval_views import Views

_PROTOTYPES = 16  #: views of an object that are compared at most; association.max_prototypes by default
_BINS = 10  #: of the expected calibration error, of equal width (Guo et al. 2017, section 2)
_RIGHT = 0.95  #: of the matches, and of the news, at the thresholds, at equal prior
_LIMITS = (0.5, 0.99)  #: thresholds lie between these


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of views.

    Attributes:
        similarities: (P,) float64 cosines.
        same: (P,) bool, whether both views show one object.
    """

    similarities: NDArray[np.float64]
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.same)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(P,): positives together 1/2, negatives together 1/2."""
        positives = max(np.count_nonzero(self.same), 1)
        negatives = max(np.count_nonzero(~self.same), 1)
        return np.where(self.same, 0.5 / positives, 0.5 / negatives)

    @property
    def complete(self) -> bool:
        """Whether there are pairs of both kinds."""
        return bool(self.same.any() and not self.same.all())


def calibrate(views: Views, seed: int) -> SimilarityCalibration | None:
    """The calibration of the network that made the embeddings; None if its pairs are all of one kind.

    Args:
        views: of held-out scenes, with embeddings.
        seed: decides which scenes are for the fit and which for the error.
    """
    fitted, measured = (hard_pairs(views, part, seed) for part in _halves(views, seed))
    if not fitted.complete:
        fitted = measured
    if not measured.complete:  # one scene alone has such pairs
        measured = fitted
    if not fitted.complete:
        return None
    slope, offset = fit_logistic(fitted)
    probabilities = expit(slope * measured.similarities + offset)
    return SimilarityCalibration(
        slope=slope,
        offset=offset,
        match=_threshold(probabilities, measured.same, measured.weights),
        new=_threshold(1 - probabilities, ~measured.same, measured.weights),
        pairs=len(fitted) + len(measured) if fitted is not measured else len(fitted),
        error=calibration_error(probabilities, measured.same, measured.weights),
    )


def hard_pairs(views: Views, rows: NDArray[np.int64], seed: int) -> Pairs:
    """Views of ``rows`` and the objects of their scene and class, where there are several of those."""
    identities, groups = views.identities(), views.scenes * max(len(views.label_names), 1) + views.labels
    norms = np.linalg.norm(views.embeddings, axis=1, keepdims=True)
    unit = views.embeddings / np.maximum(norms, 1e-12)
    rng = np.random.default_rng(seed)
    parts = []
    for group in np.unique(groups[rows]):
        members = rows[groups[rows] == group]
        if len(np.unique(identities[members])) > 1:
            parts.append(_to_objects(unit[members], identities[members], rng))
    found = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0)] * 2
    return Pairs(found[0].astype(np.float64), found[1].astype(bool))


def _to_objects(
    unit: NDArray[np.float32], identities: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Similarity of each of V views (V, D) to each object, and whether it is the view's own.

    A view is not compared with itself; one that is the only view of its object has no positive.
    """
    objects = np.unique(identities)
    nearest = np.full((len(unit), len(objects)), -np.inf, np.float32)
    for number, wanted in enumerate(objects):
        own = rng.permutation(np.flatnonzero(identities == wanted))
        prototypes = own[_farthest_first(unit[own], _PROTOTYPES + 1)]
        similarity = unit @ unit[prototypes].T
        similarity[prototypes, np.arange(len(prototypes))] = -np.inf
        if len(prototypes) > _PROTOTYPES:  # one to spare, for the views that are prototypes themselves
            others = np.setdiff1d(np.arange(len(unit)), prototypes[:-1])
            similarity[others, -1] = -np.inf
        nearest[:, number] = similarity.max(axis=1)
    asked = np.isfinite(nearest)
    return nearest[asked], (objects[None] == identities[:, None])[asked]


def _farthest_first(unit: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Up to ``count`` rows of (V, D) that cover the others, the first row first (Gonzalez 1985)."""
    chosen = [0]
    similarity = unit @ unit[0]
    while len(chosen) < min(count, len(unit)):
        chosen.append(int(similarity.argmin()))
        similarity = np.maximum(similarity, unit @ unit[chosen[-1]])
    return np.array(chosen)


def fit_logistic(pairs: Pairs) -> tuple[float, float]:
    """Slope (>= 0) and offset of log p / (1 - p), by Newton's method on Platt's likelihood.

    Similarities that say nothing, or the contrary, have the slope 0.
    """
    positives, negatives = np.count_nonzero(pairs.same), np.count_nonzero(~pairs.same)
    target = np.where(pairs.same, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    weights = pairs.weights
    spread = max(float(pairs.similarities.std()), 1e-9)
    middle = float(pairs.similarities.mean())
    x = np.stack([(pairs.similarities - middle) / spread, np.ones(len(pairs))], axis=1)
    found = _newton(x, target, weights)
    slope = found[0] / spread
    return (float(slope), float(found[1] - slope * middle)) if slope > 0 else (0.0, 0.0)


def _newton(
    x: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(2,) minimum of the weighted logistic loss; steps are halved until they descend."""

    def loss(at: NDArray[np.float64]) -> float:
        z = x @ at
        return float(weights @ (np.logaddexp(0, z) - target * z))

    at: NDArray[np.float64] = np.zeros(2)
    for _ in range(100):
        p = expit(x @ at)
        gradient = x.T @ (weights * (p - target))
        hessian = (x * (weights * p * (1 - p))[:, None]).T @ x + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        while loss(at - step) > loss(at) and np.abs(step).max() > 1e-12:
            step = step / 2
        at = at - step
        if np.abs(step).max() < 1e-9:
            break
    return at


def calibration_error(
    probabilities: NDArray[np.float64], same: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """Expected calibration error: mean over pairs of |probability - frequency| of their bin."""
    bins = np.minimum((probabilities * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, weights * (probabilities - same), _BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def _threshold(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """The least probability from which on ``_RIGHT`` of the answers are right, within ``_LIMITS``."""
    order = np.argsort(-probabilities, kind="stable")
    total = np.cumsum(weights[order])
    good = np.cumsum((weights * right)[order]) >= _RIGHT * total
    # Of pairs with one probability only the last place counts: they are all taken or none.
    last = np.append(np.diff(probabilities[order]) != 0, True)
    enough = np.flatnonzero(good & last)
    found = probabilities[order][enough[-1]] if len(enough) else 1.0
    return float(np.clip(found, *_LIMITS))


def _halves(views: Views, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of one half of the scenes, and of the other."""
    scenes = np.random.default_rng([seed, 4]).permutation(np.unique(views.scenes))
    first = np.isin(views.scenes, scenes[: (len(scenes) + 1) // 2])
    return np.flatnonzero(first), np.flatnonzero(~first)
