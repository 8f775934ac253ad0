"""Pose messages <-> matrices, for bags and for live topics alike.

The functions take any object with the fields of ``geometry_msgs/Pose`` or
``geometry_msgs/Transform``. Quaternions are (x, y, z, w).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from reobj.errors import InputError, mismatch


def pose_to_matrix(pose: Any) -> NDArray[np.float64]:
    """(4, 4) float64 from a geometry_msgs/Pose.

    Raises:
        InputError: not finite, or a quaternion of another length than 1.
    """
    return _matrix(pose.position, pose.orientation)


def transform_to_matrix(transform: Any) -> NDArray[np.float64]:
    """(4, 4) float64, child to parent, from a geometry_msgs/Transform.

    Raises:
        InputError: not finite, or a quaternion of another length than 1.
    """
    return _matrix(transform.translation, transform.rotation)


def matrix_to_pose(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position (3,) and quaternion (4,) of a rigid (4, 4) matrix; the quaternion has w >= 0."""
    return matrix[:3, 3].copy(), Rotation.from_matrix(matrix[:3, :3]).as_quat(canonical=True)


def invert(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of a rigid (4, 4) matrix."""
    inverse = np.eye(4)
    inverse[:3, :3] = matrix[:3, :3].T
    inverse[:3, 3] = -matrix[:3, :3].T @ matrix[:3, 3]
    return inverse


def interpolate(start: NDArray[np.float64], end: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
    """The pose at ``fraction`` in [0, 1] of the way: position linear, rotation by slerp (Shoemake 1985)."""
    between = np.eye(4)
    rotations = Rotation.from_matrix([start[:3, :3], end[:3, :3]])
    between[:3, :3] = Slerp([0.0, 1.0], rotations)(fraction).as_matrix()
    between[:3, 3] = (1.0 - fraction) * start[:3, 3] + fraction * end[:3, 3]
    return between


def _matrix(position: Any, orientation: Any) -> NDArray[np.float64]:
    translation = np.array([position.x, position.y, position.z], np.float64)
    quaternion = np.array([orientation.x, orientation.y, orientation.z, orientation.w], np.float64)
    length = float(np.linalg.norm(quaternion))
    # Publishers that write float32 miss 1 by about 1e-7; 1e-2 off is no rounding but another quantity.
    if not np.isfinite(translation).all() or not abs(length - 1.0) < 1e-2:
        got = f"position {translation.tolist()}, quaternion of length {length:.4g}"
        raise InputError(mismatch("pose", "a finite position and a quaternion of length 1", got))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_quat(quaternion).as_matrix()
    matrix[:3, 3] = translation
    return matrix
