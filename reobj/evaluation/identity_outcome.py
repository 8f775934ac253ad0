"""What one run over one recording came to, in counts that can be added over recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from reobj.evaluation.identity_decisions import JudgedDecision, MapQuality
from reobj.evaluation.identity_systems import RunKey
from reobj.evaluation.revisits import JudgedVisit, RevisitScores
from reobj.evaluation.trackeval_scores import TrackCounts


@dataclass(frozen=True, slots=True, eq=False)
class RunOutcome:
    """One run over one recording.

    Attributes:
        scan: name of the recording.
        key: which run.
        frames: with known truth.
        objects_true: true objects that were visible enough in some frame.
        tracks: trackeval's counts.
        visits: of all true objects.
        decisions: in the order of time.
        undecided: confirmed tracks that no decision was made of.
        detected, deferred: true objects that were detected, and of those the ones without an id, per frame.
        map_objects, duplicates: see IdentityScores.
        quality: of the map.
        seen: frames in which each true object was visible enough.
        given: of those, frames by true object and id, as published.
        true_labels: of the true objects.
        latency_ms: (frames,) float32 of association.
    """

    scan: str
    key: RunKey
    frames: int
    objects_true: int
    tracks: TrackCounts
    visits: Sequence[JudgedVisit]
    decisions: Sequence[JudgedDecision]
    undecided: int
    detected: int
    deferred: int
    map_objects: int
    duplicates: int
    quality: MapQuality
    seen: Mapping[int, int]
    given: Mapping[int, Mapping[int, int]]
    true_labels: Mapping[int, str]
    latency_ms: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """All runs over one recording."""

    scan: str
    runs: tuple[RunOutcome, ...]


#: Bounds of the classes of absence, seconds; the last one is open.
ABSENCES_S = (3.0, 10.0, 30.0, 60.0, 120.0)


def absence_names() -> tuple[str, ...]:
    """The classes of absence as a person reads them."""
    closed = pairwise(ABSENCES_S)
    return (*(f"{low:g} to {high:g} s" for low, high in closed), f"over {ABSENCES_S[-1]:g} s")


def by_absence(visits: Iterable[JudgedVisit]) -> dict[str, list[JudgedVisit]]:
    """The revisits in their classes of absence."""
    names = absence_names()
    found: dict[str, list[JudgedVisit]] = {name: [] for name in names}
    for item in visits:
        if item.visit.absence_ns > 0:
            row = int(np.searchsorted(ABSENCES_S, item.visit.absence_ns / 1e9, side="right")) - 1
            found[names[max(row, 0)]].append(item)
    return found


@dataclass(frozen=True, slots=True)
class ClassOutcome:
    """What the true objects of one class came to.

    Attributes:
        objects: true ones.
        idtp, seen, given: frames under the best ids, in which they were visible, and under any id.
        revisits: of them.
        wrong_objects, duplicates: wrong decisions about them.
        decisions: all judged ones about them.
    """

    objects: int
    idtp: int
    seen: int
    given: int
    revisits: RevisitScores
    wrong_objects: int
    duplicates: int
    decisions: int

    @property
    def idf1(self) -> float | None:
        """2 IDTP / (seen + given); instances that show no true object are of no class and left out."""
        return 2 * self.idtp / (self.seen + self.given) if self.seen + self.given else None


def best_ids(given: Mapping[int, Mapping[int, int]], true_ids: Iterable[int]) -> int:
    """Frames in which these objects carry their ids, each its one, for the best choice of ids (Hungarian)."""
    rows = [given[true_id] for true_id in true_ids if true_id in given]
    ids = sorted({object_id for row in rows for object_id in row})
    frames = np.array([[row.get(object_id, 0) for object_id in ids] for row in rows])
    frames = frames.reshape(len(rows), len(ids))
    best = linear_sum_assignment(frames, maximize=True)
    return int(frames[best].sum())


def labels_of(outcomes: Iterable[RunOutcome]) -> list[str]:
    """The classes that were seen, the one with most objects first."""
    counts = Counter(item.true_labels.get(true_id, "object") for item in outcomes for true_id in item.seen)
    return [label for label, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
