"""Writes a scan as a rosbag that plays on any robot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.progress import Progress, silent
from reobj.scans import bag_topics as topics
from reobj.scans.bag_messages import MessageMaker
from reobj.scans.bag_storage import Storage, new_bag
from reobj.scans.bag_topics import Topic
from reobj.scans.bag_types import standard_types
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.message_arrays import encode_compressed_depth, encode_jpeg, encode_png, metres_to_millimetres
from reobj.scans.message_poses import invert
from reobj.types import Frame, LabelImage

_NS = 1_000_000_000

# The optical frame in the camera's body (REP 103): z forward is the body's x, x right its -y, y down its -z.
_OPTICAL_IN_BODY = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)

# As image_transport's plugins name them: the encoding, the codec, and for JPEG what lies in the file.
_JPEG = "rgb8; jpeg compressed bgr8"
_DEPTH_PNG = "16UC1; compressedDepth png"
_LABEL_PNG = "16UC1; png compressed "


class WritableScan(Protocol):
    """What a scan must offer to be written, such as ``ScanNetScan``. Called from several threads."""

    def __len__(self) -> int: ...

    def frame(self, index: int) -> Frame: ...

    def truth(self, index: int) -> LabelImage | None: ...

    def label_image_raw(self, index: int) -> NDArray[np.uint16] | None: ...

    def label_names(self) -> dict[int, str]: ...

    def colour_jpeg(self, index: int) -> bytes | None:
        """The stored JPEG with exactly the pixel grid of ``frame(index)``; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Message:
    topic: Topic
    stamp_ns: int
    cdr: memoryview


def scan_to_bag(
    scan: WritableScan,
    bag: Path | str,
    *,
    storage: Storage = "mcap",
    raw: bool = False,
    epoch_ns: int = _NS,
    progress: Progress = silent,
) -> None:
    """Writes a scan as the bag folder ``bag``, in constant memory; an old one is replaced at the end.

    All messages of a frame have exactly the same stamp, that of the scan plus ``epoch_ns``, and
    it is also their time in the bag. The topics are those of :mod:`reobj.scans.bag_topics`;
    what the scan lacks (truth, depth, a lost pose) has no messages.

    Args:
        scan: where the frames come from.
        bag: the folder to write.
        storage: "mcap", or "sqlite3", which every ROS 2 reads without a further package.
        raw: colour as rgb8, depth as 16UC1 and truth as 16UC1 instead of JPEG and PNG: five times as
            large, and quicker to read.
        epoch_ns: when the scan's time 0 is, nanoseconds > 0: ROS takes stamp 0 for "not known".
        progress: called after each frame.

    Raises:
        InputError: unknown storage, a scan without frames, or an epoch that is not positive.
        ScanError: the scan is damaged; no bag is written.
        StorageError: the operating system refused a write; no bag is written.
    """
    if len(scan) == 0:
        raise InputError(mismatch("scan", "at least one frame", 0))
    if epoch_ns <= 0:
        raise InputError(mismatch("epoch_ns", "nanoseconds > 0", epoch_ns))
    messages = _FrameMessages(scan, raw, epoch_ns)
    with new_bag(bag, storage, standard_types()) as writer:
        for done, batch in enumerate(map_ahead(messages.of, range(len(scan))), start=1):
            for message in batch:
                writer.add_topic(message.topic)
                writer.write(message.topic.name, message.stamp_ns, message.cdr)
            progress(done, len(scan))


class _FrameMessages:
    """Makes the messages of one frame; several threads at once."""

    def __init__(self, scan: WritableScan, raw: bool, epoch_ns: int) -> None:
        self._scan = scan
        self._raw = raw
        self._epoch_ns = epoch_ns
        self._types = standard_types()
        self._label_names = scan.label_names()

    def of(self, index: int) -> list[_Message]:
        """All messages of a frame, the colour image last, so that all else is there when it comes."""
        frame = self._scan.frame(index)
        stamp_ns = frame.stamp_ns + self._epoch_ns
        optical = MessageMaker(self._types, stamp_ns, topics.OPTICAL_FRAME)
        made = [
            *(self._static(stamp_ns) if index == 0 else ()),
            *self._camera(frame, optical),
            *self._poses(frame, stamp_ns),
            *self._truth(frame, index, optical),
            *self._depth(frame, optical),
            self._colour(frame, index, optical),
        ]
        return [_Message(topic, stamp_ns, cdr) for topic, cdr in made]

    def _static(self, stamp_ns: int) -> Iterator[tuple[Topic, memoryview]]:
        body = MessageMaker(self._types, stamp_ns, topics.CAMERA_LINK)
        yield topics.TF_STATIC, body.transform(topics.OPTICAL_FRAME, _OPTICAL_IN_BODY)
        if self._label_names:
            yield topics.LABEL_NAMES, body.label_names(self._label_names)

    def _camera(self, frame: Frame, maker: MessageMaker) -> Iterator[tuple[Topic, memoryview]]:
        if frame.intrinsics is not None:
            yield topics.CAMERA_INFO, maker.camera_info(frame.intrinsics)

    def _poses(self, frame: Frame, stamp_ns: int) -> Iterator[tuple[Topic, memoryview]]:
        if frame.pose is not None:
            maker = MessageMaker(self._types, stamp_ns, topics.MAP_FRAME)
            yield topics.TF, maker.transform(topics.CAMERA_LINK, frame.pose @ invert(_OPTICAL_IN_BODY))
            yield topics.POSE, maker.pose(frame.pose)

    def _truth(self, frame: Frame, index: int, maker: MessageMaker) -> Iterator[tuple[Topic, memoryview]]:
        truth, labels = self._scan.truth(index), self._scan.label_image_raw(index)
        if truth is not None:
            yield self._ids(truth.ids, maker, topics.INSTANCES, topics.INSTANCES_COMPRESSED)
        if labels is not None:
            if labels.shape != (frame.height, frame.width):  # stored in the grid of another camera
                labels = cv2.resize(
                    labels, (frame.width, frame.height), interpolation=cv2.INTER_NEAREST_EXACT
                ).astype(np.uint16, copy=False)
            yield self._ids(labels, maker, topics.LABELS, topics.LABELS_COMPRESSED)

    def _ids(
        self, ids: NDArray[np.uint16], maker: MessageMaker, raw: Topic, compressed: Topic
    ) -> tuple[Topic, memoryview]:
        if self._raw:
            return raw, maker.image(ids)
        return compressed, maker.compressed(_LABEL_PNG, encode_png(ids))

    def _depth(self, frame: Frame, maker: MessageMaker) -> Iterator[tuple[Topic, memoryview]]:
        if frame.depth is None:
            return
        millimetres = metres_to_millimetres(frame.depth)
        if self._raw:
            yield topics.DEPTH, maker.image(millimetres)
        else:
            yield topics.DEPTH_COMPRESSED, maker.compressed(_DEPTH_PNG, encode_compressed_depth(millimetres))

    def _colour(self, frame: Frame, index: int, maker: MessageMaker) -> tuple[Topic, memoryview]:
        if self._raw:
            return topics.IMAGE, maker.image(frame.colour)
        jpeg = self._scan.colour_jpeg(index)
        if jpeg is None:
            jpeg = encode_jpeg(frame.colour)
        return topics.IMAGE_COMPRESSED, maker.compressed(_JPEG, jpeg)
