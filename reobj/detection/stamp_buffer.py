"""What comes beside the images and is looked up by stamp, kept until the detector asks for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from reobj.errors import InputError

Item = TypeVar("Item")


class StampBuffer(Generic[Item]):
    """The last items by stamp. One thread may put while another one looks up.

    Args:
        what: an item is, for messages.
        capacity: items kept; the one put first leaves first. More takes more memory (0.6 MB for each
            label image of 640x480), fewer loses frames whose image comes late.
    """

    def __init__(self, what: str, capacity: int = 64) -> None:
        self._what = what
        self._capacity = capacity
        self._items: OrderedDict[int, Item] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, stamp_ns: int, item: Item) -> None:
        """Keeps ``item``; one that is there for this stamp is replaced."""
        with self._lock:
            self._items.pop(stamp_ns, None)
            self._items[stamp_ns] = item
            while len(self._items) > self._capacity:
                self._items.popitem(last=False)

    def last(self) -> int | None:
        """Stamp of the item that was put last; None before the first."""
        with self._lock:
            return next(reversed(self._items), None)

    def __contains__(self, stamp_ns: int) -> bool:
        with self._lock:
            return stamp_ns in self._items

    def __call__(self, stamp_ns: int) -> Item:
        """The item of exactly this stamp.

        Raises:
            InputError: it never came, or has left already.
        """
        with self._lock:
            found = self._items.get(stamp_ns)
            if found is None:
                raise InputError(
                    f"{self._what}: expected one of stamp {stamp_ns} ns, got none among {len(self._items)}"
                )
            return found
