"""A thread that does slow work off the executor, one item at a time, the newest ones."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Worker(Generic[Item]):
    """Calls ``work(item)`` in a thread of its own; a full queue drops the oldest.

    Each source has a queue, and those in which something waits are taken in turn: a camera of many
    images a second costs another one none of its own.

    Args:
        work: called with each item that is not dropped. Its exceptions go to ``on_error``.
        on_error: called in the thread of the worker; the worker goes on.
        name: of the thread.
        keep: items of a source that wait at most. 1 always works on the newest, more lose less and
            take memory.
    """

    def __init__(
        self,
        work: Callable[[Item], None],
        on_error: Callable[[Exception], None],
        name: str = "worker",
        keep: int = 1,
    ) -> None:
        self.dropped = 0
        self._work = work
        self._on_error = on_error
        self._keep = keep
        self._waiting: dict[str, deque[Item]] = {}  # in the order in which they are taken; none is empty
        self._busy = False
        self._running = True
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item, source: str = "") -> None:
        """Hands over an item; returns at once. When too many wait, the oldest is dropped and counted."""
        with self._changed:
            queue = self._waiting.setdefault(source, deque(maxlen=self._keep))
            self.dropped += len(queue) == self._keep
            queue.append(item)
            self._changed.notify_all()

    def wait_idle(self, timeout_s: float) -> bool:
        """Waits until nothing is queued or worked on; False after ``timeout_s``."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Drops what waits, lets the present item end and joins the thread.

        Returns:
            Whether it ended in time. If not, what the item still does counts for nothing: its
            exceptions are dropped, as whatever it uses may be gone.
        """
        with self._changed:
            self._running = False
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or not self._running)
                if not self._running:
                    return
                item = self._next()
                self._busy = True
            try:
                self._work(item)
            except Exception as error:  # the thread must outlive any bad item; the node logs it
                if self._running:
                    self._on_error(error)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _next(self) -> Item:
        """Takes an item of the source that has waited longest for its turn."""
        source = next(iter(self._waiting))
        queue = self._waiting.pop(source)
        item = queue.popleft()
        if queue:
            self._waiting[source] = queue
        return item
