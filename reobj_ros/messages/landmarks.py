"""The objects of a frame as landmarks for RTAB-Map, where ``rtabmap_msgs`` is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from reobj.association.map.map_object import MapObject, ObjectState
from reobj.types import FrameResult, TrackedObject
from reobj_ros.messages.conversions import placed

LARGEST_ID = np.iinfo(np.int32).max
"""Ids of landmarks have 32 bits, those of objects 63."""


def landmark_detections(
    types: Any,
    result: FrameResult,
    known: Mapping[int, MapObject],
    pose: NDArray[np.float64],
    header: Header,
    warn: Callable[[str], None],
) -> Any:
    """A LandmarkDetections: where the identified objects are, seen from the camera.

    A landmark is what this frame measured, not what the map says: that would tell SLAM its own poses
    again. Objects that have moved are no landmarks.

    Args:
        types: the module ``rtabmap_msgs.msg``.
        result: of the pipeline.
        known: the objects of the map that are in view, by id.
        pose: (4, 4) camera to map, which the positions of ``result`` were made with.
        header: of the source image.
        warn: takes a line when an id does not fit; that object is left out.
    """
    found = []
    for item in result.objects:
        entry = known.get(item.object_id)
        if entry is None or item.position is None or entry.state == ObjectState.MOVED:
            continue
        if item.object_id > LARGEST_ID:
            warn(f"no landmarks of objects with ids above {LARGEST_ID}: RTAB-Map has 32 bits for them")
            continue
        found.append(landmark(types, item, entry, pose, header))
    return types.LandmarkDetections(header=header, landmarks=found)


def landmark(
    types: Any, item: TrackedObject, entry: MapObject, pose: NDArray[np.float64], header: Header
) -> Any:
    """One LandmarkDetection, with an unknown rotation."""
    assert item.position is not None
    turn = pose[:3, :3].T
    covariance = None if item.covariance is None else turn @ item.covariance @ turn.T
    message = types.LandmarkDetection(
        header=header, id=item.object_id, landmark_frame_id=f"object_{item.object_id}"
    )
    message.pose = placed(turn @ (item.position - pose[:3, 3]), covariance)
    if entry.extent is not None:
        message.size = float(entry.extent.max())
    return message
