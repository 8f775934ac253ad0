"""Later correction: objects of the map that turn out to be one, or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.decisions import posterior
from reobj.association.evidence import EvidenceTerm, PositionEvidence, Queries
from reobj.association.map.object_map import ObjectMap
from reobj.errors import ConfigError, mismatch

#: views of an object that are compared with other objects
_VIEWS = 8
#: probability, before any evidence, that an object is in the map twice
_TWICE_PRIOR = 0.5
#: 0.9999 quantile of chi-square with 3 degrees of freedom: a visit that was somewhere else
_ELSEWHERE = 21.108
#: metres between the boxes of two visits from which they are at two places
_APART_M = 0.05
#: a visit needs so many frames to be taken for another object: a short one may have been a bad mask
_LEAST_FRAMES = 5


@dataclass(frozen=True, slots=True)
class ReconsiderConfig:
    """When the map corrects itself.

    Attributes:
        same: least probability that two objects are one, to merge them; raising it leaves more
            duplicates and confuses fewer objects. 1 never merges.
        every_s: seconds between two looks at the objects in view.
    """

    same: float = 0.95
    every_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0.5 < self.same <= 1:
            raise ConfigError(mismatch("reconsider.same", "more than 0.5, at most 1", self.same))
        if not 0 < self.every_s < np.inf:
            raise ConfigError(mismatch("reconsider.every_s", "more than 0", self.every_s))


@dataclass(frozen=True, slots=True)
class Same:
    """Two objects that are one: ``kept``, the older one, and ``absorbed``, and why."""

    kept: int
    absorbed: int
    probability: float
    terms: Mapping[str, float]


def same_objects(
    object_map: ObjectMap,
    object_ids: Sequence[int],
    in_view: Sequence[int],
    evidence: Mapping[str, EvidenceTerm],
    least: float,
    radius_m: float,
    full_novelty: float,
    most_views: float,
) -> list[Same]:
    """Objects that are one with another object of the map, each named once.

    An object is compared with all others as a track would be, by its own views. Those that are in
    view together, or ever were, are two.

    Args:
        object_map: not changed.
        object_ids: those to compare with the others, at least one of those in view.
        in_view: objects held by tracks of the present frame, each once.
        evidence: as for tracks.
        least: probability, see ``ReconsiderConfig.same``.
        radius_m: how far apart the places of one object may be.
        full_novelty, most_views: as for tracks.
    """
    places = object_map.places(list(object_ids))
    views = [_some(object_map.prototypes_of(i).embeddings) for i in object_ids]
    asked = Queries.of(views, object_map.shares_of(list(object_ids)), places, full_novelty, most_views)
    around = places.positions if places.located.all() else None
    candidates = object_map.candidates(around, radius_m, asked.views, without=in_view)
    excluded = np.stack([np.isin(candidates.object_ids, list(object_map.cannot_link(i))) for i in object_ids])
    if excluded.all():
        return []
    terms = {name: term(asked, candidates) for name, term in evidence.items()}
    prior = np.log((1 - _TWICE_PRIOR) / max(candidates.population, 1))
    logits = np.where(excluded, -np.inf, sum(terms.values()) + prior)
    probability = posterior(logits, float(np.log(_TWICE_PRIOR)))[:, :-1]
    found: list[Same] = []
    taken: set[int] = set()
    for flat in np.argsort(-probability, axis=None).tolist():
        row, column = divmod(flat, probability.shape[1])
        if probability[row, column] < least:
            break
        pair = sorted((object_ids[row], int(candidates.object_ids[column])))
        if taken.isdisjoint(pair):
            taken.update(pair)
            why = {name: float(values[row, column]) for name, values in terms.items()}
            found.append(Same(pair[0], pair[1], float(probability[row, column]), why))
    return found


def strayed_visits(object_map: ObjectMap, object_id: int, position: PositionEvidence) -> list[int]:
    """Visits of an object that were somewhere else: they were another object.

    They are compared with the one that saw the object longest, since the object was last moved. A place
    counts as another one only where nothing of both boxes overlaps: of a large thing, parts are seen.
    """
    visit_ids, frames, places = object_map.visit_places(object_id)
    enough = np.flatnonzero(frames >= _LEAST_FRAMES)
    if len(enough) < 2:
        return []
    here = places.select(enough)
    longest = places.select(np.full(len(enough), enough[frames[enough].argmax()]))
    apart = np.abs(here.positions - longest.positions) - (here.spans + longest.spans) / 2
    away = (position.distance(here, longest) > _ELSEWHERE) & (apart.max(axis=1) > _APART_M)
    strayed: list[int] = visit_ids[enough][away].tolist()
    return strayed


def _some(views: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most so many of (V, D) views, spread evenly."""
    return views[np.linspace(0, len(views) - 1, min(_VIEWS, len(views))).astype(np.intp)]
