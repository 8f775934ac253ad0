"""The evidence of a decision goes into its event and comes back, from JSON too."""

import json
import math

import numpy as np
import pytest

from reobj.association.explanations import Explanation, decision_details, decision_of, explained, summary
from reobj.association.map.visits import Visit
from reobj.types import Decision, DecisionKind, Event, EventKind, Evidence

MATCH = Decision(
    DecisionKind.MATCH,
    7,
    0.93,
    Evidence(7, {"appearance": 3.14159, "position": -0.5}),
    Evidence(0, {"prior": -2.30259}),
)


def event(event_id=1, kind=EventKind.REIDENTIFIED, stamp_ns=50, track_id=4, visit=9, decision=MATCH):
    details = {"visit": visit, **decision_details(decision)}
    return Event(
        kind, stamp_ns, (7,), track_id, 0.93, event_id=event_id, details=json.loads(json.dumps(details))
    )


def visit(visit_id=9, track_id=4, first_ns=40, last_ns=90):
    nothing = (None, None, None, None, False, None)
    return Visit(visit_id, 7, track_id, DecisionKind.MATCH, 0.9, first_ns, last_ns, 5, {}, *nothing)


def test_a_decision_comes_back_rounded_from_the_details_of_its_event():
    back = decision_of(event())
    assert (back.kind, back.object_id, back.probability) == (DecisionKind.MATCH, 7, 0.93)
    assert back.chosen == Evidence(7, {"appearance": 3.142, "position": -0.5})
    assert back.runner_up == Evidence(0, {"prior": -2.303})


def test_terms_without_end_are_kept_as_very_large_ones():
    decision = Decision(DecisionKind.NEW, 3, 1.0, Evidence(0, {"a": -math.inf}), None)
    back = decision_of(event(kind=EventKind.CREATED, decision=decision))
    assert back.kind == DecisionKind.NEW
    assert back.chosen.terms["a"] < -1000
    assert back.runner_up is None


@pytest.mark.parametrize("details", [{}, {"chosen": None}, {"chosen": {"object_id": 3}}, {"chosen": [1]}])
def test_details_without_evidence_give_a_decision_without(details):
    assert decision_of(Event(EventKind.CREATED, 1, (7,), details=details)).chosen is None


def test_each_visit_is_explained_by_its_own_event():
    events = [event(1, stamp_ns=50), event(2, stamp_ns=150, visit=10), Event(EventKind.RENAMED, 60, (7,))]
    found = explained([visit(), visit(10, 4, 140, 190)], events)
    assert [why.stamp_ns for why in found] == [50, 150]


@pytest.mark.parametrize("other", [{"track_id": 5}, {"stamp_ns": 39}, {"stamp_ns": 91}, {"visit": 8}])
def test_an_event_of_another_map_with_the_same_visit_id_explains_nothing(other):
    (why,) = explained([visit()], [event(**other)])
    assert (why.decision.kind, why.decision.probability) == (DecisionKind.MATCH, 0.9)
    assert why.decision.chosen is None


def test_the_summary_says_what_was_decided_and_by_how_much():
    text = summary(Explanation(4, 50, decision_of(event())))
    assert "track 4 is object 7 with probability 0.930" in text
    margin = 3.142 - 0.5 + 2.303
    assert f"{margin:.1f} nats ahead of a new object" in text
    assert "not decided yet" in summary(Explanation(4, 50, Decision(DecisionKind.DEFER)))


def test_the_associator_writes_what_is_read_here(make_world, make_walk, distinct):
    from reobj.association.associator import MapAssociator

    walk = make_walk(make_world([(0.0, 0.0, 2.5)], distinct(1)), MapAssociator())
    walk.step(frames=8)
    (made,) = walk.events
    (why,) = explained(walk.associator.object_map.visits(1), walk.events)
    assert why.decision.chosen is not None
    assert np.isfinite(why.decision.chosen.total)
    assert why.stamp_ns == made.stamp_ns
