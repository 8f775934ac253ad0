"""What goes wrong between a camera and the nodes, done to the messages of a bag: repeatable, seeded."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from reobj.errors import InputError, mismatch
from reobj.scans.bag_raw import RawMessage, header_of, read_raw

COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, and what.

    Attributes:
        drop: probability that a message is lost.
        late_topic: beginning of the topics whose messages come late, with their own stamps; "" = none.
        late_ns: how late, nanoseconds.
        swap_every: of so many frames one comes after the next one; 0 = none.
        damage_every: of so many images one cannot be used: no JPEG, half of one, or one of
            another size, in turn; 0 = none.
        seed: >= 0, of what is lost.
    """

    drop: float = 0.0
    late_topic: str = ""
    late_ns: int = 500_000_000
    swap_every: int = 0
    damage_every: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.drop <= 1:
            raise InputError(mismatch("drop", "a probability in [0, 1]", self.drop))
        for name in ("late_ns", "swap_every", "damage_every", "seed"):
            if getattr(self, name) < 0:
                raise InputError(mismatch(name, "a number >= 0", getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Step:
    """What is published at once.

    Attributes:
        messages: in order.
        damaged: stamps of the images among them that cannot be used, nanoseconds.
    """

    messages: tuple[RawMessage, ...]
    damaged: frozenset[int] = frozenset()


@dataclass
class Disturbance:
    """Does the faults to frames, in the order in which they come, and counts them.

    Attributes:
        faults: from the next frame on; may be replaced.
        image_topic: whose messages are damaged, sensor_msgs/CompressedImage.
        counts: messages ``lost``, ``late`` and ``damaged``, and frames ``swapped``.
    """

    faults: Faults
    image_topic: str = "/image/compressed"
    counts: Counter[str] = field(default_factory=Counter)
    _late: list[RawMessage] = field(default_factory=list)
    _frames: int = 0
    _images: int = 0

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.faults.seed)

    def __call__(self, frames: Iterable[Sequence[RawMessage]]) -> Iterator[Step]:
        """One step per frame; what is late at the end comes in a step of its own."""
        for frame in self._swapped(frames):
            yield self._step(frame)
        if self._late:
            late, self._late = self._late, []
            yield Step(tuple(late))

    def _swapped(self, frames: Iterable[Sequence[RawMessage]]) -> Iterator[Sequence[RawMessage]]:
        held: Sequence[RawMessage] | None = None
        for frame in frames:
            self._frames += 1
            if held is not None:
                yield from (frame, held)
                held = None
            elif self.faults.swap_every and self._frames % self.faults.swap_every == 0:
                held = frame
                self.counts["swapped"] += 1
            else:
                yield frame
        if held is not None:
            yield held

    def _step(self, frame: Sequence[RawMessage]) -> Step:
        now_ns = max(message.stamp_ns for message in frame)
        due = [m for m in self._late if m.stamp_ns + self.faults.late_ns <= now_ns]
        self._late = [m for m in self._late if m.stamp_ns + self.faults.late_ns > now_ns]
        out, damaged = list(due), set()
        for message in frame:
            if self.faults.drop and self._rng.random() < self.faults.drop:
                self.counts["lost"] += 1
            elif self.faults.late_topic and message.topic.startswith(self.faults.late_topic):
                self.counts["late"] += 1
                self._late.append(message)
            elif message.topic == self.image_topic and self._is_to_be_damaged():
                out.append(damaged_image(message, self.counts["damaged"]))
                damaged.add(header_of(message)[0])
                self.counts["damaged"] += 1
            else:
                out.append(message)
        return Step(tuple(out), frozenset(damaged))

    def _is_to_be_damaged(self) -> bool:
        self._images += 1
        return self.faults.damage_every > 0 and self._images % self.faults.damage_every == 0


def frames_of(bag: Path | str, image_topic: str = "/image/compressed") -> list[tuple[RawMessage, ...]]:
    """The messages of a whole bag, one tuple per image, which is its last message.

    Raises:
        BagError: not a bag, or damaged.
        InputError: no messages on ``image_topic``.
    """
    frames, frame = [], []
    for message in read_raw(bag):
        frame.append(message)
        if message.topic == image_topic:
            frames.append(tuple(frame))
            frame = []
    if not frames:
        raise InputError(mismatch(str(bag), f"images on {image_topic}", "none"))
    return frames


def with_stamp(message: RawMessage, stamp_ns: int) -> RawMessage:
    """The message as if it were of another moment: in its header, and in the bag's time."""
    order = "<" if message.cdr[1:2] == b"\x01" else ">"
    stamp = struct.pack(f"{order}iI", *divmod(stamp_ns, 1_000_000_000))
    cdr = message.cdr[:4] + stamp + message.cdr[12:]
    return RawMessage(message.topic, message.msgtype, stamp_ns, cdr)


def damaged_image(message: RawMessage, kind: int) -> RawMessage:
    """A CompressedImage whose data are, by ``kind`` % 3, no JPEG, half of one, or one of another size.

    Raises:
        InputError: another type of message.
    """
    if message.msgtype != COMPRESSED_IMAGE:
        raise InputError(mismatch(message.topic, COMPRESSED_IMAGE, message.msgtype))
    order = "<" if message.cdr[1:2] == b"\x01" else ">"
    at = 12  # after the encapsulation and the stamp: two strings, then the data, each with its length
    for _ in range(2):
        at += 4 + struct.unpack_from(f"{order}I", message.cdr, at)[0]
        at += -at % 4
    data = message.cdr[at + 4 :]
    small = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    data = (bytes(len(data)), data[: len(data) // 2], small)[kind % 3]
    cdr = message.cdr[:at] + struct.pack(f"{order}I", len(data)) + data
    return RawMessage(message.topic, message.msgtype, message.stamp_ns, cdr)
