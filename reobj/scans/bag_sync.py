"""Finding what belongs to a colour image among messages that come in the order of recording."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from reobj.errors import BagError
from reobj.scans.bag_raw import RawMessage, header_of

HORIZON_NS = 1_000_000_000
"""A stamp further ahead than this is of an earlier round of a looped bag, not of the future."""

# An image waits for its companions at most this long in recording time, and never more than
# so many images at once, so that a topic that fell silent costs neither them nor memory.
_WAIT_NS = 500_000_000
_MAX_WAITING = 30

_Waiting = tuple[int, str, RawMessage]  # stamp, frame id, image


class Companion(Protocol):
    """A topic whose messages go with the colour images."""

    def settled(self, stamp_ns: int, frame_id: str) -> bool:
        """Whether waiting for more messages cannot change what belongs to the image with this header."""
        ...

    def forget_after(self, stamp_ns: int) -> None:
        """Time jumped back to ``stamp_ns``: what was kept of later times is of an earlier round."""
        ...

    def forget_before(self, stamp_ns: int) -> None:
        """Nothing before ``stamp_ns`` will be asked for."""
        ...


class NearestByStamp:
    """The messages of one topic, of which an image takes the nearest by header stamp.

    Args:
        slop_ns: the largest distance, nanoseconds; 0 takes only the same stamp. Raising it pairs
            sensors that run less evenly, and pairs wrongly what moved in between.
    """

    def __init__(self, slop_ns: int) -> None:
        self._slop_ns = slop_ns
        # 100 messages are 0.2 s at 500 Hz; images never come near it, as they are forgotten when used.
        self._kept: deque[tuple[int, RawMessage]] = deque(maxlen=100)

    def add(self, message: RawMessage) -> None:
        self._kept.append((header_of(message)[0], message))

    def nearest(self, stamp_ns: int) -> RawMessage | None:
        """The message nearest to ``stamp_ns``, the earlier one of two; None when none is within the slop."""
        stamp, message = min(self._kept, key=lambda kept: abs(kept[0] - stamp_ns), default=(None, None))
        return message if stamp is not None and abs(stamp - stamp_ns) <= self._slop_ns else None

    def settled(self, stamp_ns: int, frame_id: str) -> bool:
        return any(0 <= stamp - stamp_ns <= HORIZON_NS for stamp, _ in self._kept)

    def forget_after(self, stamp_ns: int) -> None:
        kept = [entry for entry in self._kept if entry[0] <= stamp_ns + self._slop_ns]
        self._kept = deque(kept, self._kept.maxlen)

    def forget_before(self, stamp_ns: int) -> None:
        while self._kept and self._kept[0][0] < stamp_ns - self._slop_ns:
            self._kept.popleft()


def images_with_companions(
    messages: Iterable[RawMessage],
    image_topic: str,
    take: Callable[[RawMessage], None],
    companions: Sequence[Companion],
) -> Iterator[RawMessage]:
    """Yields each message of ``image_topic`` as soon as the companions have what belongs to it.

    All other messages go to ``take``, which hands them to the companions. A stamp
    that jumps back (a looped bag) is passed on as it is; then the companions forget. An image
    without a readable header is passed on at once.
    """
    waiting: deque[_Waiting] = deque()
    last_ns = 0
    for message in messages:
        if message.topic == image_topic:
            try:
                stamp_ns, frame_id = header_of(message)
            except BagError:
                yield message
                continue
            if stamp_ns < last_ns:
                yield from (image for _, _, image in waiting)
                waiting.clear()
                for companion in companions:
                    companion.forget_after(stamp_ns)
            last_ns = stamp_ns
            waiting.append((stamp_ns, frame_id, message))
        else:
            take(message)
        while waiting and _ready(waiting, message.stamp_ns, companions):
            stamp_ns, _, image = waiting.popleft()
            yield image
            for companion in companions:
                companion.forget_before(stamp_ns)
    yield from (image for _, _, image in waiting)


def _ready(waiting: deque[_Waiting], recorded_ns: int, companions: Sequence[Companion]) -> bool:
    stamp_ns, frame_id, image = waiting[0]
    if len(waiting) > _MAX_WAITING or recorded_ns - image.stamp_ns > _WAIT_NS:
        return True
    return all(companion.settled(stamp_ns, frame_id) for companion in companions)
