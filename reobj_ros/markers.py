"""The object map in RViz: a box in the object's colour with its id and label above."""

from __future__ import annotations

from collections.abc import Iterable

from geometry_msgs.msg import Pose, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from reobj.association.map.map_object import MapObject
from reobj.visual.colours import id_colour
from reobj_ros.conversions import point, quaternion

SMALLEST_M = 0.03
"""RViz refuses boxes without thickness."""

TEXT_HEIGHT_M = 0.12


class MarkerPublisher:
    """Builds marker arrays and remembers what is shown, so that what is gone is deleted.

    The first array also deletes what an earlier process may have left in RViz.
    """

    def __init__(self) -> None:
        self._shown: set[int] | None = None

    def build(self, objects: Iterable[MapObject], header: Header) -> MarkerArray:
        """A box and a text for each object with a position; deletes those that are no longer there."""
        markers = [Marker(header=header, action=Marker.DELETEALL)] if self._shown is None else []
        present = set()
        for item in objects:
            if item.position is not None:
                present.add(item.object_id)
                markers += [box(item, header), text(item, header)]
        for object_id in (self._shown or set()) - present:
            markers += [
                Marker(header=header, ns=ns, id=marker_id(object_id), action=Marker.DELETE)
                for ns in ("objects", "labels")
            ]
        self._shown = present
        return MarkerArray(markers=markers)


def marker_id(object_id: int) -> int:
    """Markers have 32-bit ids; the low 31 bits of an object id never collide in one map."""
    return object_id & 0x7FFFFFFF


def box(item: MapObject, header: Header) -> Marker:
    """The object's extent as a translucent box."""
    red, green, blue = (channel / 255.0 for channel in id_colour(item.object_id))
    extent = (
        [0.1, 0.1, 0.1] if item.extent is None else [max(float(side), SMALLEST_M) for side in item.extent]
    )
    marker = Marker(header=header, ns="objects", id=marker_id(item.object_id), type=Marker.CUBE)
    marker.pose = pose_at(item)
    marker.scale = Vector3(x=extent[0], y=extent[1], z=extent[2])
    marker.color = ColorRGBA(r=red, g=green, b=blue, a=0.5)
    return marker


def text(item: MapObject, header: Header) -> Marker:
    """Name, or label where there is none, and id above the box, as in "chair #12"."""
    height = 0.1 if item.extent is None else float(item.extent[2])
    marker = Marker(header=header, ns="labels", id=marker_id(item.object_id), type=Marker.TEXT_VIEW_FACING)
    marker.pose = pose_at(item)
    marker.pose.position.z += height / 2 + TEXT_HEIGHT_M
    marker.scale.z = TEXT_HEIGHT_M
    marker.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
    marker.text = f"{item.name or item.label} #{item.object_id}"
    return marker


def pose_at(item: MapObject) -> Pose:
    """The object's position and the orientation of its box."""
    assert item.position is not None
    pose = Pose(position=point(item.position))
    if item.orientation is not None:
        pose.orientation = quaternion(item.orientation)
    return pose
