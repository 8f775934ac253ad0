"""Reading a bag's messages as they are, without decoding them."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rosbags.interfaces import ConnectionExtRosbag2, Qos, QosDurability, QosReliability
from rosbags.rosbag2 import Reader

from reobj.errors import BagError, mismatch
from reobj.scans.bag_storage import open_bag


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message of a bag.

    Attributes:
        topic, msgtype: such as ``/image``, ``sensor_msgs/msg/Image``.
        stamp_ns: when it was recorded, nanoseconds; not the stamp in its header.
        cdr: the serialised message, which ``publisher.publish`` takes as it is.
    """

    topic: str
    msgtype: str
    stamp_ns: int
    cdr: bytes


@dataclass(frozen=True, slots=True)
class RecordedTopic:
    """One topic of a bag.

    Attributes:
        name, msgtype: such as ``/image``, ``sensor_msgs/msg/Image``.
        latched: recorded from a TRANSIENT_LOCAL publisher.
        reliable: recorded from a RELIABLE publisher, or of unknown reliability.
        depth: history depth that its publisher offered, >= 1.
        count: number of messages.
    """

    name: str
    msgtype: str
    latched: bool
    reliable: bool
    depth: int
    count: int


def bag_topics(path: Path | str) -> tuple[RecordedTopic, ...]:
    """All topics of a bag, sorted by name.

    Raises:
        BagError: nothing there, no metadata, truncated or damaged.
    """
    with open_bag(path) as reader:
        return topics_of(reader)


def read_raw(
    path: Path | str, *, exclude: Collection[str] = (), only: Collection[str] | None = None
) -> Iterator[RawMessage]:
    """The messages of a bag in the order in which they were recorded, in constant memory.

    Args:
        path: bag folder, or a single ``.mcap`` or ``.db3`` file.
        exclude: topics to leave out.
        only: topics to read; default: all.

    Raises:
        BagError: nothing there, no metadata, truncated or damaged; what comes before the damage is yielded.
    """
    with open_bag(path) as reader:
        names = {connection.topic for connection in reader.connections}
        yield from messages_of(reader, (names if only is None else names & set(only)) - set(exclude))


def topics_of(reader: Reader) -> tuple[RecordedTopic, ...]:
    """All topics of an open bag, sorted by name."""
    found: dict[str, RecordedTopic] = {}
    for connection in reader.connections:
        earlier = found.get(connection.topic)
        qos = _first_qos(connection.ext)
        found[connection.topic] = RecordedTopic(
            name=connection.topic,
            msgtype=connection.msgtype,
            latched=qos is not None and qos.durability == QosDurability.TRANSIENT_LOCAL,
            reliable=qos is None or qos.reliability != QosReliability.BEST_EFFORT,
            depth=max(qos.depth, 1) if qos else 10,
            count=connection.msgcount + (earlier.count if earlier else 0),
        )
    return tuple(found[name] for name in sorted(found))


def messages_of(reader: Reader, topics: Collection[str]) -> Iterator[RawMessage]:
    """The messages of some topics of an open bag in the order in which they were recorded."""
    wanted = [connection for connection in reader.connections if connection.topic in topics]
    if wanted:  # the library takes an empty list for "all"
        for connection, stamp_ns, cdr in reader.messages(wanted):
            yield RawMessage(connection.topic, connection.msgtype, stamp_ns, cdr)


def header_of(message: RawMessage) -> tuple[int, str]:
    """Stamp in nanoseconds >= 0 and frame id of a message that begins with a std_msgs/Header.

    Reads the first bytes alone, as decoding a whole image for its stamp would cost a copy of it.

    Raises:
        BagError: too short to hold a header, or a time before 1970.
    """
    cdr = message.cdr
    # Four bytes say the encapsulation (the second one the byte order); then int32, uint32 and the string.
    order = "<" if cdr[1:2] == b"\x01" else ">"
    try:
        seconds, nanoseconds, length = struct.unpack_from(f"{order}iII", cdr, 4)
    except struct.error:
        raise BagError(mismatch(message.topic, "a message with a header", f"{len(cdr)} bytes")) from None
    if seconds < 0:
        raise BagError(mismatch(f"stamp of {message.topic}", "a time since 1970", f"{seconds} s"))
    frame_id = bytes(cdr[16 : 16 + length]).rstrip(b"\0").decode("utf-8", "replace")
    return seconds * 1_000_000_000 + nanoseconds, frame_id.lstrip("/")


def _first_qos(ext: object) -> Qos | None:
    profiles = ext.offered_qos_profiles if isinstance(ext, ConnectionExtRosbag2) else []
    return profiles[0] if profiles else None
