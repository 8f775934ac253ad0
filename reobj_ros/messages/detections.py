"""The objects of a frame as ``vision_msgs`` has them, for those who know no messages of ours.

``vision_msgs`` is optional, so its module of message classes is handed over: of 4.0 or later, which is
Humble's and all that came after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseWithCovariance
from std_msgs.msg import Header

from reobj.association.map.map_object import MapObject
from reobj.types import FrameResult, TrackedObject
from reobj_ros.messages.conversions import placed, vector


def detections_2d(types: Any, result: FrameResult, header: Header) -> Any:
    """A Detection2DArray: the boxes of all tracked instances, in pixels.

    Args:
        types: the module ``vision_msgs.msg``.
        result: of the pipeline.
        header: of the source image.
    """
    boxes, labels = result.instances.boxes.astype(np.float64), result.instances.labels
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    found = []
    for item in result.objects:
        hypothesis = hypothesis_of(types, labels[item.index], score_of(result, item))
        detection = types.Detection2D(header=header, id=id_of(item), results=[hypothesis])
        detection.bbox.center.position.x, detection.bbox.center.position.y = centres[item.index].tolist()
        detection.bbox.size_x, detection.bbox.size_y = sizes[item.index].tolist()
        found.append(detection)
    return types.Detection2DArray(header=header, detections=found)


def detections_3d(types: Any, result: FrameResult, known: Mapping[int, MapObject], header: Header) -> Any:
    """A Detection3DArray: what is seen in a frame and where it is in the map.

    An object is where, and as large as, the map says; an instance without one is where it is seen, of
    unknown size (0). What has no place is left out.

    Args:
        types: the module ``vision_msgs.msg``.
        result: of the pipeline.
        known: the objects of the map that are in view, by id.
        header: with the stamp of the image and the frame of the map.
    """
    found = []
    for item in result.objects:
        entry = known.get(item.object_id)
        pose = place_of(item, entry)
        if pose is None:
            continue
        label = result.instances.labels[item.index] if entry is None else entry.label
        hypothesis = hypothesis_of(types, label, score_of(result, item))
        hypothesis.pose = pose
        detection = types.Detection3D(header=header, id=id_of(item), results=[hypothesis])
        detection.bbox.center = pose.pose
        if entry is not None and entry.extent is not None:
            detection.bbox.size = vector(entry.extent)
        found.append(detection)
    return types.Detection3DArray(header=header, detections=found)


def place_of(item: TrackedObject, entry: MapObject | None) -> PoseWithCovariance | None:
    """Where something is in the map: its entry there knows best."""
    if entry is not None and entry.position is not None:
        return placed(entry.position, entry.covariance, entry.orientation)
    return None if item.position is None else placed(item.position, item.covariance)


def hypothesis_of(types: Any, label: str, score: float) -> Any:
    """What an instance is, as an ObjectHypothesisWithPose."""
    return types.ObjectHypothesisWithPose(hypothesis=types.ObjectHypothesis(class_id=label, score=score))


def score_of(result: FrameResult, item: TrackedObject) -> float:
    """The detector's, of the class; how sure the identity is stands in TrackedObjects."""
    return float(result.instances.scores[item.index])


def id_of(item: TrackedObject) -> str:
    """The object's id; empty while it is not known."""
    return str(item.object_id) if item.object_id else ""
