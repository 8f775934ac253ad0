"""Reads a rosbag, one of ours or of any robot, as a scan."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

import numpy as np

from reobj.errors import BagError, InputError, ReobjError, mismatch
from reobj.scans.bag_find import find_contents
from reobj.scans.bag_messages import colour_of, depth_of, intrinsics_of, label_names_of, labels_of
from reobj.scans.bag_moments import Moment, MomentStream
from reobj.scans.bag_topics import MAP_FRAME, TopicNames
from reobj.scans.bag_types import standard_types
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.labels import UNNAMED
from reobj.scans.message_cameras import fitted
from reobj.types import Frame, Intrinsics, LabelImage

logger = logging.getLogger(__name__)

_DEFAULT_NAMES = TopicNames()

_Decoded = tuple[Frame, LabelImage | None]


@dataclass(frozen=True, slots=True)
class _Damage:
    """Where the bag cannot be read on: raised after the frames before it, whatever ``on_error`` says."""

    error: BagError


class BagScan:
    """A bag as a ``FrameSource``: streams in constant memory, decodes ahead on several threads.

    To each colour image belong the depth image nearest in time, the pose (the nearest of a pose topic,
    or interpolated from /tf), the last CameraInfo, and the true instances of the same stamp.
    What a bag lacks, its frames lack. Images should be rectified: distortion is not looked at.

    A stamp that jumps back, as in a recording of a looped bag, is passed on as it is.

    Args:
        path: bag folder, or a single ``.mcap`` or ``.db3`` file.
        topics: where to look.
        slop_s: largest distance in time of depth and pose from their image, seconds. Raising it pairs
            sensors that run less evenly, and pairs wrongly what moved in between.
        map_frame: the frame of poses that are composed from /tf.
        on_error: "skip" leaves out a frame that cannot be decoded, counts it in ``skipped`` and logs
            the first one; "raise" raises its error.

    Raises:
        BagError: nothing there, truncated, no colour images (the message lists the topics), or a topic
            of another type than expected.
        InputError: a slop out of range, or another ``on_error``.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        topics: TopicNames = _DEFAULT_NAMES,
        slop_s: float = 0.02,
        map_frame: str = MAP_FRAME,
        on_error: Literal["raise", "skip"] = "raise",
    ) -> None:
        if not 0 <= slop_s < 1:
            raise InputError(mismatch("slop_s", "0 <= seconds < 1", slop_s))
        if on_error not in ("raise", "skip"):
            raise InputError(mismatch("on_error", "'raise' or 'skip'", repr(on_error)))
        self.path = Path(path)
        self.skipped = 0  #: frames left out by the last iteration, so far
        self._slop_ns = round(slop_s * 1e9)
        self._map_frame = map_frame
        self._skip = on_error == "skip"
        self._types = standard_types()
        self._contents = find_contents(self.path, topics)
        names, camera = self._contents.label_names, self._contents.camera
        self._labels = label_names_of(self._types, names) if names else {}
        # Up to this id all have names: of an image without a larger one the ids need not be counted.
        self._named_up_to = next(n for n in count() if n + 1 not in self._labels)
        image = self._contents.topics.image.name
        self._camera = intrinsics_of(self._types, camera, image) if camera else None

    @property
    def name(self) -> str:
        """Name of the folder, or of the file without its ending."""
        return self.path.stem if self.path.suffix in (".mcap", ".db3") else self.path.name

    @property
    def intrinsics(self) -> Intrinsics | None:
        """Of the first CameraInfo; None when there is none, or an uncalibrated one."""
        return self._camera

    @property
    def has_truth(self) -> bool:
        """Whether there are true instance images."""
        return self._contents.topics.instances is not None

    def label_names(self) -> dict[int, str]:
        """Label of each true instance id; empty where not known."""
        return dict(self._labels)

    def __len__(self) -> int:
        """Number of colour images, the skipped ones included."""
        return self._contents.topics.image.count

    def __iter__(self) -> Iterator[_Decoded]:
        """Frames in the order in which their images were recorded, each with its true instances if known.

        Raises:
            BagError: the bag is damaged here, or, unless skipped, a frame cannot be decoded: an unknown
                encoding, size 0, data that do not fit the size, depth of another size than the colour, a
                CameraInfo of another shape.
        """
        self.skipped = 0
        for result in map_ahead(self._decoded, self._moments()):
            if isinstance(result, _Damage):
                raise result.error
            if isinstance(result, ReobjError):
                self._leave_out(result)
            else:
                yield result

    def _moments(self) -> Iterator[Moment | BagError | _Damage]:
        try:
            yield from MomentStream(
                self.path,
                self._contents,
                self._types,
                slop_ns=self._slop_ns,
                map_frame=self._map_frame,
                camera=self._camera,
            )
        except BagError as error:
            yield _Damage(error)

    def _decoded(self, moment: Moment | BagError | _Damage) -> _Decoded | ReobjError | _Damage:
        if not isinstance(moment, Moment):
            return moment
        try:
            return self._frame(moment), self._truth(moment)
        except ReobjError as error:
            return error

    def _frame(self, moment: Moment) -> Frame:
        colour = colour_of(self._types, moment.colour)
        height, width = colour.shape[:2]
        depth = depth_of(self._types, moment.depth) if moment.depth else None
        if moment.depth and depth is not None and depth.shape != (height, width):
            expected = f"{width}x{height} pixels, registered to the colour image"
            raise BagError(mismatch(moment.depth.topic, expected, f"{depth.shape[1]}x{depth.shape[0]}"))
        camera = moment.intrinsics
        if camera:
            try:
                camera = fitted(camera, width, height)
            except InputError as error:
                raise BagError(str(error)) from error
        return Frame(colour, moment.stamp_ns, moment.frame_id, depth, camera, moment.pose)

    def _truth(self, moment: Moment) -> LabelImage | None:
        if moment.instances is None:
            return None
        ids = labels_of(self._types, moment.instances)
        if ids.max() <= self._named_up_to:
            return LabelImage(ids, self._labels)
        present = np.flatnonzero(np.bincount(ids.ravel())[1:]) + 1
        unnamed = {number: UNNAMED for number in present.tolist() if number not in self._labels}
        return LabelImage(ids, self._labels | unnamed)

    def _leave_out(self, error: ReobjError) -> None:
        if not self._skip:
            raise error
        self.skipped += 1
        if self.skipped == 1:
            logger.warning("%s: left out a frame: %s", self.name, error)
