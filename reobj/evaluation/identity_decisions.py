"""Each decision at the moment in which it was made: was it right, how sure was it, how long did it take?

A decision is an event: a track became a known object (MATCH) or a new one (NEW).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from reobj.evaluation.identity_truth import FrameTruth
from reobj.evaluation.ownership import IdTally
from reobj.types import Decision, DecisionKind, Event, EventKind, Evidence, TrackedObject, TrackState

_KINDS = {EventKind.CREATED: DecisionKind.NEW, EventKind.REIDENTIFIED: DecisionKind.MATCH}


class Verdict(enum.IntEnum):
    """What a decision was."""

    RIGHT = 0
    WRONG_OBJECT = 1  #: MATCH with an object that it is not
    DUPLICATE = 2  #: NEW for an object that the map has
    UNKNOWN = 3  #: the instance shows no true object


@dataclass(frozen=True, slots=True)
class ViewRef:
    """An instance of a frame, by which it is found again for a picture.

    Attributes:
        stamp_ns: of the frame.
        index: row of the instance.
        area: pixels of its mask.
    """

    stamp_ns: int
    index: int
    area: int


@dataclass(frozen=True, slots=True)
class JudgedDecision:
    """A decision and what is true.

    Attributes:
        view: the instance at that moment.
        kind: MATCH or NEW.
        object_id: that was given.
        probability: in [0, 1], the system's own.
        verdict: see there.
        true_id: what the instance shows, 0 for no object.
        owner: MATCH: the true object that the id belonged to; 0 for none.
        wait_ns: since the first frame of the track.
        chosen, runner_up: the system's evidence, where it tells.
        other: the largest view of the object it was mistaken for (WRONG_OBJECT), or the largest
            view of the object before (DUPLICATE).
    """

    view: ViewRef
    kind: DecisionKind
    object_id: int
    probability: float
    verdict: Verdict
    true_id: int
    owner: int
    wait_ns: int
    chosen: Evidence | None
    runner_up: Evidence | None
    other: ViewRef | None


class DecisionJudge:
    """Judges the decisions of one run, frame by frame.

    An object id belongs to the true object that carried it in most frames before. A MATCH is right when
    the id belongs to the object that the instance lies on. A NEW is right when no id belongs to it.

    Args:
        tally: of all frames before the present one; the caller keeps it up to date.
    """

    def __init__(self, tally: IdTally) -> None:
        self._tally = tally
        self._first_ns: dict[int, int] = {}
        self._undecided: set[int] = set()
        self._by_id: dict[int, ViewRef] = {}
        self._by_truth: dict[int, ViewRef] = {}
        self.decisions: list[JudgedDecision] = []

    @property
    def undecided(self) -> int:
        """Number of confirmed tracks that no decision was made of."""
        return len(self._undecided)

    def add(
        self, stamp_ns: int, truth: FrameTruth, objects: Sequence[TrackedObject], events: Sequence[Event]
    ) -> None:
        """Takes one frame, before the tally does."""
        items = {item.track_id: item for item in objects}
        covered = truth.covered
        for item in objects:
            self._first_ns.setdefault(item.track_id, stamp_ns)
            if item.state == TrackState.CONFIRMED and not item.object_id:
                self._undecided.add(item.track_id)
        for event in events:
            item_of = items.get(event.track_id)
            if event.kind in _KINDS and item_of is not None:
                view = _view(stamp_ns, truth, item_of.index)
                self._judge(event, item_of.decision, view, int(covered[item_of.index]))
        for item in objects:
            if item.object_id:
                self._undecided.discard(item.track_id)
                self._remember(_view(stamp_ns, truth, item.index), item.object_id, int(covered[item.index]))

    def _judge(self, event: Event, decision: Decision, view: ViewRef, true_id: int) -> None:
        kind, object_id = _KINDS[event.kind], event.object_ids[0]
        owner = self._tally.owner(object_id) if kind == DecisionKind.MATCH else 0
        verdict = self._verdict(kind, owner, true_id)
        other = {
            Verdict.WRONG_OBJECT: self._by_id.get(object_id),
            Verdict.DUPLICATE: self._by_truth.get(true_id),
        }.get(verdict)
        wait_ns = view.stamp_ns - self._first_ns[event.track_id]
        self.decisions.append(
            JudgedDecision(
                view,
                kind,
                object_id,
                event.probability,
                verdict,
                true_id,
                owner,
                wait_ns,
                decision.chosen,
                decision.runner_up,
                other,
            )
        )

    def _verdict(self, kind: DecisionKind, owner: int, true_id: int) -> Verdict:
        if kind == DecisionKind.MATCH:
            if owner == 0 and true_id == 0:
                return Verdict.UNKNOWN
            return Verdict.RIGHT if owner == true_id else Verdict.WRONG_OBJECT
        if true_id == 0:
            return Verdict.UNKNOWN
        known = any(self._tally.owner(object_id) == true_id for object_id in self._tally.table())
        return Verdict.DUPLICATE if known else Verdict.RIGHT

    def _remember(self, view: ViewRef, object_id: int, true_id: int) -> None:
        """Keeps the largest view of each id and of each true object."""
        if object_id not in self._by_id or view.area > self._by_id[object_id].area:
            self._by_id[object_id] = view
        if true_id and (true_id not in self._by_truth or view.area > self._by_truth[true_id].area):
            self._by_truth[true_id] = view


def _view(stamp_ns: int, truth: FrameTruth, index: int) -> ViewRef:
    return ViewRef(stamp_ns, index, int(truth.overlaps.areas[index]))


@dataclass(frozen=True, slots=True)
class MapQuality:
    """How well ids and true objects agree, in frames that show a true object under an id.

    Attributes:
        pure: frames in which the id shows the object that it shows most often.
        whole: frames in which the object carries the id that it carries most often.
        given: all of them.
    """

    pure: int
    whole: int
    given: int


def map_quality(tally: IdTally) -> MapQuality:
    """From the frames by id and object."""
    by_truth: dict[int, list[int]] = {}
    pure = given = 0
    for shown in tally.table().values():
        frames = {true_id: count for true_id, count in shown.items() if true_id > 0}
        pure += max(frames.values(), default=0)
        given += sum(frames.values())
        for true_id, count in frames.items():
            by_truth.setdefault(true_id, []).append(count)
    return MapQuality(pure, sum(max(counts) for counts in by_truth.values()), given)
