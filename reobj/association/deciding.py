"""From tracks without an object to objects: asks the evidence, decides, and tells the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reobj.association.decisions import decide
from reobj.association.evidence import Array, Queries
from reobj.association.explanations import decision_details
from reobj.association.map.candidates import Candidates
from reobj.association.map.map_object import ObjectState
from reobj.association.misplaced import misplaced
from reobj.association.records import TrackRecord, queries
from reobj.association.shared_map import SharedMap
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track
from reobj.types import DecisionKind, Event, EventKind, TrackState

#: probability that an object that is not where it was is seen somewhere else; bounds what its place can say
_ABSENT_ELSEWHERE = 0.1
#: one class name, where there is nothing to tell apart
_ANY = np.array([""])


class TrackDecider:
    """Decides which objects the tracks of a camera's frame are.

    Args:
        shared: how they are compared; its map gets new objects and new visits.
        tracks: their evidence so far; learns what they are.
        camera: its name.
    """

    def __init__(self, shared: SharedMap, tracks: TrackBook, camera: str) -> None:
        self._shared, self._tracks, self._camera = shared, tracks, camera
        self._map = shared.object_map

    def decide(self, tracks: Sequence[Track], stamp_ns: int) -> tuple[tuple[Event, ...], frozenset[int]]:
        """Compares the tracks without an object with the map; a tentative one can only be a known object.

        Args:
            tracks: of the frame; those with an object are the company of the others.
            stamp_ns: of the frame.

        Returns:
            What happened, and the tracks that have an object from this frame on.
        """
        objects = self._tracks.objects_of(tracks)
        asking = [t for t, i in zip(tracks, objects, strict=True) if not i]
        if not asking:
            return (), frozenset()
        records, config = [self._tracks[t.track_id] for t in asking], self._shared.config
        asked = queries(records, self._map, config.full_novelty, config.most_views)
        asked = replace(asked, company=tuple(i for i in objects if i))
        absent = self._map.absent()
        candidates = self._candidates(asked, absent)
        excluded = [
            np.isin(candidates.object_ids, list(self._tracks.met_objects(t.track_id))) for t in asking
        ]
        decisions = decide(
            self._terms(asked, candidates, absent),
            np.stack(excluded),
            candidates.object_ids,
            np.array([record.deferred >= config.max_deferred for record in records]),
            self._shared.calibration.thresholds,
            candidates.population,
            candidates.uncompared * config.unlike_probability,
        )
        events: list[Event] = []
        found = []
        for track, record, decision in zip(asking, records, decisions, strict=True):
            if track.state == TrackState.TENTATIVE and decision.kind != DecisionKind.MATCH:
                continue
            record.decision = decision
            if decision.kind == DecisionKind.DEFER:
                record.deferred += 1
                continue
            found.append(track.track_id)
            events += self._adopt(track.track_id, record, stamp_ns)
        return tuple(events), frozenset(found)

    def _candidates(self, asked: Queries, absent: list[int]) -> Candidates:
        around = asked.places.positions if asked.places.located.all() else None
        return self._map.candidates(
            around,
            self._shared.config.gate_radius_m,
            asked.views,
            also=absent,
            without=asked.company,
        )

    def _terms(self, asked: Queries, candidates: Candidates, absent: list[int]) -> dict[str, Array]:
        terms = {name: term(asked, candidates) for name, term in self._shared.evidence.items()}
        if "position" in terms and absent:
            gone = np.isin(candidates.object_ids, absent)
            terms["position"][:, gone] = np.maximum(terms["position"][:, gone], np.log(_ABSENT_ELSEWHERE))
        return terms

    def _adopt(self, track_id: int, record: TrackRecord, stamp_ns: int) -> list[Event]:
        """Makes the track the object that was decided on."""
        if record.decision.kind == DecisionKind.NEW:
            events = [self._create(track_id, record, stamp_ns)]
        elif visit_id := self._going_on(record, stamp_ns):
            stamps = record.first_ns, record.last_ns
            self._map.go_on_with([visit_id])
            self._map.resume(
                record.object_id, record.seen, record.labels, stamps, record.geometry, record.last_pose
            )
            events = []
        else:
            events = self._return(track_id, record, stamp_ns)
        self._tracks.hold(track_id, record.object_id)
        details = {"visit": record.visit_id, **decision_details(record.decision)}
        return [replace(e, details=details) if e.kind != EventKind.MOVED else e for e in events]

    def _create(self, track_id: int, record: TrackRecord, stamp_ns: int) -> Event:
        decision = record.decision
        seen = record.seen, record.labels, (record.first_ns, record.last_ns), record.geometry
        object_id = self._map.create(*seen, track_id, decision.probability, record.last_pose)
        record.decision = replace(decision, object_id=object_id)
        return Event(EventKind.CREATED, stamp_ns, (object_id,), track_id, decision.probability)

    def _going_on(self, record: TrackRecord, stamp_ns: int) -> int:
        """The visit that the object was in a moment ago, which goes on; 0 where it was out of view."""
        visit_id = self._shared.sightings.visit_of(self._camera, record.object_id, stamp_ns)
        if not visit_id or self._map.state_of(record.object_id) == ObjectState.ABSENT:
            return 0
        return visit_id if self._map.owner(visit_id) == record.object_id else 0

    def _return(self, track_id: int, record: TrackRecord, stamp_ns: int) -> list[Event]:
        """A new visit of an object that was away, and what happened to it meanwhile."""
        object_id, sure = record.object_id, record.decision.probability
        then, away = self._map.last_pose(object_id), self._has_moved(record)
        seen = record.seen, record.labels, (record.first_ns, record.last_ns), record.geometry
        absence_ns = self._map.visit(object_id, stamp_ns, *seen, track_id, sure, record.last_pose)
        if away:
            self._map.move(object_id, record.geometry)
        if away or self._map.state_of(object_id) != ObjectState.PRESENT:
            self._map.set_state(object_id, ObjectState.MOVED if away else ObjectState.PRESENT)
        event = Event(
            EventKind.REIDENTIFIED,
            stamp_ns,
            (object_id,),
            track_id,
            sure,
            absence_ns=absence_ns,
            pose_then=then,
            pose_now=record.last_pose,
        )
        moved = [Event(EventKind.MOVED, stamp_ns, (object_id,), track_id, sure)] if away else []
        return [event, *moved]

    def _has_moved(self, record: TrackRecord) -> bool:
        """Whether an object that was missed is somewhere else now."""
        if self._map.state_of(record.object_id) != ObjectState.ABSENT:
            return False
        there, first = self._map.places([record.object_id]), np.zeros(1, np.intp)
        return bool(misplaced(self._shared.config.position, record.geometry, first, there, _ANY)[0])
