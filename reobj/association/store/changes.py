"""What happened to the object map since the last time: what association hands to its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reobj.association.store.columns import Ids
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.visit_rows import VisitRows
from reobj.errors import InputError, mismatch
from reobj.types import Event, ModelId


def _no_links() -> Ids:
    return np.zeros((0, 2), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class MapChanges:
    """What to write. The arrays are copies: nobody writes into them after they were handed over.

    Attributes:
        model: the network that makes the embeddings; None while there is none.
        next_object_id, next_visit_id: > 0, first ids that were never given out. A file never goes back.
        cleared: all objects and the model were forgotten, before the other changes. Events,
            redirects and ids are kept.
        objects, visits: the whole present state of each object and visit that changed, each once.
        prototypes: those that changed; the others of the same object stay.
        cannot_links: (P, 2) int64 object ids of pairs that are never the same; kept for good.
        redirects: old object id to the id that it now resolves to; 0: it is itself again.
        events: in the order of their ids, which are given.
    """

    model: ModelId | None = None
    next_object_id: int = 1
    next_visit_id: int = 1
    cleared: bool = False
    objects: ObjectRows = field(default_factory=ObjectRows.empty)
    visits: VisitRows = field(default_factory=VisitRows.empty)
    prototypes: PrototypeRows = field(default_factory=PrototypeRows.empty)
    cannot_links: Ids = field(default_factory=_no_links)
    redirects: Mapping[int, int] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

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
    visits = VisitRows.joined([part.visits for part in kept])
    prototypes = PrototypeRows.joined([part.prototypes for part in kept])
    place = np.stack([prototypes.object_ids, prototypes.slots], axis=1)
    return MapChanges(
        model=next((part.model for part in reversed(kept) if part.model is not None), None),
        next_object_id=max(part.next_object_id for part in parts),
        next_visit_id=max(part.next_visit_id for part in parts),
        cleared=kept[0].cleared,
        objects=objects.select(_last_of_each(objects.object_ids[:, None])),
        visits=visits.select(_last_of_each(visits.visit_ids[:, None])),
        prototypes=prototypes.select(_last_of_each(place)),
        cannot_links=np.concatenate([part.cannot_links for part in kept]),
        redirects={old: new for part in kept for old, new in part.redirects.items()},
        events=tuple(event for part in parts for event in part.events),
    )


def _last_of_each(keys: Ids) -> NDArray[np.intp]:
    """Rows of the last occurrence of each key (N, C)."""
    _, first = np.unique(keys[::-1], axis=0, return_index=True)
    return len(keys) - 1 - first
