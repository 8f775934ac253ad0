"""Which poses of the camera to believe, and how it moved since the last frame."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from reobj.association.tracks.motion import CameraMotion
from reobj.types import Frame

log = logging.getLogger(__name__)


class CameraPath:
    """Follows the poses of the frames.

    Args:
        max_pose_m: a pose further from the origin is taken for an error.
        max_step_m: a larger step between two frames is a jump and not a motion.

    Attributes:
        max_pose_m, max_step_m: may be changed at any time.
    """

    def __init__(self, max_pose_m: float, max_step_m: float) -> None:
        self.max_pose_m, self.max_step_m = max_pose_m, max_step_m
        self._last: NDArray[np.float64] | None = None
        self._refused = False

    def take(self, frame: Frame) -> tuple[NDArray[np.float64] | None, CameraMotion | None]:
        """Takes the next frame.

        Returns:
            Its pose (4, 4), None when it is missing or absurd (which is logged when it begins), and
            the motion since the last frame, None where one of the poses is missing or it jumped.
        """
        before, self._last = self._last, self._trusted(frame)
        if before is None or self._last is None or frame.intrinsics is None:
            return self._last, None
        if np.linalg.norm(self._last[:3, 3] - before[:3, 3]) > self.max_step_m:
            return self._last, None
        return self._last, CameraMotion.between(before, self._last, frame.intrinsics)

    def _trusted(self, frame: Frame) -> NDArray[np.float64] | None:
        if frame.pose is None:
            return None
        before, self._refused = self._refused, bool(np.linalg.norm(frame.pose[:3, 3]) > self.max_pose_m)
        if self._refused and not before:
            log.warning("pose more than %g m away: used as a frame without pose", self.max_pose_m)
        return None if self._refused else frame.pose
