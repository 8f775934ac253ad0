"""Joining repeated measurements of places that do not move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: variance added with each measurement, square metres: successive views share their errors, so that
#: certainty must not grow without bound. It is the floor of the fused variance on each axis.
FLOOR_VARIANCE = 0.01**2
#: 0.99 quantile of chi-square with 3 degrees of freedom; a measurement further away is trusted less
_OUTLIER = 11.345


def fuse(mean: Array, covariance: Array, measured: Array, measured_covariance: Array) -> tuple[Array, Array]:
    """Kalman update of N static points with one measurement each.

    A measurement that does not fit is not thrown away, or a wrong first estimate would stay for
    ever; its covariance is inflated until it fits (a Huber-like weight).

    Args:
        mean, measured: (N, 3) metres.
        covariance, measured_covariance: (N, 3, 3) square metres, positive definite.

    Returns:
        Mean (N, 3) and covariance (N, 3, 3).
    """
    innovation = measured - mean
    inflation = np.maximum(1.0, squared_distance(innovation, covariance + measured_covariance)[0] / _OUTLIER)
    spread = covariance + inflation[:, None, None] * measured_covariance
    gain = np.swapaxes(np.linalg.solve(spread, covariance), 1, 2)
    new_mean = mean + (gain @ innovation[:, :, None])[:, :, 0]
    new_covariance = covariance - gain @ covariance + FLOOR_VARIANCE * np.eye(3)
    return new_mean, (new_covariance + np.swapaxes(new_covariance, 1, 2)) / 2


def squared_distance(difference: Array, covariance: Array) -> tuple[Array, Array]:
    """Squared Mahalanobis length of differences (..., 3) and ln det of their covariances (..., 3, 3).

    By cofactors, over all leading axes at once: a LAPACK call per matrix would cost more than all
    else in a large map. NaN where something is unknown.
    """
    x, y, z = np.moveaxis(difference, -1, 0)
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = np.moveaxis(covariance, (-2, -1), (0, 1))
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    d, e, f = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = xx * a + xy * b + xz * c
    form = a * x * x + d * y * y + f * z * z + 2 * (b * x * y + c * x * z + e * y * z)
    return form / determinant, np.log(determinant)
