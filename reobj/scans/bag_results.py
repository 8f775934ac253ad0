"""Recording already serialised messages of any type into a bag."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from reobj.errors import BagError
from reobj.scans.bag_storage import new_bag
from reobj.scans.bag_topics import Topic
from reobj.scans.bag_types import register, types_with


class ResultBagWriter:
    """Writes CDR messages, as they come from ``rclpy``, into an mcap bag.

    The bag appears under its name only when the ``with`` block ends well; an old
    one is replaced then. One thread at a time.

        with ResultBagWriter(bag, [Path("reobj_msgs/msg")]) as writer:
            writer.add_topic(Topic("/objects", "reobj_msgs/msg/TrackedObjects"))
            writer.write("/objects", stamp_ns, cdr)

    Args:
        path: the bag's folder.
        message_folders: ``PACKAGE/msg`` folders of the types beyond the standard ones.

    Raises:
        BagError: a message folder that cannot be read.
        StorageError: on leaving or writing, the operating system refused a write.
    """

    def __init__(self, path: Path | str, message_folders: Sequence[Path | str] = ()) -> None:
        self._types = types_with(message_folders)
        self._stack = ExitStack()
        self._bag = new_bag(path, "mcap", self._types)

    def __enter__(self) -> ResultBagWriter:
        self._writer = self._stack.enter_context(self._bag)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add_topic(self, topic: Topic, definition: str | None = None) -> None:
        """Announces a topic before its first message.

        Args:
            topic: its name, type and whether it is latched.
            definition: text of the type's .msg file, for a type that is neither standard nor
                in the message folders; types that it needs may follow, each after a line of 80
                ``=`` and ``MSG: package/Name``.

        Raises:
            BagError: an unknown type, a bad definition, or the topic exists with another type.
        """
        if definition is not None:
            register(self._types, topic.msgtype, definition)
        self._writer.add_topic(topic)

    def write(self, topic: str, stamp_ns: int, cdr: bytes | memoryview) -> None:
        """Appends one message.

        Raises:
            BagError: the topic was not announced, or ``cdr`` does not begin like a CDR message.
            StorageError: the operating system refused the write.
        """
        if len(cdr) < 4 or bytes(cdr[:2]) not in (b"\x00\x00", b"\x00\x01"):
            raise BagError(f"{topic}: expected a CDR message, got {bytes(cdr[:4])!r}...")
        self._writer.write(topic, stamp_ns, cdr)
