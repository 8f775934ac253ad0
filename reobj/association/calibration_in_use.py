"""Which calibration and thresholds hold: those that were given, the encoder's own, or learned ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reobj.association.calibration import AppearanceCalibration, LearnedCalibration
from reobj.association.decisions import Thresholds
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import ConfigError, mismatch
from reobj.types import ModelId

Array = NDArray[np.float64]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CalibrationConfig:
    """Where it comes from what a similarity of two embeddings says.

    Attributes:
        source: ``model``: as measured at the end of the encoder's training; for an encoder that has no
            such measurement, or is not known here, as ``learned``. ``learned``: while running, from what
            is certain anyway. ``given``: slope and offset below.
        slope: >= 0, log-odds of being the same object per unit of similarity; only with ``given``.
        offset: -slope times the similarity that says nothing; only with ``given``.
    """

    source: Literal["model", "learned", "given"] = "model"
    slope: float = AppearanceCalibration().slope
    offset: float = AppearanceCalibration().offset

    def __post_init__(self) -> None:
        if not 0 <= self.slope < np.inf:
            raise ConfigError(mismatch("slope", "a finite number >= 0", self.slope))
        if not np.isfinite(self.offset):
            raise ConfigError(mismatch("offset", "a finite number", self.offset))


@dataclass(frozen=True, slots=True)
class ThresholdConfig:
    """When a decision is good enough.

    Attributes:
        match: least probability of a match; raising it costs recall and gains precision. 0 takes the
            encoder's own where ``calibration.source`` is ``model`` and it has one, else 0.8.
        new: least probability that it is no known object; raising it costs time and gains fewer
            duplicates. 0 as for match.
        new_prior: probability, before any evidence, that a track shows an object not in the map.
    """

    match: float = 0.0
    new: float = 0.0
    new_prior: float = 0.1

    def __post_init__(self) -> None:
        for key in ("match", "new"):
            if not 0 <= getattr(self, key) <= 1:
                raise ConfigError(mismatch(key, "a number from 0 to 1", getattr(self, key)))
        if not 0 < self.new_prior < 1:
            raise ConfigError(mismatch("new_prior", "a number between 0 and 1", self.new_prior))

    def resolved(self, measured: SimilarityCalibration | None) -> Thresholds:
        """With the encoder's own, or else the defaults, in place of 0."""
        defaults = Thresholds() if measured is None else measured
        return Thresholds(self.match or defaults.match, self.new or defaults.new, self.new_prior)


class CalibrationInUse:
    """What similarities say for the encoder whose embeddings come in.

    Args:
        calibration, thresholds: see there.
        measured: content hash of a model to what was measured of it.

    Attributes:
        thresholds: those that hold.
        learning: whether ``learn`` has an effect.
    """

    def __init__(
        self,
        calibration: CalibrationConfig,
        thresholds: ThresholdConfig,
        measured: Mapping[str, SimilarityCalibration],
    ) -> None:
        self._calibration, self._thresholds = calibration, thresholds
        self._measured = dict(measured) if calibration.source == "model" else {}
        self._learned = LearnedCalibration()
        self.clear()

    def clear(self) -> None:
        """Forgets the encoder and all that was learned of it."""
        self._learned.clear()
        self._model: ModelId | None = None
        self._choose(None)

    def use(self, model: ModelId) -> None:
        """From now on embeddings come from this model."""
        if model == self._model:
            return
        self.clear()
        self._model = model
        own = self._measured.get(model.content_hash)
        if own is None and self._calibration.source == "model":
            level = logging.WARNING if self._measured else logging.INFO  # another encoder than configured
            log.log(level, "no calibration is known of the encoder %s: it is learned while running", model)
        self._choose(own)

    def tune(self, thresholds: ThresholdConfig) -> None:
        """Other thresholds hold from now on; what was learned stays."""
        self._thresholds = thresholds
        self.thresholds = thresholds.resolved(self._own)

    def _choose(self, own: SimilarityCalibration | None) -> None:
        self._own = own
        self.thresholds = self._thresholds.resolved(own)
        self._current: AppearanceCalibration | LearnedCalibration = self._learned
        if self._calibration.source == "given":
            self._current = AppearanceCalibration(self._calibration.slope, self._calibration.offset)
        elif own is not None:
            self._current = AppearanceCalibration(own.slope, own.offset)

    @property
    def learning(self) -> bool:
        return self._current is self._learned

    def learn(self, similarity: Array, labels: Sequence[str]) -> None:
        """As ``LearnedCalibration.learn``."""
        self._learned.learn(similarity, labels)

    def log_ratio(self, similarity: Array) -> Array:
        """Natural-log likelihood ratio of each similarity, as it stands."""
        return self._current.log_ratio(similarity)
