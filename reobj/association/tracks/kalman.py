"""The Kalman filter of DeepSORT over all tracks at once (Wojke et al. 2017, section 2.1).

The state is (centre x, centre y, aspect w / h, height) and their velocities per frame, with
constant velocity; the first four are measured. Process and measurement noise are diagonal and
proportional to the height, as is the first covariance. Each coordinate is therefore independent
of the others for ever: the (8, 8) covariance is four (2, 2) blocks. They are stored as they are,
which is exact and leaves no matrix to multiply or invert.

    mean:       (T, 2, 4) float64: [:, 0] the four coordinates, [:, 1] their velocities
    covariance: (T, 3, 4) float64: variance of the coordinate, its covariance with its velocity,
                variance of the velocity
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: 0.95 quantile of chi-square with 4 degrees of freedom, the gate of section 2.2
CHI2_95_4 = 9.4877

#: standard deviations as a share of the height: of a coordinate and of its velocity
POSITION_WEIGHT, VELOCITY_WEIGHT = 1 / 20, 1 / 160
#: standard deviations of the aspect ratio, which has no unit: in the process, of its velocity, measured
ASPECT_STD, ASPECT_VELOCITY_STD, ASPECT_MEASURED_STD = 1e-2, 1e-5, 1e-1


def initiate(boxes: Array) -> tuple[Array, Array]:
    """Mean and covariance of tracks that start at ``boxes`` (N, 4), standing still."""
    mean = np.zeros((len(boxes), 2, 4))
    mean[:, 0] = boxes
    covariance = np.zeros((len(boxes), 3, 4))
    covariance[:, 0] = _variance(boxes[:, 3], 2 * POSITION_WEIGHT, ASPECT_STD)
    covariance[:, 2] = _variance(boxes[:, 3], 10 * VELOCITY_WEIGHT, ASPECT_VELOCITY_STD)
    return mean, covariance


def predict(mean: Array, covariance: Array) -> None:
    """Moves all tracks on by one frame, in place."""
    height = mean[:, 0, 3]
    process = _variance(height, POSITION_WEIGHT, ASPECT_STD)
    process_velocity = _variance(height, VELOCITY_WEIGHT, ASPECT_VELOCITY_STD)
    mean[:, 0] += mean[:, 1]
    covariance[:, 0] += 2 * covariance[:, 1] + covariance[:, 2] + process
    covariance[:, 1] += covariance[:, 2]
    covariance[:, 2] += process_velocity


def move(mean: Array, covariance: Array, centres: Array, scale: Array) -> None:
    """Puts all tracks at ``centres`` (T, 2) and makes their pixels ``scale`` (T,) times as long, in place."""
    mean[:, 0, :2] = centres
    mean[:, 0, 3] *= scale
    mean[:, 1, [0, 1, 3]] *= scale[:, None]
    covariance[:, :, [0, 1, 3]] *= (scale * scale)[:, None, None]


def update(mean: Array, covariance: Array, boxes: Array) -> tuple[Array, Array]:
    """Mean and covariance after each track (T) has been measured at its box (T, 4)."""
    spread = _innovation_variance(mean, covariance)
    gain = covariance[:, :2] / spread[:, None]  # (T, 2, 4): of the coordinate and of its velocity
    new_mean = mean + gain * (boxes - mean[:, 0])[:, None]
    new_covariance = covariance.copy()
    new_covariance[:, :2] -= gain[:, :1] * covariance[:, :2]
    new_covariance[:, 2] -= gain[:, 1] * covariance[:, 1]
    return new_mean, new_covariance


def gating_distance(mean: Array, covariance: Array, boxes: Array) -> Array:
    """Squared Mahalanobis distance of each box (D, 4) from each predicted track, (T, D), equation 1."""
    scale = np.sqrt(1 / _innovation_variance(mean, covariance))
    distance = np.zeros((len(mean), len(boxes)))
    for c in range(4):  # one coordinate at a time, as short last axes are slow
        difference = (boxes[None, :, c] - mean[:, None, 0, c]) * scale[:, None, c]
        distance += difference * difference
    return distance


def _innovation_variance(mean: Array, covariance: Array) -> Array:
    return covariance[:, 0] + _variance(mean[:, 0, 3], POSITION_WEIGHT, ASPECT_MEASURED_STD)


def _variance(height: Array, weight: float, aspect_std: float) -> Array:
    """(T, 4) variances: ``weight`` of the height for x, y and the height, a constant for the aspect."""
    std = weight * np.maximum(height, 1.0)
    variance = np.empty((len(height), 4))
    variance[:] = (std * std)[:, None]
    variance[:, 2] = aspect_std * aspect_std
    return variance
