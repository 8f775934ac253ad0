"""Gathers all messages of a bag that belong to one image, still serialised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore

from reobj.errors import BagError
from reobj.scans.bag_find import BagContents
from reobj.scans.bag_messages import intrinsics_of
from reobj.scans.bag_poses import CameraPoses
from reobj.scans.bag_raw import RawMessage, header_of, read_raw
from reobj.scans.bag_sync import Companion, NearestByStamp, images_with_companions
from reobj.types import Intrinsics


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One image and what belongs to it.

    Attributes:
        stamp_ns, frame_id: of the image's header.
        colour, depth, instances: messages; None where there is none.
        intrinsics: of the last CameraInfo.
        pose: (4, 4) float64 camera-to-map, None where not known.
    """

    stamp_ns: int
    frame_id: str
    colour: RawMessage
    depth: RawMessage | None
    instances: RawMessage | None
    intrinsics: Intrinsics | None
    pose: NDArray[np.float64] | None


class MomentStream:
    """One pass over a bag, in constant memory.

    Args:
        path: the bag.
        contents: of the bag.
        types: message types.
        slop_ns: largest distance in time of depth and pose from their image, nanoseconds.
        map_frame: frame of the poses from /tf.
        camera: intrinsics until the first CameraInfo comes.
    """

    def __init__(
        self,
        path: Path,
        contents: BagContents,
        types: Typestore,
        *,
        slop_ns: int,
        map_frame: str,
        camera: Intrinsics | None,
    ) -> None:
        topics = contents.topics
        self._path = path
        self._image = topics.image.name
        self._types = types
        self._camera = camera
        self._depth = NearestByStamp(slop_ns)
        self._instances = NearestByStamp(0)
        self._poses = CameraPoses(types, contents, map_frame, slop_ns)
        self._takers: dict[str, Callable[[RawMessage], None]] = {}
        self._unreadable: BagError | None = None
        self._companions: list[Companion] = []
        if topics.depth:
            self._follow(topics.depth.name, self._depth.add, self._depth)
        if topics.instances:
            self._follow(topics.instances.name, self._instances.add, self._instances)
        if self._poses.topic:
            self._follow(self._poses.topic, self._poses.add, self._poses.companion)
        if topics.camera_info:
            self._takers[topics.camera_info.name] = self._take_camera

    def __iter__(self) -> Iterator[Moment | BagError]:
        """A moment per image; an error in place of one whose header or pose cannot be read.

        Where another message cannot be read, its error takes the place of the next moment.

        Raises:
            BagError: the bag is damaged here.
        """
        messages = read_raw(self._path, only=[self._image, *self._takers])
        for image in images_with_companions(messages, self._image, self._take, self._companions):
            error, self._unreadable = self._unreadable, None
            yield self._moment_or_error(image) if error is None else error

    def _follow(self, topic: str, take: Callable[[RawMessage], None], companion: Companion) -> None:
        self._takers[topic] = take
        self._companions.append(companion)

    def _take(self, message: RawMessage) -> None:
        try:
            self._takers[message.topic](message)
        except BagError as error:
            self._unreadable = error

    def _take_camera(self, message: RawMessage) -> None:
        self._camera = intrinsics_of(self._types, message, self._image)

    def _moment_or_error(self, image: RawMessage) -> Moment | BagError:
        try:
            stamp_ns, frame_id = header_of(image)
            pose = self._poses.at(stamp_ns, frame_id)
        except BagError as error:
            return error
        return Moment(
            stamp_ns=stamp_ns,
            frame_id=frame_id,
            colour=image,
            depth=self._depth.nearest(stamp_ns),
            instances=self._instances.nearest(stamp_ns),
            intrinsics=self._camera,
            pose=pose,
        )
