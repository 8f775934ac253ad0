"""What happened to the object map since the last time: what association hands to its file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.association.store.rows import Ids, ObjectRows, PrototypeRows
from reobj.errors import InputError, mismatch
from reobj.types import Event, ModelId


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its number in the map's history.

    Attributes:
        event_id: > 0, increasing, never reused.
        event: what happened.
        name: RENAMED: the new name; else empty.
        details: whatever says why, or is needed to undo it: anything that JSON can hold.

    Raises:
        InputError: JSON cannot hold the details.
    """

    event_id: int
    event: Event
    name: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            json.dumps(self.details, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(f"details of an event: {error}") from error


def _no_links() -> Ids:
    return np.zeros((0, 2), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class MapChanges:
    """What to write. The arrays are copies: nobody writes into them after they were handed over.

    Attributes:
        model: the network that makes the embeddings; None while there is none.
        next_object_id: > 0, first id that was never given out. A file never goes back.
        cleared: all objects and the model were forgotten, before the other changes. Events,
            redirects and ids are kept.
        objects: the whole present state of each object that changed, each once.
        prototypes: those that changed; the others of the same object stay.
        cannot_links: (P, 2) int64 object ids of pairs that are never the same; kept for good.
        redirects: old object id to the id that it now resolves to; 0: it is itself again.
        events: in the order of their ids.
    """

    model: ModelId | None = None
    next_object_id: int = 1
    cleared: bool = False
    objects: ObjectRows = field(default_factory=ObjectRows.empty)
    prototypes: PrototypeRows = field(default_factory=PrototypeRows.empty)
    cannot_links: Ids = field(default_factory=_no_links)
    redirects: Mapping[int, int] = field(default_factory=dict)
    events: tuple[StoredEvent, ...] = ()

    def __post_init__(self) -> None:
        if self.cannot_links.ndim != 2 or self.cannot_links.shape[1] != 2:
            raise InputError(mismatch("cannot-link pairs", "(P, 2)", self.cannot_links.shape))
        expected = 0 if self.model is None else self.model.dim
        if len(self.prototypes) and self.prototypes.embeddings.shape[1] != expected:
            got = self.prototypes.embeddings.shape[1]
            raise InputError(mismatch(f"prototypes of {self.model}", f"{expected} numbers each", got))


def joined(parts: Sequence[MapChanges]) -> MapChanges:
    """All changes, in the order in which they happened, as one: the last state of each object counts.

    Args:
        parts: at least one.
    """
    since = max((i for i, part in enumerate(parts) if part.cleared), default=0)
    kept = parts[since:]
    objects = ObjectRows.joined([part.objects for part in kept])
    prototypes = PrototypeRows.joined([part.prototypes for part in kept])
    place = np.stack([prototypes.object_ids, prototypes.slots], axis=1)
    return MapChanges(
        model=next((part.model for part in reversed(kept) if part.model is not None), None),
        next_object_id=max(part.next_object_id for part in parts),
        cleared=kept[0].cleared,
        objects=objects.select(_last_of_each(objects.object_ids[:, None])),
        prototypes=prototypes.select(_last_of_each(place)),
        cannot_links=np.concatenate([part.cannot_links for part in kept]),
        redirects={old: new for part in parts for old, new in part.redirects.items()},
        events=tuple(event for part in parts for event in part.events),
    )


def _last_of_each(keys: Ids) -> NDArray[np.intp]:
    """Rows of the last occurrence of each key (N, C)."""
    _, first = np.unique(keys[::-1], axis=0, return_index=True)
    return len(keys) - 1 - first
