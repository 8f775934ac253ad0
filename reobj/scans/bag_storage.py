"""Opening and creating rosbag2 bags; every failure becomes one of this project's errors.

Bags are written in metadata version 9 with type description hashes and message
definitions, which is what Jazzy and later write themselves. Checked:

- against rosbag2's source (branches jazzy and rolling): from version 9 on, metadata.yaml
  and the metadata inside the mcap and sqlite3 files hold the QoS profiles as a list of
  maps with the policies' names (``reliable``, ``transient_local``), not as numbers;
- the hashes against those that the rosidl generators of Kilted put into the
  packages' JSON files;
- the files with the mcap project's own reader and with sqlite3;
- the messages with rclpy's deserialiser.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import Reader, StoragePlugin, Writer, WriterError
from rosbags.typesys.store import Typestore

from reobj.errors import BagError, InputError, ReobjError, StorageError, mismatch
from reobj.files import atomic_path
from reobj.scans.bag_topics import Topic
from reobj.scans.bag_types import definition_of

Storage = Literal["mcap", "sqlite3"]

_INFINITE = QosTime(9223372036, 854775807)  # RMW_DURATION_INFINITE: 2**63 - 1 nanoseconds


class BagWriter:
    """Adds messages to a new bag; made by :func:`new_bag`. Not for several threads at once."""

    def __init__(self, writer: Writer, types: Typestore) -> None:
        self._writer = writer
        self._types = types
        self._connections: dict[str, Connection] = {}

    def add_topic(self, topic: Topic) -> None:
        """Announces a topic. Raises BagError for an unknown type or a topic announced with another type."""
        known = self._connections.get(topic.name)
        if known is not None:
            if known.msgtype != topic.msgtype:
                raise BagError(mismatch(f"type of {topic.name}", known.msgtype, topic.msgtype))
            return
        definition, type_hash = definition_of(self._types, topic.msgtype)
        self._connections[topic.name] = self._writer.add_connection(
            topic.name,
            topic.msgtype,
            msgdef=definition,
            rihs01=type_hash,
            offered_qos_profiles=[_qos(topic.latched)],
        )

    def write(self, topic: str, stamp_ns: int, cdr: bytes | memoryview) -> None:
        """Appends one serialised message.

        Raises:
            BagError: the topic was not announced.
            StorageError: the operating system or SQLite refused the write.
        """
        if topic not in self._connections:
            raise BagError(mismatch("topic", f"one of {', '.join(self._connections) or 'none yet'}", topic))
        try:
            self._writer.write(self._connections[topic], stamp_ns, cdr)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"cannot write {self._writer.path.name}: {error}") from error


@contextmanager
def new_bag(path: Path | str, storage: Storage, types: Typestore) -> Iterator[BagWriter]:
    """A new bag that appears as the folder ``path`` when the block ends well; an old one is replaced.

    Raises:
        InputError: unknown storage.
        StorageError: the operating system or SQLite refused a write; nothing is left behind.
    """
    path = Path(path)
    if storage not in get_args(Storage):
        raise InputError(mismatch("storage", " or ".join(get_args(Storage)), repr(storage)))
    with atomic_path(path) as temporary:
        # The file inside is named after its folder, so the folder has its final name from the start.
        folder = temporary / path.name
        try:
            with Writer(folder, version=9, storage_plugin=StoragePlugin[storage.upper()]) as writer:
                yield BagWriter(writer, types)
        except (sqlite3.Error, WriterError) as error:
            raise StorageError(f"cannot write {path}: {error}") from error
        for file in folder.iterdir():
            file.rename(temporary / file.name)
        folder.rmdir()


@contextmanager
def open_bag(path: Path | str) -> Iterator[Reader]:
    """Opens a bag folder, or a single ``.mcap`` or ``.db3`` file.

    Whatever the block raises because the bag is damaged becomes a BagError.

    Raises:
        BagError: nothing there, no metadata, truncated or damaged.
    """
    path = Path(path)
    if not path.exists():
        raise BagError(
            mismatch("bag", "a bag folder or a .mcap or .db3 file", f"{path}, which does not exist")
        )
    if path.is_dir() and not (path / "metadata.yaml").is_file():
        expected = "a folder with metadata.yaml (or the path of one .mcap or .db3 file)"
        raise BagError(mismatch("bag", expected, f"{path} without metadata.yaml"))
    try:
        with Reader(path) as reader:
            yield reader
    except ReobjError:
        raise
    except Exception as error:
        # A damaged byte can lead to any exception inside the reader: struct, zstd, SQLite, key, memory.
        detail = str(error) or type(error).__name__
        raise BagError(f"{path} is damaged, truncated or no bag: {detail}") from error


def _qos(latched: bool) -> Qos:
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=1 if latched else 10,
        reliability=QosReliability.RELIABLE,
        durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        deadline=_INFINITE,
        lifespan=_INFINITE,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=_INFINITE,
        avoid_ros_namespace_conventions=False,
    )
