"""How a lens bends the image of a pinhole camera, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

Floats = NDArray[np.floating[Any]]

MODELS = {"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}
"""Name of a model, as in sensor_msgs/CameraInfo: how many coefficients it has at most."""

#: rays further from the optical axis than 85 degrees are no image of these models
_WIDEST = float(np.tan(np.radians(85)))
#: a polynomial is believed while it presses the image together along the radius, or pulls it apart, by no
#: more than these factors; soon after it would fold back over itself or leave for infinity
_PRESSED, _PULLED = 0.2, 1.8
#: of ``straighten``: within those factors an error falls by a fifth in each round at least
_ROUNDS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-8)


@dataclass(frozen=True, slots=True)
class Distortion:
    """A lens, between rays (x / z, y / z) of the camera and where a pinhole would have to see them.

    plumb_bob and rational_polynomial: Brown 1971, as OpenCV orders the coefficients (k1, k2, p1, p2, k3
    and k4, k5, k6 of the denominator). equidistant: Kannala and Brandt 2006, as OpenCV's fisheye (k1 .. k4).

    Beyond the rays for which the polynomial says anything, where it would fold the world back into the
    image, it goes on along a straight line.

    Attributes:
        model: one of MODELS.
        coefficients: at most as many as the model has; those that lack are 0.

    Raises:
        InputError: another model, too many coefficients, or one that is not finite.
    """

    model: str
    coefficients: tuple[float, ...]
    _limit: float = field(init=False, repr=False, compare=False)
    _limit_bent: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InputError(mismatch("distortion model", f"one of {', '.join(MODELS)}", repr(self.model)))
        most, given = MODELS[self.model], self.coefficients
        if len(given) > most or not np.isfinite(given).all():
            raise InputError(mismatch(f"distortion {self.model}", f"at most {most} finite numbers", given))
        object.__setattr__(self, "coefficients", (*given, *[0.0] * (most - len(given))))
        radii = np.linspace(0.0, _WIDEST, 2000)[1:]
        bent = radii * self._stretch(radii * radii)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.gradient(bent, radii) * radii / bent
        wrong = ~((bent > 0) & (slope >= _PRESSED) & (slope <= _PULLED))
        last = max(int(wrong.argmax()) - 1, 0) if wrong.any() else len(radii) - 1
        object.__setattr__(self, "_limit", float(radii[last]))
        object.__setattr__(self, "_limit_bent", float(bent[last]))

    @classmethod
    def of(cls, model: str, coefficients: Sequence[float]) -> Distortion | None:
        """What a CameraInfo says; None where all coefficients are 0, whatever the model is called.

        Raises:
            InputError: as for the class; what follows the model's coefficients may be zeros.
        """
        numbers = tuple(map(float, coefficients))
        used = max((i + 1 for i, number in enumerate(numbers) if number != 0), default=0)
        return cls(model, numbers[:used]) if used else None

    def bend(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Where a pinhole would see the rays x, y, arrays of one shape, if it saw what the lens shows."""
        squared = x * x + y * y
        # The square root of 1 for all rays within the limit.
        inside = self._limit / np.sqrt(np.maximum(squared, self._limit**2, dtype=squared.dtype))
        x, y, squared = x * inside, y * inside, squared * inside * inside
        stretch = self._stretch(squared)
        bent_x, bent_y = x * stretch, y * stretch
        if self.model != "equidistant":
            _, _, p1, p2 = self.coefficients[:4]
            bent_x = bent_x + 2 * p1 * x * y + p2 * (squared + 2 * x * x)
            bent_y = bent_y + p1 * (squared + 2 * y * y) + 2 * p2 * x * y
        return bent_x / inside, bent_y / inside

    def straighten(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The rays of which ``bend`` makes x, y; float64 arrays of their shape."""
        shape = np.shape(x)
        bent = np.stack([np.ravel(x), np.ravel(y)], axis=1).astype(np.float64)
        if not len(bent):
            return np.zeros(shape), np.zeros(shape)
        beyond = np.maximum(np.hypot(*bent.T) / self._limit_bent, 1.0)[:, None]
        points, plain, numbers = (bent / beyond)[:, None], np.eye(3), np.array(self.coefficients)
        if self.model == "equidistant":
            straight = cv2.fisheye.undistortPoints(points, plain, numbers)
        else:
            straight = cv2.undistortPointsIter(points, plain, numbers, plain, plain, _ROUNDS)
        rays = np.asarray(straight)[:, 0] * beyond
        return rays[:, 0].reshape(shape), rays[:, 1].reshape(shape)

    def _stretch(self, squared: Floats) -> Floats:
        """How much further from the axis rays are seen than by a pinhole, by the square of their x, y."""
        if self.model == "equidistant":
            tangent = np.sqrt(np.maximum(squared, 1e-12, dtype=squared.dtype))
            angle = np.arctan(tangent)
            return angle / tangent * (1 + _polynomial(self.coefficients, angle * angle))
        k1, k2, _, _, k3, *below = self.coefficients
        above = 1 + _polynomial((k1, k2, k3), squared)
        return above / (1 + _polynomial(below, squared)) if below else above


def _polynomial(coefficients: Sequence[float], t: Floats) -> Floats:
    """c0 t + c1 t^2 + ... (Horner)."""
    total = np.zeros_like(t)
    for coefficient in reversed(coefficients):
        total = (total + coefficient) * t
    return total
