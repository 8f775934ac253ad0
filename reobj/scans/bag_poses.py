"""Camera poses in a bag: from a pose topic, odometry, or the transforms."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore

from reobj.errors import BagError, InputError
from reobj.scans.bag_find import ODOMETRY_TYPE, BagContents
from reobj.scans.bag_messages import deserialised
from reobj.scans.bag_raw import RawMessage
from reobj.scans.bag_sync import Companion, NearestByStamp
from reobj.scans.bag_tf import TransformTree
from reobj.scans.message_poses import pose_to_matrix

logger = logging.getLogger(__name__)


class CameraPoses:
    """Where the camera is when an image is taken, by the best source that the bag has.

    A PoseStamped is the pose of the camera's optical frame. Odometry is the pose of its child frame,
    from which /tf_static leads to the camera. Without either, /tf and /tf_static are composed.

    Where transforms are to be composed but do not lead from the camera to the frame that is needed,
    there is no pose, and one warning in the log.

    Args:
        types: message types.
        contents: of the bag.
        map_frame: frame of the poses from /tf.
        slop_ns: how far in time a pose may be from its image, nanoseconds.

    Raises:
        BagError: a static transform that cannot be read.
    """

    def __init__(self, types: Typestore, contents: BagContents, map_frame: str, slop_ns: int) -> None:
        self._types = types
        self._tree = TransformTree(map_frame, slop_ns)
        self._poses = NearestByStamp(slop_ns)
        self._pose = contents.topics.pose
        self._tf = contents.topics.tf
        self._map_frame = map_frame
        self._warned = False
        for message in contents.static_transforms:
            self._add_transforms(message, static=True)

    @property
    def topic(self) -> str | None:
        """The topic that is used; None when the bag has no poses that change."""
        used = self._pose or self._tf
        return used.name if used else None

    @property
    def companion(self) -> Companion:
        """What an image waits for."""
        return self._poses if self._pose else self._tree

    def add(self, message: RawMessage) -> None:
        """Takes a message of ``topic``. Raises BagError for a transform that is not rigid."""
        if self._pose:
            self._poses.add(message)
        else:
            self._add_transforms(message, static=False)

    def at(self, stamp_ns: int, frame_id: str) -> NDArray[np.float64] | None:
        """(4, 4) camera-to-map, None where not known. Raises BagError for a pose that is not rigid."""
        if self._pose is None:
            return self._from_tree(frame_id, stamp_ns, self._map_frame)
        message = self._poses.nearest(stamp_ns)
        if message is None:
            return None
        posed = deserialised(self._types, message)
        try:
            if self._pose.msgtype != ODOMETRY_TYPE:
                return pose_to_matrix(posed.pose)
            body = pose_to_matrix(posed.pose.pose)
        except InputError as error:
            raise BagError(f"{message.topic}: {error}") from error
        camera_in_body = self._from_tree(frame_id, stamp_ns, posed.child_frame_id.lstrip("/"))
        return None if camera_in_body is None else body @ camera_in_body

    def _from_tree(self, frame: str, stamp_ns: int, target: str) -> NDArray[np.float64] | None:
        found = self._tree.lookup(frame, stamp_ns, target)
        if found is None and not self._warned and self.topic and not self._tree.leads(frame, target):
            self._warned = True
            logger.warning("frames without pose: the bag has no transforms from %r up to %r", frame, target)
        return found

    def _add_transforms(self, message: RawMessage, *, static: bool) -> None:
        try:
            self._tree.add(deserialised(self._types, message), static=static)
        except InputError as error:
            raise BagError(f"{message.topic}: {error}") from error
