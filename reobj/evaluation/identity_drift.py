"""Poses that drift as those of odometry do, made of true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.types import Frame


@dataclass(frozen=True, slots=True)
class DriftConfig:
    """How poses drift away from the truth.

    The error grows while the camera travels. Over each stretch of ``coherence_m`` it grows in one direction,
    drawn at random, so that over longer ways it is a random walk.

    Attributes:
        translation: metres of error per metre travelled, >= 0.
        yaw_deg_per_m: degrees of error about the map's z axis per metre, standard deviation.
        coherence_m: length of a stretch, > 0; raising it makes the errors add up for longer.
        seed: of the directions, >= 0.
    """

    translation: float = 0.01
    yaw_deg_per_m: float = 0.1
    coherence_m: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("translation", "yaw_deg_per_m", "seed"):
            if not getattr(self, name) >= 0:
                raise InputError(mismatch(f"drift {name}", "a number >= 0", getattr(self, name)))
        if not self.coherence_m > 0:
            raise InputError(mismatch("drift coherence_m", "metres > 0", self.coherence_m))


class PoseDrift:
    """Moves the pose of one frame after the other. The same seed and poses give the same drift."""

    def __init__(self, config: DriftConfig | None = None) -> None:
        self._config = config or DriftConfig()
        self._rng = np.random.default_rng(self._config.seed)
        self._left_m = 0.0  # of the present stretch
        self._direction, self._yaw_per_m = np.zeros(3), 0.0
        self._last: NDArray[np.float64] | None = None
        self._correction = np.eye(4)

    def pose(self, frame: Frame) -> NDArray[np.float64] | None:
        """The drifted pose (4, 4) of the next frame; None where it has none. The first one is true."""
        if frame.pose is None:
            return None
        if self._last is not None:
            self._travel(self._last, float(np.linalg.norm(frame.pose[:3, 3] - self._last[:3, 3])))
        self._last = frame.pose
        return self._correction @ frame.pose

    def _travel(self, before: NDArray[np.float64], step_m: float) -> None:
        """Turns about where the camera seems to be, and shifts, in proportion to the step."""
        if self._left_m <= 0:
            self._begin_stretch()
        self._left_m -= step_m
        where = (self._correction @ before)[:3, 3]
        yaw = self._yaw_per_m * step_m
        error = np.eye(4)
        error[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
        error[:3, 3] = where - error[:3, :3] @ where + self._config.translation * step_m * self._direction
        self._correction = error @ self._correction

    def _begin_stretch(self) -> None:
        direction = self._rng.normal(size=3)
        self._direction = direction / np.linalg.norm(direction)
        self._yaw_per_m = np.deg2rad(self._config.yaw_deg_per_m) * self._rng.normal()
        self._left_m = self._config.coherence_m
