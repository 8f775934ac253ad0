"""What happened to a map, numbered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from reobj.association.map.hand_edits import HandEdits, hand_edits
from reobj.errors import InputError, mismatch
from reobj.types import Event, EventKind

#: what people or the machine decided about which objects are one
_EDITS = (EventKind.MERGED, EventKind.SPLIT, EventKind.UNDONE)


class MapHistory:
    """The last events, and all of those that said which objects are one, however long ago.

    Args:
        length: how many events are kept; a file has them all.

    Attributes:
        events: the last ones.
        next_id: first id that was never given out.
    """

    def __init__(self, length: int) -> None:
        self.events: deque[Event] = deque(maxlen=length)
        self.next_id = 1
        self._edits: list[Event] = []

    def number(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """The same events with the next ids, remembered."""
        numbered = tuple(replace(event, event_id=k) for k, event in enumerate(events, self.next_id))
        self.remember(numbered)
        return numbered

    def remember(self, events: Iterable[Event]) -> None:
        """Takes events that are numbered already, in the order of their ids."""
        for event in events:
            self.events.append(event)
            self.next_id = max(self.next_id, event.event_id + 1)
            if event.kind == EventKind.RETIRED:  # what was done to the map before was done to another one
                self._edits.clear()
            elif event.kind in _EDITS:
                self._edits.append(event)

    def find(self, event_id: int, stored: Callable[[], Iterable[Event]]) -> Event:
        """One event, older ones from the file. Raises InputError when there is none of that id."""
        recent = bool(self.events) and self.events[0].event_id <= event_id
        for event in self.events if recent else stored():
            if event.event_id == event_id:
                return event
        raise InputError(mismatch("event_id", f"one of the {self.next_id - 1} events", event_id))

    def edit(self, event_id: int) -> Event | None:
        """A merge, split or undoing of the present map; None where the id is another event's."""
        return next((event for event in self._edits if event.event_id == event_id), None)

    def hand_edits(self, resolve: Callable[[int], int]) -> HandEdits:
        """What people decided; ``resolve`` gives the object that an id stands for now."""
        return hand_edits(self._edits, resolve)
