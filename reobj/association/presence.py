"""Negative evidence: objects that should be in view and are not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.lines_of_sight import LinesOfSight
from reobj.errors import ConfigError, InputError, mismatch
from reobj.types import Frame, Instances, Intrinsics

Array = NDArray[np.float64]
Ids = NDArray[np.int64]

#: width of the image that ``PresenceConfig.min_size_px`` is meant for
_WIDTH = 640
#: this many objects can go missing at one look; more than that, and more than are seen: the pose is wrong
_FEW = 2
#: share of the lines of sight that must say something of a place
_LEAST_TOLD = 0.4


@dataclass(frozen=True, slots=True)
class PresenceConfig:
    """Parameters of negative evidence.

    Attributes:
        misses: looks at an object's empty place after which it is absent; raising it costs time.
        min_gap_s: looks nearer in time than this are one.
        max_range_m: places further away are not judged, as depth is too coarse there.
        min_free: share of the lines of sight through a place that must end behind it, less those that end
            on what the object stands on. The others may be hidden or without depth. Raising it spares
            more things that one can look through.
        min_taken: share of the lines of sight that end in a place from which something is there.
        clearance_m: how far behind a place a line of sight must end; covers errors of the pose.
        min_size_px: narrowest place that is judged, in pixels of an image 640 wide.
        edge: share of the image's width that a place must stay away from its border.
    """

    misses: int = 3
    min_gap_s: float = 0.5
    max_range_m: float = 4.0
    min_free: float = 0.9
    min_taken: float = 0.3
    clearance_m: float = 0.1
    min_size_px: float = 8.0
    edge: float = 0.02

    def __post_init__(self) -> None:
        checks = {
            "misses": self.misses >= 1,
            "min_gap_s": self.min_gap_s >= 0,
            "max_range_m": self.max_range_m > 0,
            "min_free": 0.5 < self.min_free <= 1,
            "min_taken": 0 < self.min_taken <= 1,
            "clearance_m": self.clearance_m >= 0,
            "min_size_px": self.min_size_px > 0,
            "edge": 0 <= self.edge < 0.5,
        }
        for key, right in checks.items():
            if not right:
                raise ConfigError(mismatch(f"presence.{key}", "a value in its range", getattr(self, key)))


@dataclass(slots=True)
class _Misses:
    """Looks at the empty place of one object, and the stamp of the last one."""

    count: int
    last_ns: int


class Presence:
    """Counts the looks at each object's empty place, until the object is seen or something stands there.

    It speaks only where the empty place is plain to see. An object that is hidden, at the edge of the
    image, out of range, in a hole of the depth, seen from its thin side, or whose place is uncertain
    is not judged; nor is one that stands before a wall at less than the clearance.

    Args:
        config: see there.
    """

    def __init__(self, config: PresenceConfig | None = None) -> None:
        self._config = config or PresenceConfig()
        self._misses: dict[int, _Misses] = {}

    def tune(self, config: PresenceConfig) -> None:
        """Other parameters hold from now on; where they differ, all objects start anew."""
        if config != self._config:
            self._config = config
            self.reset()

    @property
    def absent(self) -> frozenset[int]:
        """The objects that were reported, and not seen since."""
        return frozenset(i for i, m in self._misses.items() if m.count >= self._config.misses)

    def forget(self, object_ids: Iterable[int]) -> None:
        """Starts anew for these objects, which were merged, deleted, or moved by hand."""
        for object_id in object_ids:
            self._misses.pop(object_id, None)

    def reset(self) -> None:
        """Starts anew for all objects: another map, or time went back."""
        self._misses.clear()

    def update(
        self,
        frame: Frame,
        pose: Array | None,
        instances: Instances,
        held: Ids,
        object_ids: Ids,
        places: InstanceGeometry,
    ) -> list[int]:
        """Takes a frame into account.

        Args:
            frame: without depth or intrinsics nothing is missed.
            pose: (4, 4) camera to map; None where it is unknown or not to be believed.
            instances: of the frame.
            held: (N,) which object each instance is, 0 where that is not decided.
            object_ids: (M,) objects that may be in view: all of the map, or those near the camera.
            places: of the M objects, as the map holds them.

        Returns:
            Those that are absent from this frame on. An object is reported once, and again only after
            it was seen.

        Raises:
            InputError: ``held`` or ``places`` do not have one row per instance or object.
        """
        if len(held) != len(instances):
            raise InputError(mismatch("held", f"{len(instances)}, one per instance", len(held)))
        if len(places.depths) != len(object_ids):
            raise InputError(mismatch("places", f"{len(object_ids)}, one per object", len(places.depths)))
        self.forget(held.tolist())
        if pose is None or frame.depth is None or frame.intrinsics is None:
            return []
        near = _in_view(places.positions, pose, frame.intrinsics, self._config.max_range_m)
        near = near[~np.isin(object_ids[near], held)]
        near = near[self._empty(places.select(near), object_ids[near], frame, pose, instances, held)]
        missed = object_ids[near].tolist()
        if len(missed) > max(_FEW, np.count_nonzero(held)):
            return []
        return [object_id for object_id in missed if self._miss(object_id, frame.stamp_ns)]

    def _empty(
        self,
        places: InstanceGeometry,
        object_ids: Ids,
        frame: Frame,
        pose: Array,
        instances: Instances,
        held: Ids,
    ) -> NDArray[np.bool_]:
        """(K,) whether the places are plainly empty. Objects whose places are taken start anew."""
        c, k, depth = self._config, frame.intrinsics, frame.depth
        if k is None or depth is None:
            return np.zeros(len(object_ids), bool)
        sight = LinesOfSight.through(places, pose, k, less=1.0)
        behind, within, support = sight.ends(sight.values(depth), c.clearance_m)
        behind &= ~_undecided(sight.values(instances.label_image), held)
        taken = within.mean(axis=1) >= c.min_taken
        self.forget(set(object_ids[taken].tolist()) - self.absent)
        told = (~support).sum(axis=1)  # a line that ends where the object stands says nothing
        free = self._judged(sight, frame) & (behind.sum(axis=1) >= c.min_free * told)
        rows = np.flatnonzero(free & (told >= _LEAST_TOLD * support.shape[1]))
        # a table top seen from the side fills the uppermost part of its box only, so look at the edges too
        whole = LinesOfSight.through(places.select(rows), pose, k, less=0.0)
        there = whole.ends(whole.values(depth), c.clearance_m)[1].mean(axis=1)
        empty: NDArray[np.bool_] = np.zeros(len(object_ids), bool)
        empty[rows[there <= 1 - c.min_free]] = True
        return empty

    def _judged(self, sight: LinesOfSight, frame: Frame) -> NDArray[np.bool_]:
        """(K,) whose places are wholly in view, near enough and not too narrow."""
        c = self._config
        whole = sight.inside(frame.width, frame.height, c.edge * frame.width)
        near = (sight.exits <= c.max_range_m).all(axis=1)
        return whole & near & (sight.widths() >= c.min_size_px * frame.width / _WIDTH)

    def _miss(self, object_id: int, stamp_ns: int) -> bool:
        """Counts a look at an empty place; whether it makes the object absent."""
        before = self._misses.get(object_id)
        if before is None:
            self._misses[object_id] = _Misses(1, stamp_ns)
            return self._config.misses == 1
        gap_ns = abs(stamp_ns - before.last_ns)  # a looped bag goes back in time
        if before.count == self._config.misses or gap_ns < self._config.min_gap_s * 1e9:
            return False
        before.count, before.last_ns = before.count + 1, stamp_ns
        return before.count == self._config.misses


def _in_view(positions: Array, pose: Array, k: Intrinsics, max_range_m: float) -> NDArray[np.intp]:
    """Rows of the (M, 3) places whose centres are in the image and in range; unknown ones are not."""
    x, y, z = pose[:3, :3].T @ (positions - pose[:3, 3]).T
    near = np.flatnonzero((z > 0) & (z <= max_range_m))
    u, v = k.project(x[near] / z[near], y[near] / z[near])
    return near[(u > 0) & (u < k.width) & (v > 0) & (v < k.height)]


def _undecided(labels: Array, held: Ids) -> NDArray[np.bool_]:
    """Whether values of the label image are instances that may be any object."""
    of_instance = (labels > 0) & (labels <= len(held))
    padded = np.append(held, 1)  # background, and values beyond the number of instances
    return padded[np.where(of_instance, labels - 1, -1).astype(np.intp)] == 0
