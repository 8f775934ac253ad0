"""How long each stage takes."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds that half, and 95 of 100, of the frames stay under."""

    p50: float
    p95: float


class LatencyRecorder:
    """Collects the milliseconds of each stage: four bytes per frame and stage."""

    def __init__(self) -> None:
        self._stages: dict[str, array[float]] = {}

    def add(self, latency_ms: Mapping[str, float]) -> None:
        """Takes one frame: milliseconds by stage."""
        for stage, value in latency_ms.items():
            self._stages.setdefault(stage, array("f")).append(value)

    def percentiles(self) -> dict[str, Percentiles]:
        """By stage, in the order in which the stages were met."""
        return {
            stage: Percentiles(*(float(v) for v in np.percentile(np.asarray(values), (50, 95))))
            for stage, values in self._stages.items()
        }
