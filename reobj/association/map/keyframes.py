"""Where the camera was, and how that is corrected when SLAM closes a loop."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from reobj.errors import InputError, mismatch
from reobj.types import check_pose

Array = NDArray[np.float64]
Stamps = NDArray[np.int64]

#: poses between two kept ones, which are at most so far apart in time, are left out
_GAP_NS = 200_000_000
#: as long as even motion explains them: metres, or the same in numbers of the rotation matrix
_EVEN = 0.001
#: a corrected key frame must have been seen no further in time from a kept pose than this
_NEAR_NS = 2 * _GAP_NS
#: rotations nearer to orthonormal than this need no closer look
_ORTHONORMAL = 1e-4
#: SLAM moves all key frames a little all the time: less than these metres and radians waits until it adds up
_STILL_M, _STILL_RAD = 0.01, 0.005


class KeyFrames:
    """The poses of the camera that positions were made with, thinned where its motion was even."""

    def __init__(self) -> None:
        self._stamps: list[int] = []
        self._poses: list[Array] = []
        self._kept = 0  # index of the last one that stays; those after it may still be left out

    def __len__(self) -> int:
        return len(self._stamps)

    def add(self, stamp_ns: int, pose: Array) -> None:
        """The camera (4, 4) of the next frame. Going back in time forgets all that came after it."""
        while self._stamps and stamp_ns <= self._stamps[-1]:  # the same: another look at that moment
            self._stamps.pop()
            self._poses.pop()
        self._kept = max(0, min(self._kept, len(self._stamps) - 1))
        between = slice(self._kept + 1, len(self._stamps))
        if self._stamps[between] and not self._explained(between, stamp_ns, pose):
            del self._stamps[between.start : -1], self._poses[between.start : -1]
            self._kept = len(self._stamps) - 1
        self._stamps.append(stamp_ns)
        self._poses.append(pose)

    def _explained(self, between: slice, stamp_ns: int, pose: Array) -> bool:
        """Whether even motion from the last kept pose to this one goes through all those in between."""
        since, first = self._stamps[self._kept], self._poses[self._kept]
        if stamp_ns - since > _GAP_NS:
            return False
        shares = (np.array(self._stamps[between]) - since) / (stamp_ns - since)
        even = first + shares[:, None, None] * (pose - first)  # so short a turn needs no slerp
        return bool(np.abs(even - np.stack(self._poses[between])).max() <= _EVEN)

    def correct(self, poses: Mapping[int, Array]) -> tuple[Stamps, Array]:
        """Takes over better poses, by stamp, of the camera at some moments.

        Returns:
            (K,) stamps in ascending order and (K, 4, 4) corrections there: what turns a place as it was
            known into where it is. None at all (K = 0) where no key frame moved noticeably.

        Raises:
            InputError: a pose is none, or none of the moments is near a frame that was seen.
        """
        check_poses(list(poses.values()))
        stamps = np.array(sorted(stamp for stamp in poses if self._near(stamp)), np.int64)
        if not len(stamps):
            seen = (self._stamps[0], self._stamps[-1]) if self._stamps else "none"
            raise InputError(
                mismatch("stamps of corrected poses", f"moments of frames ({seen})", f"{len(poses)} others")
            )
        was = moved_between(np.array(self._stamps), np.stack(self._poses), stamps)
        now = np.stack([poses[stamp] for stamp in stamps.tolist()])
        corrections = now @ np.linalg.inv(was)
        turns = Rotation.from_matrix(corrections[:, :3, :3]).magnitude()
        steps = np.linalg.norm(now[:, :3, 3] - was[:, :3, 3], axis=1)
        if steps.max() < _STILL_M and turns.max() < _STILL_RAD:
            return stamps[:0], corrections[:0]
        own = moved_between(stamps, corrections, np.array(self._stamps))
        self._poses = list(own @ np.stack(self._poses))
        return stamps, corrections

    def _near(self, stamp_ns: int) -> bool:
        i = bisect_left(self._stamps, stamp_ns)
        return any(abs(stamp_ns - near) <= _NEAR_NS for near in self._stamps[max(0, i - 1) : i + 1])


def check_poses(poses: Sequence[Array]) -> None:
    """``check_pose`` of each, 50 times as fast where all are good. Raises InputError."""
    if all(pose.shape == (4, 4) for pose in poses):
        every = np.array(poses).reshape(-1, 4, 4)
        turns = np.where(np.isfinite(every).all(axis=(1, 2), keepdims=True), every, 0.0)[:, :3, :3]
        straight = np.abs(turns @ turns.swapaxes(1, 2) - np.eye(3)) < _ORTHONORMAL
        good = straight.all(axis=(1, 2)) & (np.linalg.det(turns) > 0)
        poses = [poses[k] for k in np.flatnonzero(~good)]
    for pose in poses:
        check_pose(pose)


def moved_between(stamps: Stamps, transforms: Array, at: Stamps) -> Array:
    """Transforms at other moments: between two in proportion of time, before and after as the nearest one.

    Args:
        stamps: (K,) ascending, K > 0.
        transforms: (K, 4, 4) rigid.
        at: (N,).

    Returns:
        (N, 4, 4).
    """
    if len(stamps) == 1:
        return np.repeat(transforms, len(at), axis=0)
    times = (stamps - stamps[0]).astype(np.float64)  # differences fit into a float, stamps would not
    wanted = np.clip((at - stamps[0]).astype(np.float64), 0, times[-1])
    result = np.tile(np.eye(4), (len(at), 1, 1))
    if len(at):
        result[:, :3, :3] = Slerp(times, Rotation.from_matrix(transforms[:, :3, :3]))(wanted).as_matrix()
    for axis in range(3):
        result[:, axis, 3] = np.interp(wanted, times, transforms[:, axis, 3])
    return result
