"""What people decided about the map, as its history tells: the machine does not decide it again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reobj.types import Event, EventKind


@dataclass(frozen=True, slots=True)
class HandEdits:
    """Decisions of people that hold.

    Attributes:
        apart: pairs of objects that were merged until somebody undid it.
        together: objects that somebody merged, or of which somebody undid a split.
    """

    apart: frozenset[frozenset[int]]
    together: frozenset[int]


def hand_edits(events: Iterable[Event], resolve: Callable[[int], int]) -> HandEdits:
    """Reads them from a history.

    Args:
        events: in the order of their ids. A merge with evidence was the machine's.
        resolve: the object that an id stands for now.
    """
    by_id: dict[int, Event] = {}
    apart: dict[int, frozenset[int]] = {}
    together: dict[int, int] = {}
    for event in events:
        by_id[event.event_id] = event
        if event.kind == EventKind.MERGED and "terms" not in event.details:
            together[event.event_id] = event.object_ids[0]
        undone = by_id.get(_number(event.details.get("undone"))) if event.kind == EventKind.UNDONE else None
        if undone is not None and undone.kind == EventKind.MERGED:
            together.pop(undone.event_id, None)
            apart[event.event_id] = frozenset(undone.object_ids)
        elif undone is not None:
            together[event.event_id] = undone.object_ids[0]
    return HandEdits(
        frozenset(
            frozenset(map(resolve, pair)) for ids in apart.values() for pair in itertools.combinations(ids, 2)
        ),
        frozenset(map(resolve, together.values())),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
