"""All that a map file holds of its objects, in memory: what an object map is restored from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.map_object import ObjectState
from reobj.association.store.columns import Ids
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.visit_rows import VisitRows
from reobj.errors import MapFileError, MapModelError, mismatch
from reobj.types import ModelId


@dataclass(frozen=True, slots=True, eq=False)
class MapSnapshot:
    """The map at one moment. Raises MapFileError where its parts do not fit together.

    Attributes:
        uuid: of the map, RFC 4122, for maps that travel.
        model: the network that made the embeddings; None before the first.
        next_object_id, next_event_id, next_visit_id: first ids that were never given out.
        objects: in the order of their ids, the retired ones too.
        visits: in the order of their ids. Each object has some, but for those merged into another.
        prototypes: in the order of objects and slots.
        cannot_links: (P, 2) int64 pairs that are never the same, by the ids that the objects had when
            they were seen together; see ``living_links``.
        redirects: old object id to the id that it resolves to, which may be an old one itself.
    """

    uuid: str
    model: ModelId | None
    next_object_id: int
    next_event_id: int
    next_visit_id: int
    objects: ObjectRows
    visits: VisitRows
    prototypes: PrototypeRows
    cannot_links: Ids
    redirects: Mapping[int, int]

    def __post_init__(self) -> None:
        stray = np.setdiff1d(self.prototypes.object_ids, self.objects.object_ids)
        if len(stray):
            raise MapFileError(mismatch("object of a prototype", "one of the map", int(stray[0])))
        stray = np.setdiff1d(self.visits.object_ids, self.objects.object_ids)
        if len(stray):
            raise MapFileError(mismatch("object of a visit", "one of the map", int(stray[0])))
        for old in self.redirects:
            self.resolve(old)

    def check_model(self, model: ModelId) -> None:
        """Raises MapModelError when the map has embeddings of another model."""
        if self.model is not None and self.model != model:
            raise MapModelError(mismatch("model of the map", model, self.model))

    def resolve(self, object_id: int) -> int:
        """The object that this id stands for now, after all merges; an id that is nobody's stays."""
        seen = {object_id}
        while object_id in self.redirects:
            object_id = self.redirects[object_id]
            if object_id in seen:
                raise MapFileError(mismatch("redirects of ids", "an end", f"a circle through {object_id}"))
            seen.add(object_id)
        return object_id

    def living(self) -> NDArray[np.intp]:
        """Rows of ``objects`` that are not retired."""
        return np.flatnonzero(self.objects.states != ObjectState.RETIRED)

    def living_links(self) -> Ids:
        """(P, 2) pairs of living objects that are never the same, the smaller id first, each once."""
        living = set(self.objects.object_ids[self.living()].tolist())
        pairs = {tuple(sorted(map(self.resolve, pair))) for pair in self.cannot_links.tolist()}
        kept = sorted((a, b) for a, b in pairs if a != b and a in living and b in living)
        return np.array(kept, np.int64).reshape(-1, 2)

    def banks(self, rows: NDArray[np.intp], size: int) -> tuple[NDArray[np.float32], Ids]:
        """The prototypes of some objects side by side.

        Args:
            rows: (M,) of ``objects``.
            size: P, places per object; what is beyond is left out.

        Returns:
            (M, P, D) of which the first counts are used and the rest repeats the first, and (M,) counts.

        Raises:
            MapFileError: an object has no prototype.
        """
        counts = self.objects.prototype_counts[rows]
        if (counts < 1).any():
            lonely = self.objects.object_ids[rows][counts < 1][0]
            raise MapFileError(mismatch(f"prototypes of object {lonely}", "at least 1", 0))
        starts = np.cumsum(self.objects.prototype_counts) - self.objects.prototype_counts
        slots = np.arange(size)
        places = starts[rows][:, None] + np.where(slots < counts[:, None], slots, 0)
        return self.prototypes.embeddings[places], np.minimum(counts, size)
