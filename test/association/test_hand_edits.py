from reobj.association.map.hand_edits import hand_edits
from reobj.types import Event, EventKind


def event(kind, event_id, *ids, **details):
    return Event(kind, 0, ids, event_id=event_id, details=details)


def edits(*events, merged_into=None):
    return hand_edits(events, lambda i: (merged_into or {}).get(i, i))


def test_what_the_machine_did_is_nobodys_decision():
    found = edits(
        event(EventKind.MERGED, 1, 1, 2, terms={"appearance": 3.0}),
        event(EventKind.SPLIT, 2, 3, 4, visits=[1]),
    )
    assert (found.apart, found.together) == (frozenset(), frozenset())


def test_a_merge_without_evidence_is_a_persons_until_it_is_undone():
    merged = event(EventKind.MERGED, 1, 1, 2)
    assert edits(merged).together == {1}
    assert edits(merged, event(EventKind.UNDONE, 2, 1, 2, undone=1)).together == frozenset()


def test_all_pairs_of_an_undone_merge_stay_apart():
    merged = event(EventKind.MERGED, 1, 1, 2, 3, terms={})
    found = edits(merged, event(EventKind.UNDONE, 2, 1, 2, 3, undone=1))
    assert found.apart == {frozenset({1, 2}), frozenset({1, 3}), frozenset({2, 3})}


def test_a_split_that_was_undone_holds_together_under_the_id_of_now():
    split = event(EventKind.SPLIT, 1, 5, 6, visits=[2])
    found = edits(split, event(EventKind.UNDONE, 2, 5, undone=1), merged_into={5: 4})
    assert found.together == {4}


def test_an_undone_event_that_is_not_remembered_is_nothing():
    assert edits(event(EventKind.UNDONE, 7, 5, undone=1)).together == frozenset()
