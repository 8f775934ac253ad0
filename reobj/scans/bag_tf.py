"""Transforms from /tf and /tf_static, composed and interpolated in time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.scans.bag_sync import HORIZON_NS
from reobj.scans.message_poses import interpolate, transform_to_matrix

Matrix = NDArray[np.float64]

# Between samples further apart the motion is unknown: localisation was lost, not slow.
_MAX_GAP_NS = HORIZON_NS
_MAX_SAMPLES = 1000  # of one edge, while no image comes that would let go of them


class _Edge:
    """The pose of one frame in its parent over time; without stamps if it is static."""

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self.fixed: Matrix | None = None
        self.stamps: list[int] = []
        self.matrices: list[Matrix] = []

    def add(self, stamp_ns: int, matrix: Matrix) -> None:
        at = bisect_left(self.stamps, stamp_ns)
        if at < len(self.stamps) and self.stamps[at] == stamp_ns:
            self.matrices[at] = matrix
            return
        self.stamps.insert(at, stamp_ns)
        self.matrices.insert(at, matrix)
        self.keep(max(0, len(self.stamps) - _MAX_SAMPLES), len(self.stamps))

    def at(self, stamp_ns: int, slop_ns: int) -> Matrix | None:
        """The pose at a time: interpolated, or the nearest one within the slop beyond the ends."""
        if self.fixed is not None:
            return self.fixed
        after = bisect_left(self.stamps, stamp_ns)
        if after < len(self.stamps) and self.stamps[after] == stamp_ns:
            return self.matrices[after]
        if 0 < after < len(self.stamps):
            start, end = self.stamps[after - 1], self.stamps[after]
            if end - start <= _MAX_GAP_NS:
                fraction = (stamp_ns - start) / (end - start)
                return interpolate(self.matrices[after - 1], self.matrices[after], fraction)
        near = [i for i in (after - 1, after) if 0 <= i < len(self.stamps)]
        near = [i for i in near if abs(self.stamps[i] - stamp_ns) <= slop_ns]
        return self.matrices[min(near, key=lambda i: abs(self.stamps[i] - stamp_ns))] if near else None

    def keep(self, start: int, stop: int) -> None:
        del self.stamps[stop:], self.matrices[stop:]
        del self.stamps[:start], self.matrices[:start]


class TransformTree:
    """The tree of frames. A ``Companion`` of the images whose poses it knows.

    Args:
        target: frame that an image waits for a way to, such as ``map``.
        slop_ns: how far beyond the first and last transform a pose is still taken from it.
    """

    def __init__(self, target: str, slop_ns: int) -> None:
        self._target = target
        self._slop_ns = slop_ns
        self._edges: dict[str, _Edge] = {}

    def add(self, message: Any, *, static: bool) -> None:
        """Takes a tf2_msgs/TFMessage. Raises InputError for a transform that is not rigid."""
        for stamped in message.transforms:
            matrix = transform_to_matrix(stamped.transform)
            parent = stamped.header.frame_id.lstrip("/")
            child = stamped.child_frame_id.lstrip("/")
            edge = self._edges.get(child)
            if edge is None or edge.parent != parent:
                edge = self._edges[child] = _Edge(parent)
            if static:
                edge.fixed = matrix
            else:
                stamp = stamped.header.stamp
                edge.add(stamp.sec * 1_000_000_000 + stamp.nanosec, matrix)

    def leads(self, frame: str, target: str) -> bool:
        """Whether there is a way from ``frame`` up to ``target``, at whatever time."""
        return frame == target or any(edge.parent == target for edge in self._chain(frame, target))

    def lookup(self, frame: str, stamp_ns: int, target: str) -> Matrix | None:
        """(4, 4) float64 pose of ``frame`` in ``target``; None where not known."""
        pose, reached = np.eye(4), frame
        for edge in self._chain(frame, target):
            step = edge.at(stamp_ns, self._slop_ns)
            if step is None:
                return None
            pose, reached = step @ pose, edge.parent
        return pose if reached == target else None

    def settled(self, stamp_ns: int, frame_id: str) -> bool:
        return all(
            edge.fixed is not None or any(0 <= s - stamp_ns <= HORIZON_NS for s in edge.stamps)
            for edge in self._chain(frame_id, self._target)
        )

    def forget_after(self, stamp_ns: int) -> None:
        for edge in self._edges.values():
            edge.keep(0, bisect_left(edge.stamps, stamp_ns + self._slop_ns + 1))

    def forget_before(self, stamp_ns: int) -> None:
        """Keeps one transform before the time, to interpolate from."""
        for edge in self._edges.values():
            edge.keep(max(0, bisect_left(edge.stamps, stamp_ns) - 1), len(edge.stamps))

    def _chain(self, frame: str, target: str) -> Iterator[_Edge]:
        """The edges from a frame up to the target or the root; ends where a damaged tree would go round."""
        for _ in range(len(self._edges)):
            edge = self._edges.get(frame)
            if edge is None or frame == target:
                return
            yield edge
            frame = edge.parent
