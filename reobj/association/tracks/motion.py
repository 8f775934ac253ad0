"""How boxes move in the image because the camera moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.types import Intrinsics

Array = NDArray[np.float64]

#: metres; a point nearer than this to the camera plane has no place in the image
NEAR_M = 0.05
#: metres; stands for "depth unknown": only the rotation of the camera moves such a point
FAR_M = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class CameraMotion:
    """The motion of the camera between two frames.

    Attributes:
        relative: (4, 4) float64, from the previous camera frame to the present one.
        intrinsics: of the camera.
    """

    relative: Array
    intrinsics: Intrinsics

    @classmethod
    def between(cls, previous_pose: Array, pose: Array, intrinsics: Intrinsics) -> CameraMotion:
        """From two camera-to-map poses (4, 4)."""
        return cls(np.linalg.inv(pose) @ previous_pose, intrinsics)

    def warp(self, centres: Array, depths: Array) -> tuple[Array, Array]:
        """Where points of the previous image are in the present one, if they do not move in the world.

        Args:
            centres: (T, 2) pixels in the previous image.
            depths: (T,) metres along the optical axis then; NaN where unknown.

        Returns:
            centres (T, 2) in the present image and depths (T,) metres now. A depth below
            ``NEAR_M`` means that the point is out of view behind the camera; its centre means nothing.
            An unknown depth stays NaN if the point is in front.
        """
        k = self.intrinsics
        known = np.isfinite(depths)
        z = np.where(known, depths, FAR_M)
        rays = np.stack([*k.rays(centres[:, 0], centres[:, 1]), np.ones(len(z))], axis=1)
        points = (rays * z[:, None]) @ self.relative[:3, :3].T + self.relative[:3, 3]
        depth = points[:, 2]
        front = depth >= NEAR_M
        safe = np.where(front, depth, 1.0)
        moved = np.stack(k.project(points[:, 0] / safe, points[:, 1] / safe), axis=1)
        return moved, np.where(known | ~front, depth, np.nan)
