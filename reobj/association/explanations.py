"""Why a track became an object: the evidence of its decision, kept with the map's history.

The terms of a decision go into the details of its CREATED or REIDENTIFIED event. They are written
with it, so that an id can still be explained after a restart, from the file alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reobj.association.map.visits import Visit
from reobj.types import Decision, DecisionKind, Event, EventKind, Evidence

#: of a term in an event's details; a hundredth of a nat changes no decision
_DIGITS = 3
#: what a term is at most in an event's details, as JSON knows no infinity; e^-10000 is never anyhow
_MOST = 1e4
_KINDS = {EventKind.CREATED: DecisionKind.NEW, EventKind.REIDENTIFIED: DecisionKind.MATCH}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a track is the object that it is, or none yet.

    Attributes:
        track_id: the track, 0 where it is not known any more.
        stamp_ns: of the image in which it was decided.
        decision: with the evidence, where that is still known.
    """

    track_id: int
    stamp_ns: int
    decision: Decision


def decision_details(decision: Decision) -> dict[str, object]:
    """The evidence of a decision as details of its event: rounded, of types that JSON holds."""
    sides = {"chosen": decision.chosen, "runner_up": decision.runner_up}
    return {name: _plain(evidence) for name, evidence in sides.items() if evidence is not None}


def decision_of(event: Event) -> Decision:
    """The decision behind a CREATED or REIDENTIFIED event."""
    sides = (_evidence(event.details.get(name)) for name in ("chosen", "runner_up"))
    return Decision(_KINDS[event.kind], event.object_ids[0], event.probability, *sides)


def explained(visits: Sequence[Visit], events: Iterable[Event]) -> tuple[Explanation, ...]:
    """Why each visit belongs to its object, in the order of the visits.

    An event names its visit. Track and time must agree too, as another map may have been loaded since.
    A visit whose event is not among ``events`` is explained without evidence.
    """
    by_visit: dict[object, list[Event]] = {}
    for event in events:
        if event.kind in _KINDS:
            by_visit.setdefault(event.details.get("visit"), []).append(event)
    return tuple(_of_visit(visit, by_visit.get(visit.visit_id, [])) for visit in visits)


def _of_visit(visit: Visit, events: list[Event]) -> Explanation:
    for event in reversed(events):
        if event.track_id == visit.track_id and visit.first_ns <= event.stamp_ns <= visit.last_ns:
            return Explanation(visit.track_id, event.stamp_ns, decision_of(event))
    decision = Decision(visit.kind, visit.object_id, visit.probability)
    return Explanation(visit.track_id, visit.first_ns, decision)


def _plain(evidence: Evidence) -> dict[str, object]:
    terms = {name: round(max(-_MOST, min(_MOST, term)), _DIGITS) for name, term in evidence.terms.items()}
    return {"object_id": evidence.object_id, "terms": terms}


def _evidence(details: object) -> Evidence | None:
    """Back from the details; None where they hold no evidence."""
    if not isinstance(details, Mapping) or not isinstance(details.get("terms"), Mapping):
        return None
    terms = {str(name): float(term) for name, term in details["terms"].items()}
    return Evidence(int(details.get("object_id", 0)), terms)


def summary(why: Explanation) -> str:
    """One sentence: what was decided, how sure, and the term that said most."""
    decision = why.decision
    name = {DecisionKind.NEW: "a new object", DecisionKind.MATCH: f"object {decision.object_id}"}
    what = name.get(decision.kind, "not decided yet")
    sure = "" if decision.kind is DecisionKind.DEFER else f" with probability {decision.probability:.3f}"
    return f"track {why.track_id} is {what}{sure}{_margin(decision)}"


def _margin(decision: Decision) -> str:
    """How far ahead of the runner-up the decision is."""
    if decision.chosen is None or decision.runner_up is None:
        return "" if decision.chosen is not None else "; its evidence is not known any more"
    other = decision.runner_up.object_id
    ahead = decision.chosen.total - decision.runner_up.total
    return f", {ahead:.1f} nats ahead of {f'object {other}' if other else 'a new object'}"
