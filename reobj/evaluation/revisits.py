"""Revisits: an object that was out of sight comes back. Was it called the same?

The definitions, with an example worked by hand, are in docs/metrics.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from reobj.errors import InputError, mismatch

#: An object unseen for this long comes back in a new visit.
MIN_ABSENCE_NS = 3_000_000_000


@dataclass(slots=True)
class Visit:
    """A stretch of time in which a true object was seen without a long absence.

    Attributes:
        true_id: the object.
        start_ns, end_ns: stamps of the first and the last frame that shows it.
        absence_ns: since the end of its visit before; 0 for its first visit.
        frames: number of frames in which each object id (> 0) was given to it, the earliest id first.
    """

    true_id: int
    start_ns: int
    end_ns: int
    absence_ns: int = 0
    frames: Counter[int] = field(default_factory=Counter)

    @property
    def answer(self) -> int:
        """The id given in most frames, the earlier one of equals; 0 when none was given."""
        return max(self.frames, key=self.frames.__getitem__, default=0)


class VisitRecorder:
    """Cuts what is seen of each true object into visits. Memory grows with visits, not with frames.

    Args:
        min_absence_ns: > 0; raising it leaves fewer, harder revisits.
    """

    def __init__(self, min_absence_ns: int = MIN_ABSENCE_NS) -> None:
        if min_absence_ns <= 0:
            raise InputError(mismatch("min_absence_ns", "> 0", min_absence_ns))
        self._min_absence_ns = min_absence_ns
        self._latest: dict[int, Visit] = {}
        self.visits: list[Visit] = []

    def add(self, stamp_ns: int, seen: Iterable[int], given: Mapping[int, int]) -> None:
        """Takes one frame, in the order of time.

        Args:
            stamp_ns: of the frame.
            seen: true ids that are visible.
            given: true id -> object id (> 0), for those that were given one.
        """
        for true_id in seen:
            visit = self._visit(true_id, stamp_ns)
            visit.end_ns = stamp_ns
            if true_id in given:
                visit.frames[given[true_id]] += 1

    def _visit(self, true_id: int, stamp_ns: int) -> Visit:
        """The running visit of an object, or a new one after a long absence."""
        latest = self._latest.get(true_id)
        absence_ns = 0 if latest is None else stamp_ns - latest.end_ns
        if latest is not None and absence_ns < self._min_absence_ns:
            return latest
        visit = Visit(true_id, stamp_ns, stamp_ns, absence_ns)
        self._latest[true_id] = visit
        self.visits.append(visit)
        return visit


@dataclass(frozen=True, slots=True)
class JudgedVisit:
    """A visit, and what its answer meant when it began.

    Attributes:
        visit: the visit.
        known: the object had been given some id in an earlier visit.
        owner: the true object that the answer belonged to before this visit; 0 for a new id or no answer.
    """

    visit: Visit
    known: bool
    owner: int

    @property
    def claim(self) -> bool:
        """The answer says "I know this one": it belonged to an object already."""
        return self.owner > 0

    @property
    def right(self) -> bool:
        """The answer belonged to this very object."""
        return self.owner == self.visit.true_id


@dataclass(frozen=True, slots=True)
class Merge:
    """Objects of the map became one: from ``stamp_ns`` on, the absorbed ids stand for the kept one."""

    stamp_ns: int
    kept: int
    absorbed: tuple[int, ...]


def judge(visits: Iterable[Visit], merges: Iterable[Merge] = ()) -> list[JudgedVisit]:
    """Judges each visit by the visits that began before it, in the order of their beginnings.

    Each visit has one vote, shared between the ids given in it by their frames. An id belongs to
    the true object with most votes for it, the one that had it first among equals.

    Args:
        visits: of one run.
        merges: in the order of time; a visit that begins after one finds the votes of the absorbed
            ids with the kept one.
    """
    votes: dict[int, dict[int, float]] = defaultdict(dict)
    known: set[int] = set()
    judged: list[JudgedVisit] = []
    waiting = deque(merges)
    ordered = sorted(visits, key=lambda visit: visit.start_ns)
    for start_ns, group in groupby(ordered, key=lambda visit: visit.start_ns):
        together = list(group)
        while waiting and waiting[0].stamp_ns <= start_ns:
            _join(votes, waiting.popleft())
        judged += [JudgedVisit(v, v.true_id in known, _owner(votes.get(v.answer, {}))) for v in together]
        for visit in together:
            _vote(votes, visit)
        known.update(visit.true_id for visit in together if visit.frames)
    return judged


def _join(votes: dict[int, dict[int, float]], merge: Merge) -> None:
    share = votes[merge.kept]
    for object_id in merge.absorbed:
        for true_id, vote in votes.pop(object_id, {}).items():
            share[true_id] = share.get(true_id, 0.0) + vote


def _owner(votes: Mapping[int, float]) -> int:
    return max(votes, key=votes.__getitem__, default=0)


def _vote(votes: dict[int, dict[int, float]], visit: Visit) -> None:
    total = visit.frames.total()
    for object_id, frames in visit.frames.items():
        share = votes[object_id]
        share[visit.true_id] = share.get(visit.true_id, 0.0) + frames / total


@dataclass(frozen=True, slots=True)
class RevisitScores:
    """Counts over all visits of a run.

    Attributes:
        revisits: visits after a long absence.
        known: those of them whose object had an id before.
        claims: visits, first ones too, answered with an id that belonged to an object already.
        right: claims whose id belonged to this very object.
    """

    revisits: int
    known: int
    claims: int
    right: int

    @property
    def recall(self) -> float | None:
        """The part of the known ones that is right; None without such revisits."""
        return self.right / self.known if self.known else None

    @property
    def precision(self) -> float | None:
        """The part of the claims that is right; None without claims."""
        return self.right / self.claims if self.claims else None


def revisit_scores(judged: Iterable[JudgedVisit]) -> RevisitScores:
    """Counts judged visits."""
    judged = list(judged)
    return RevisitScores(
        revisits=sum(j.visit.absence_ns > 0 for j in judged),
        known=sum(j.known for j in judged),
        claims=sum(j.claim for j in judged),
        right=sum(j.right for j in judged),
    )
