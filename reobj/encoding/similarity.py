"""What an encoder's similarities mean, as measured on held-out views at the end of its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True)
class SimilarityCalibration:
    """Probability that two views show the same object: logistic in their cosine similarity.

    A logistic fit to held-out pairs (Platt 1999), taken at equal prior:
    log p(same) / p(other) = slope * similarity + offset.

    Attributes:
        slope: >= 0; 0 for an encoder whose similarities say nothing.
        offset: -slope times the similarity that says nothing.
        match: least probability at which a track is taken for an object of the map, in (0, 1).
        new: least probability at which it is taken for a new one, in (0, 1).
        pairs: held-out pairs that all this was measured on, >= 0.
        error: expected calibration error on them, in [0, 1]: what to expect between probability and truth.
    """

    slope: float
    offset: float
    match: float
    new: float
    pairs: int
    error: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and self.slope >= 0):
            raise InputError(mismatch("slope", "a finite number >= 0", self.slope))
        if not np.isfinite(self.offset):
            raise InputError(mismatch("offset", "a finite number", self.offset))
        for name in ("match", "new"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(mismatch(name, "a probability between 0 and 1", getattr(self, name)))
        if self.pairs < 0:
            raise InputError(mismatch("pairs", "an integer >= 0", self.pairs))
        if not 0 <= self.error <= 1:
            raise InputError(mismatch("error", "a number from 0 to 1", self.error))

    def probability(self, similarity: ArrayLike) -> NDArray[np.float64]:
        """Probability of being the same object for each cosine similarity, when both are as likely before."""
        return np.asarray(expit(self.slope * np.asarray(similarity, np.float64) + self.offset))
