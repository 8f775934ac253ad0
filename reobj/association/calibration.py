"""What a similarity of two embeddings says, given or learned while running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: weight of pairs from which a calibration is learned; before, the stated default holds
_ENOUGH = 100.0
#: pairs with different labels say less: the label tells them apart already
_OTHER_LABEL_WEIGHT = 0.1
#: a revisit looks less alike than two frames of one track; this share of the gap between
#: different objects and the same track is expected to be left
_REVISIT_SHARE = 0.8
#: least standard deviation of a similarity, against certainty out of nearly equal frames
_LEAST_STD = 0.01


class Calibration(Protocol):
    """What a cosine similarity of two embeddings says."""

    def log_ratio(self, similarity: Array) -> Array:
        """Natural-log likelihood ratio of each similarity: same object against any other."""
        ...


@dataclass(frozen=True, slots=True)
class AppearanceCalibration:
    """Probability that two views show the same object: logistic in their cosine similarity.

    log p(same) / p(other) = slope * similarity + offset, at equal prior. The default is stated, not
    measured; the one that belongs to an encoder is made where it is trained.

    Attributes:
        slope: > 0; how much similarity counts.
        offset: -slope times the similarity that says nothing.
    """

    slope: float = 20.0
    offset: float = -14.0

    def log_ratio(self, similarity: Array) -> Array:
        """Natural-log likelihood ratio of each similarity."""
        return self.slope * similarity + self.offset


class LearnedCalibration:
    """A calibration for an encoder that came without one, learned from what is certain anyway.

    Instances in one frame are different objects; an instance and the object that its track holds
    are the same. Both similarities are taken as normal with one variance, which makes the
    log-likelihood ratio linear (linear discriminant analysis). An encoder to which all looks
    alike thus gets little say, whatever its similarities are.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets all, for another encoder."""
        self._same = _Moments()
        self._other = _Moments()

    def learn(self, similarity: Array, labels: Sequence[str]) -> None:
        """Takes the similarities (M, M) of the instances of a frame (rows) to their objects (columns).

        Args:
            similarity: (M, M), the diagonal pairs belong together.
            labels: M class names.
        """
        different = ~np.eye(len(labels), dtype=bool)
        names = np.array(labels, dtype=np.str_)
        weight = np.where(names[:, None] == names[None], 1.0, _OTHER_LABEL_WEIGHT)
        self._other.add(similarity[different], weight[different])
        self._same.add(np.diagonal(similarity), np.ones(len(labels)))

    @property
    def calibration(self) -> AppearanceCalibration:
        """As it stands."""
        if min(self._same.weight, self._other.weight) < _ENOUGH:
            return AppearanceCalibration()
        gap = max(_REVISIT_SHARE * (self._same.mean - self._other.mean), 0.0)
        variance = max(self._same.variance, self._other.variance, _LEAST_STD**2)
        slope = gap / variance
        return AppearanceCalibration(slope, -slope * (self._other.mean + gap / 2))

    def log_ratio(self, similarity: Array) -> Array:
        """Natural-log likelihood ratio of each similarity, as it stands."""
        return self.calibration.log_ratio(similarity)


class _Moments:
    """Weighted mean and variance of all values so far."""

    def __init__(self) -> None:
        self.weight = self._sum = self._squares = 0.0

    def add(self, values: Array, weights: Array) -> None:
        self.weight += float(weights.sum())
        self._sum += float(weights @ values)
        self._squares += float(weights @ values**2)

    @property
    def mean(self) -> float:
        return self._sum / self.weight

    @property
    def variance(self) -> float:
        return max(self._squares / self.weight - self.mean**2, 0.0)
