"""Objects that are seen together: what is around an object speaks for it when it is seen again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reobj.association.evidence import Queries
from reobj.association.map.candidates import Candidates
from reobj.errors import ConfigError, mismatch

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NeighbourConfig:
    """How much the company of an object counts.

    Attributes:
        most: neighbours that count at most, as they come and go together; 0 leaves the evidence out.
        strongest: natural-log likelihood ratio of one neighbour at most.
        doubt: moments that an object is taken to have been seen in company of chance.
    """

    most: float = 2.0
    strongest: float = 2.0
    doubt: float = 5.0

    def __post_init__(self) -> None:
        if self.doubt == 0:
            raise ConfigError(mismatch("neighbours.doubt", "more than 0", self.doubt))
        for key in ("most", "strongest", "doubt"):
            if not 0 <= getattr(self, key) < np.inf:
                raise ConfigError(mismatch(f"neighbours.{key}", "a finite number >= 0", getattr(self, key)))


class Neighbourhood:
    """Counts who is seen with whom, and says what the present company speaks for.

    The ratio of a neighbour is p(in view | the candidate is) / p(in view), by counted moments, drawn
    towards 1 while they are few. Absent company says nothing: an object may be looked at from
    where nothing else of its surroundings is in view. A moment is a frame of one camera: what is in
    view of two cameras is not together for that.

    Args:
        config: see there.

    Attributes:
        config: may be replaced at any time.
    """

    def __init__(self, config: NeighbourConfig) -> None:
        self.config = config
        self.clear()

    def clear(self) -> None:
        """Forgets all."""
        self._moments = 0
        self._seen: dict[int, int] = {}
        self._together: dict[int, dict[int, int]] = {}
        self._views: dict[str, _View] = {}

    def remember(self, links: Mapping[int, Collection[int]]) -> None:
        """Of a map that was loaded: each object with those it was seen together with, as one moment."""
        for object_id, others in links.items():
            self._seen[object_id] = max(1, self._seen.get(object_id, 0))
            self._together.setdefault(object_id, {}).update(dict.fromkeys(others, 1))
        self._moments = max(self._moments, 1)

    def observe(self, object_ids: Iterable[int], camera: str = "") -> None:
        """Takes the objects that are known to be in view of a camera at one moment."""
        ids, view = frozenset(object_ids), self._views.setdefault(camera, _View())
        for object_id in view.since.keys() - ids:
            self._leave(view, object_id)
        for object_id in ids - view.since.keys():
            view.since[object_id] = view.moments
        view.moments += 1
        self._moments += 1

    def leave(self, camera: str) -> None:
        """Nothing is in view of the camera any more."""
        view = self._views.get(camera, _View())
        for object_id in list(view.since):
            self._leave(view, object_id)

    def _leave(self, view: _View, object_id: int) -> None:
        """Books how long it was in view, and with whom; so a moment costs what changes in it."""
        since = view.since.pop(object_id)
        self._seen[object_id] = self._seen.get(object_id, 0) + view.moments - since
        mine = self._together.setdefault(object_id, {})
        for other, came in view.since.items():
            moments = view.moments - max(since, came)
            theirs = self._together.setdefault(other, {})
            mine[other] = mine.get(other, 0) + moments
            theirs[object_id] = theirs.get(object_id, 0) + moments

    def follow(self, identity: Callable[[int], int]) -> None:
        """After edits of the map: ``identity`` gives the object that an id stands for now."""
        for object_id in {*self._seen, *(i for view in self._views.values() for i in view.since)}:
            kept = identity(object_id)
            if kept != object_id:
                self._merge(kept, object_id)

    def _merge(self, kept: int, absorbed: int) -> None:
        """Two objects turned out to be one."""
        for view in self._views.values():
            for object_id in {kept, absorbed} & view.since.keys():
                self._leave(view, object_id)
        self._seen[kept] = self._seen.get(kept, 0) + self._seen.pop(absorbed, 0)
        together = self._together.setdefault(kept, {})
        for other, count in self._together.pop(absorbed, {}).items():
            together[other] = together.get(other, 0) + count
        for others in self._together.values():
            if absorbed in others:
                others[kept] = others.get(kept, 0) + others.pop(absorbed)

    def _moments_of(self, object_ids: list[int]) -> Array:
        """(M,) moments that each was seen."""
        booked = np.array([self._seen.get(i, 0) for i in object_ids], np.float64)
        return booked + sum(view.durations(object_ids) for view in self._views.values())

    def __call__(self, queries: Queries, candidates: Candidates) -> Array:
        """(T, C) natural-log likelihood ratios, the same for all tracks: they have the same company."""
        company = [i for i in queries.company if self._knows(i)]
        shape = (len(queries), len(candidates))
        if not company or not len(candidates) or not self.config.most:
            return np.zeros(shape)
        rate = (self._moments_of(company) + 1) / (self._moments + 2)
        ids = candidates.object_ids.tolist()
        alone = self._moments_of(ids)
        with_it, rows = np.zeros((len(ids), len(company))), {i: row for row, i in enumerate(ids)}
        for column, k in enumerate(company):  # who was seen with k, which are few, and not all candidates
            known = [(rows[i], n) for i, n in self._together.get(k, {}).items() if i in rows]
            with_it[[row for row, _ in known], column] = [n for _, n in known]
        for view in self._views.values():  # the time that both are in view is that of the one who came later
            with_it += np.minimum(view.durations(ids)[:, None], view.durations(company))
        c = self.config
        ratio = np.log((with_it + c.doubt * rate) / (alone[:, None] + c.doubt) / rate)
        said = np.clip(ratio, 0.0, c.strongest).mean(axis=1) * min(len(company), c.most)
        return np.broadcast_to(said, shape).copy()

    def _knows(self, object_id: int) -> bool:
        return object_id in self._seen or any(object_id in view.since for view in self._views.values())


@dataclass(slots=True)
class _View:
    """Who is in view of a camera: ``since`` which of its ``moments``."""

    moments: int = 0
    since: dict[int, int] = field(default_factory=dict)

    def durations(self, object_ids: list[int]) -> Array:
        """(M,) moments that each has been in view by now, 0 where it is not."""
        return np.array([self.moments - self.since.get(i, self.moments) for i in object_ids], np.float64)
