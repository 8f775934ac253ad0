"""A nav_msgs/Path as camera poses by stamp."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore
from scipy.spatial.transform import Rotation

from reobj.errors import InputError, mismatch
from reobj.scans.bag_types import standard_types
from reobj_ros.messages.stamps import to_ns

_UNIT = 1e-2
"""A quaternion may be so much longer or shorter than 1, as for ``pose``."""

_BEFORE_CONTENT = 12
"""Bytes of a serialised Path before what says anything: 4 of the encoding, 8 of the stamp of the whole."""


class PathReader:
    """Reads serialised paths.

    rclpy would make all message objects of 2,000 poses in one go, 40 ms in which no other thread of the
    process runs; this takes half of that and lets others in.
    """

    @cached_property
    def _types(self) -> Typestore:
        return standard_types()

    def read(self, data: bytes) -> Any:
        """The Path. Raises InputError when it cannot be read."""
        try:
            return self._types.deserialize_cdr(data, "nav_msgs/msg/Path")
        except Exception as error:  # rosbags raises whatever its generated code runs into
            raise InputError(mismatch("path", "a serialised nav_msgs/Path", repr(error))) from error


def content_of(data: bytes) -> bytes:
    """A serialised path without its own stamp, which changes whenever it is sent."""
    return data[_BEFORE_CONTENT:]


def poses_of(path: Any, map_frame: str) -> dict[int, NDArray[np.float64]]:
    """The poses of a path: stamp in nanoseconds to a (4, 4) matrix, in the order of the path.

    Args:
        path: nav_msgs/Path. The frame of a single pose may be empty.
        map_frame: that they must be in.

    Raises:
        InputError: another frame, a pose that is not finite, a quaternion of another length than 1, or
            several poses with one stamp.
    """
    frames = {path.header.frame_id} | {item.header.frame_id for item in path.poses if item.header.frame_id}
    if frames != {map_frame}:
        others = ", ".join(repr(name) for name in sorted(frames - {map_frame}))
        raise InputError(mismatch("frame of the path", f"{map_frame!r}, the map's (map_frame)", others))
    if not path.poses:
        return {}
    rows = np.array([_numbers(item.pose) for item in path.poses])
    lengths = np.linalg.norm(rows[:, 3:], axis=1)
    # Written so that NaN counts as bad.
    bad = ~(np.isfinite(rows).all(axis=1) & (np.abs(lengths - 1.0) < _UNIT))
    if bad.any():
        k = int(bad.argmax())
        got = f"position {rows[k, :3].tolist()}, quaternion of length {lengths[k]:.4g}"
        what = f"pose {k + 1} of {len(rows)}"
        raise InputError(mismatch(what, "a finite position and a quaternion of length 1", got))
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3, :3] = Rotation.from_quat(rows[:, 3:]).as_matrix()
    poses[:, :3, 3] = rows[:, :3]
    stamps = [to_ns(item.header.stamp) for item in path.poses]
    if len(set(stamps)) < len(stamps):  # as RTAB-Map stamps all of them alike unless it is asked for its map
        got = f"{len(stamps)} poses with {len(set(stamps))} different stamps"
        raise InputError(mismatch("stamps of the path", "that of its image on each pose", got))
    return dict(zip(stamps, poses, strict=True))


def _numbers(pose: Any) -> tuple[float, ...]:
    p, q = pose.position, pose.orientation
    return p.x, p.y, p.z, q.x, q.y, q.z, q.w
