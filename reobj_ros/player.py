"""When each message of a bag goes out: at its time, or when the one before is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from reobj.scans.bag_raw import RawMessage, header_of, read_raw


class Player:
    """Gives the messages of a bag to ``publish``, in the thread that calls ``play``.

    Args:
        bag: to read.
        images: the topics whose messages are frames; with several, those of one stamp are one frame.
        publish: takes each message.
        rate: speed, 1 = as it was recorded; in lock-step it does not count.
        step_timeout_s: lock-step: longest wait for an answer; None = no lock-step.
        unanswered: takes the stamp of a frame, in nanoseconds, that nobody answered in time.
    """

    def __init__(
        self,
        bag: Path,
        images: Collection[str],
        publish: Callable[[RawMessage], None],
        rate: float = 1.0,
        step_timeout_s: float | None = None,
        unanswered: Callable[[int], None] = lambda stamp_ns: None,
    ) -> None:
        self.frames = 0
        self._bag, self._images, self._publish = bag, images, publish
        self._rate, self._step_timeout_s, self._unanswered = rate, step_timeout_s, unanswered
        self._changed = threading.Condition()
        self._stopping = False
        self._shown_ns: int | None = None
        self._answered_ns: int | None = None

    def play(self) -> bool:
        """Plays the bag once. False when it was stopped on the way.

        Raises:
            BagError: the bag cannot be read.
        """
        started, first_ns = time.monotonic(), None
        for message in read_raw(self._bag):
            first_ns = message.stamp_ns if first_ns is None else first_ns
            if self._step_timeout_s is None:
                due = started + (message.stamp_ns - first_ns) / 1e9 / self._rate
                self.pause(due - time.monotonic())
            if message.topic in self._images:
                self._begin_frame(header_of(message)[0])
            if self._stopping:
                return False
            self._publish(message)
        self._await_answer()
        return not self._stopping

    def answer(self, stamp_ns: int) -> None:
        """Says that the frame of this stamp is done; from any thread."""
        with self._changed:
            self._answered_ns = stamp_ns
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends all waiting and playing at once; from any thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Waits, but not for longer than until ``stop``. Gives whether to go on."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._stopping, max(0.0, seconds))

    def _begin_frame(self, stamp_ns: int) -> None:
        if stamp_ns == self._shown_ns:
            return  # the same image in another form
        self._await_answer()
        self._shown_ns, self._answered_ns = stamp_ns, None
        self.frames += 1

    def _await_answer(self) -> None:
        """Waits, in lock-step, for the answer to the frame that was shown last."""
        shown_ns, self._shown_ns = self._shown_ns, None
        if shown_ns is None or self._step_timeout_s is None:
            return
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._answered_ns == shown_ns or self._stopping, self._step_timeout_s
            )
        if not done:
            self._unanswered(shown_ns)
