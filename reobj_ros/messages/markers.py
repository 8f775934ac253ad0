"""The object map in RViz: a box in the object's colour with its id and label above."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
from geometry_msgs.msg import Pose, Vector3
from rclpy.duration import Duration
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from reobj.association.map.map_object import MapObject, ObjectState
from reobj.visual.colours import id_colours
from reobj_ros.messages.conversions import point, quaternion

PERIOD_S = 0.5
"""Between two arrays."""

AT_ONCE = 200
"""Objects in one array at most: an object costs 0.1 ms, so that markers take no more than 4 % of a core."""

SHORTEST_LIFE_S = 5.0
"""Markers that are not shown again for so long vanish, as those of a node that died."""

SMALLEST_M = 0.03
"""RViz refuses boxes without thickness."""

UNKNOWN_M = 0.1
"""Side of the box of an object whose extent is not known."""

TEXT_M = (0.08, 0.25)
"""Text is a fifth as high as the object is long, within these bounds: readable on a cup and on a sofa."""

NAMESPACES = ("objects", "labels")

OPACITY = {ObjectState.PRESENT: 0.5, ObjectState.MOVED: 0.5, ObjectState.ABSENT: 0.12}
REMARK = {ObjectState.PRESENT: "", ObjectState.MOVED: " (moved)", ObjectState.ABSENT: " (absent)"}


class MarkerRounds:
    """Says what RViz must be told to show the map: what changed, and the rest of the map in turn.

    A large map is not sent twice a second. Each array shows ``AT_ONCE`` objects at most: first those that
    were touched, then others, so that all are shown again well before they vanish and whoever comes
    late soon has all of them. The first array also deletes what an earlier process may have left in RViz.

    Args:
        describe: gives the objects of some ids; those that are not there any more are left out.
        frame_id: frame of the positions.
    """

    def __init__(self, describe: Callable[[Sequence[int]], Iterable[MapObject]], frame_id: str) -> None:
        self._describe = describe
        # Without a stamp they stand where they are in the map, whatever time it is.
        self._header = Header(frame_id=frame_id)
        # Filled by the thread of the frames. If more were touched, their turn comes with the round.
        self._touched: deque[int] = deque(maxlen=10_000)
        self._due: dict[int, None] = {}
        self._round: list[int] = []
        self._shown: set[int] = set()
        self._begun = False

    def touch(self, object_ids: Iterable[int]) -> None:
        """These objects may look different now. From any thread."""
        self._touched.extend(object_ids)

    def build(self, living: Collection[int]) -> MarkerArray:
        """The next array. Always from the same thread.

        Args:
            living: the ids of all objects that are to be seen.
        """
        markers = [] if self._begun else [Marker(header=self._header, action=Marker.DELETEALL)]
        self._begun = True
        there = set(living)
        for object_id in self._shown - there:
            markers += [self._deleted(namespace, object_id) for namespace in NAMESPACES]
        self._shown &= there
        items = [item for item in self._describe(self._next(there)) if item.position is not None]
        self._shown.update(item.object_id for item in items)
        colours = id_colours([item.object_id for item in items]) / 255.0
        lifetime = Duration(seconds=lifetime_s(len(there))).to_msg()
        for item, colour in zip(items, colours.tolist(), strict=True):
            for marker in (box(item, colour), text(item)):
                marker.header, marker.lifetime, marker.frame_locked = self._header, lifetime, True
                markers.append(marker)
        return MarkerArray(markers=markers)

    def _next(self, there: set[int]) -> list[int]:
        """Which objects are shown now."""
        while self._touched:
            self._due[self._touched.popleft()] = None
        due = [i for i in self._due if i in there]
        self._due = dict.fromkeys(due[AT_ONCE:])
        chosen = dict.fromkeys(due[:AT_ONCE])
        for _ in there:
            if len(chosen) >= AT_ONCE:
                break
            if not self._round:
                self._round = sorted(there, reverse=True)
            object_id = self._round.pop()
            if object_id in there:
                chosen[object_id] = None
        return list(chosen)

    def _deleted(self, namespace: str, object_id: int) -> Marker:
        return Marker(header=self._header, ns=namespace, id=marker_id(object_id), action=Marker.DELETE)


def lifetime_s(count: int) -> float:
    """How long markers of a map of so many objects live: three rounds, as arrays may be lost or late."""
    return max(SHORTEST_LIFE_S, 3 * PERIOD_S * math.ceil(count / AT_ONCE))


def marker_id(object_id: int) -> int:
    """Markers have 32-bit ids; the low 31 bits of an object id never collide in one map."""
    return object_id & 0x7FFFFFFF


def box(item: MapObject, colour: Sequence[float]) -> Marker:
    """The object's extent as a translucent box, faint where the object was missed.

    Args:
        item: with a position.
        colour: red, green and blue in [0, 1].
    """
    sides = (UNKNOWN_M,) * 3 if item.extent is None else np.maximum(item.extent, SMALLEST_M).tolist()
    red, green, blue = colour
    marker = Marker(ns=NAMESPACES[0], id=marker_id(item.object_id), type=Marker.CUBE)
    marker.pose = pose_at(item)
    marker.scale = Vector3(x=sides[0], y=sides[1], z=sides[2])
    marker.color = ColorRGBA(r=red, g=green, b=blue, a=OPACITY[item.state])
    return marker


def text(item: MapObject) -> Marker:
    """Name, or label where there is none, and id above the box, as in "chair #12"."""
    sides = (UNKNOWN_M,) * 3 if item.extent is None else item.extent.tolist()
    marker = Marker(ns=NAMESPACES[1], id=marker_id(item.object_id), type=Marker.TEXT_VIEW_FACING)
    marker.pose = pose_at(item)
    marker.scale.z = min(max(max(sides) / 5, TEXT_M[0]), TEXT_M[1])
    marker.pose.position.z += sides[2] / 2 + marker.scale.z
    bright = 0.6 if item.state == ObjectState.ABSENT else 1.0
    marker.color = ColorRGBA(r=bright, g=bright, b=bright, a=1.0)
    marker.text = f"{item.name or item.label} #{item.object_id}{REMARK[item.state]}"
    return marker


def pose_at(item: MapObject) -> Pose:
    """The object's position and the orientation of its box."""
    assert item.position is not None
    pose = Pose(position=point(item.position))
    if item.orientation is not None:
        pose.orientation = quaternion(item.orientation)
    return pose
