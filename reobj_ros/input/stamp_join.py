"""Joins the messages of one moment: a primary one with its companions, by stamp.

message_filters is not used for this: it knows no optional input, and after a bag has
looped its exact synchroniser throws away every new message in favour of the unmatched
ones of the last round, for ever. Plain Python, so it is tested without a middleware.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ANY_STAMP_NS = 2**62
"""A slop that accepts a companion of any time, for what hardly changes (CameraInfo)."""

LOOP_NS = 1_000_000_000
"""A stamp that jumps back by more than this starts a new round (a looped bag)."""


def always() -> bool:
    """For companions that somebody surely publishes."""
    return True


@dataclass
class Companion:
    """One input that belongs to the primary one.

    Attributes:
        slop_ns: largest difference of stamps, nanoseconds; 0 = exactly the same.
        expected: whether anybody publishes it; if not, it is not waited for.
        required: without it the primary message is dropped.
        seldom: it comes with some of the primary messages only, as from a slow node; only a long row of them
            without it is worth a warning.
        keep: how many messages wait for their primary one. Raising it takes memory and lets the
            primary ones come later.
        missed: how many primary messages in a row went without it, though it was to be expected.
        gap_ns: from the last of these to the nearest message, > 0 when that is later; None before any came.
    """

    slop_ns: int = 0
    expected: Callable[[], bool] = always
    required: bool = False
    seldom: bool = False
    keep: int = 60
    missed: int = 0
    gap_ns: int | None = None
    waiting: dict[int, Any] = field(default_factory=dict)
    _last_ns: int | None = None

    def add(self, stamp_ns: int, message: Any) -> None:
        """Keeps a message; a stamp that jumps back forgets those of the last round."""
        newest = max(self.waiting, default=stamp_ns)
        if stamp_ns < newest - LOOP_NS:
            self.waiting.clear()
        self.waiting[stamp_ns] = message
        self._last_ns = stamp_ns
        while len(self.waiting) > self.keep:
            del self.waiting[min(self.waiting)]

    def nearest(self, stamp_ns: int) -> Any | None:
        """The message closest to ``stamp_ns`` within the slop."""
        if stamp_ns in self.waiting or not self.slop_ns:
            return self.waiting.get(stamp_ns)
        best = min(self.waiting, key=lambda other: abs(other - stamp_ns), default=None)
        if best is None or abs(best - stamp_ns) > self.slop_ns:
            return None
        return self.waiting[best]

    def may_come(self, stamp_ns: int) -> bool:
        """Whether it is worth waiting: somebody publishes it, and nothing later came already.

        What is later by more than LOOP_NS is left over from the last round of a looped bag.
        """
        newest = max(self.waiting, default=stamp_ns)
        is_past = stamp_ns + self.slop_ns < newest <= stamp_ns + self.slop_ns + LOOP_NS
        return self.wanted and not is_past

    @property
    def wanted(self) -> bool:
        """Whether a primary message without it lacks something."""
        return self.required or self.expected()

    def settle(self, stamp_ns: int, came: bool) -> None:
        """Takes note that the primary message of this stamp has gone, and forgets what is long before it."""
        self.missed = 0 if came or not self.wanted else self.missed + 1
        if self.missed:
            near = min(self.waiting, key=lambda other: abs(other - stamp_ns), default=self._last_ns)
            self.gap_ns = None if near is None else near - stamp_ns
        for old in [s for s in self.waiting if s + self.slop_ns < stamp_ns - LOOP_NS]:
            del self.waiting[old]


@dataclass(frozen=True)
class Around:
    """Two messages around the stamp of a primary one.

    Attributes:
        before, after: the messages.
        fraction: where between them the stamp is, in (0, 1).
    """

    before: Any
    after: Any
    fraction: float


@dataclass
class Interpolated(Companion):
    """A companion whose messages have stamps of their own, and can be interpolated between.

    With a message of exactly the primary one's stamp that is taken, else ``Around`` with the two that are
    next to it; ``slop_ns`` is how far these may be apart.
    """

    def nearest(self, stamp_ns: int) -> Any | None:
        """The message of the stamp, or Around."""
        if stamp_ns in self.waiting or not self.slop_ns:
            return self.waiting.get(stamp_ns)
        stamps = sorted(self.waiting)
        place = bisect_right(stamps, stamp_ns)
        if not 0 < place < len(stamps):
            return None
        before, after = stamps[place - 1], stamps[place]
        if after - before > self.slop_ns:
            return None
        fraction = (stamp_ns - before) / (after - before)
        return Around(self.waiting[before], self.waiting[after], fraction)

    def may_come(self, stamp_ns: int) -> bool:
        """Whether it is worth waiting: somebody publishes it, and nothing later came already."""
        newest = max(self.waiting, default=stamp_ns)
        return self.wanted and not stamp_ns < newest <= stamp_ns + LOOP_NS


@dataclass(frozen=True)
class Joined:
    """A primary message and those companions that came."""

    stamp_ns: int
    primary: Any
    companions: Mapping[str, Any]


class StampJoin:
    """Emits each primary message once all that can be had for its stamp is there.

    Args:
        companions: the other inputs, by name.
        emit: called with each Joined, in the order of the primary messages.
        wait_s: how long a primary message waits for expected companions at most. Raising it
            loses fewer companions and delays a frame longer when one is lost.
        keep: primary messages that wait at most; the oldest is dropped.
    """

    def __init__(
        self,
        companions: Mapping[str, Companion],
        emit: Callable[[Joined], None],
        wait_s: float = 0.2,
        keep: int = 30,
    ) -> None:
        self.companions = companions
        self.wait_s = wait_s
        self.dropped = 0
        self._emit = emit
        self._keep = keep
        self._pending: deque[tuple[int, Any, float]] = deque()

    def add_primary(self, stamp_ns: int, message: Any, now_s: float) -> None:
        """Takes a primary message; a second one with the same stamp is ignored."""
        if self._pending and self._pending[-1][0] == stamp_ns:
            return
        self._pending.append((stamp_ns, message, now_s))
        if len(self._pending) > self._keep:
            self._pending.popleft()
            self.dropped += 1
        self.flush(now_s)

    def add(self, name: str, stamp_ns: int, message: Any, now_s: float) -> None:
        """Takes a companion message."""
        self.companions[name].add(stamp_ns, message)
        self.flush(now_s)

    def flush(self, now_s: float) -> None:
        """Emits what is complete or has waited long enough; call it now and then."""
        while self._pending:
            stamp_ns, message, since_s = self._pending[0]
            found = {name: c.nearest(stamp_ns) for name, c in self.companions.items()}
            missing = [self.companions[name] for name, got in found.items() if got is None]
            if now_s - since_s < self.wait_s and any(c.may_come(stamp_ns) for c in missing):
                return
            self._pending.popleft()
            for name, companion in self.companions.items():
                companion.settle(stamp_ns, found[name] is not None)
            if any(c.required for c in missing):
                self.dropped += 1
            else:
                present = {name: got for name, got in found.items() if got is not None}
                self._emit(Joined(stamp_ns, message, present))
