"""Decisions judged by hand: objects 1 and 2 in cells 0 and 5, ids 11 and 12."""

from identity_frames import event, tracked, truth_of

from reobj.evaluation.identity_decisions import (
    DecisionJudge,
    JudgedDecision,
    MapQuality,
    Verdict,
    map_quality,
)
from reobj.evaluation.ownership import IdTally
from reobj.types import EventKind

CREATED, KNOWN = EventKind.CREATED, EventKind.REIDENTIFIED


class Story:
    """Frames of a tenth of a second; each with (cell, object id, track) and its events."""

    def __init__(self) -> None:
        self.tally = IdTally()
        self.judge = DecisionJudge(self.tally)
        self.frame = 0

    def see(
        self,
        *seen: tuple[int, int, int],
        events: tuple[tuple[EventKind, int, int], ...] = (),
        columns: int = 10,
    ) -> list[JudgedDecision]:
        truth = truth_of({0: 1, 5: 2}, [cell for cell, _, _ in seen], columns)
        objects = [tracked(row, object_id, track) for row, (_, object_id, track) in enumerate(seen)]
        stamp_ns = self.frame * 100_000_000
        before = len(self.judge.decisions)
        made = [event(kind, stamp_ns, object_id, track) for kind, object_id, track in events]
        self.judge.add(stamp_ns, truth, objects, made)
        given = ((item.object_id, int(truth.matched[item.index])) for item in objects if item.object_id)
        self.tally.add(given)
        self.frame += 1
        return self.judge.decisions[before:]


def test_new_is_right_for_an_object_that_no_id_belongs_to() -> None:
    (found,) = Story().see((0, 11, 1), events=((CREATED, 11, 1),))
    assert (found.verdict, found.true_id, found.probability) == (Verdict.RIGHT, 1, 0.9)


def test_a_second_new_for_the_same_object_is_a_duplicate_shown_beside_the_object_before() -> None:
    story = Story()
    story.see((0, 11, 1), events=((CREATED, 11, 1),))
    (found,) = story.see((0, 12, 2), events=((CREATED, 12, 2),))
    assert found.verdict == Verdict.DUPLICATE
    assert found.other is not None and found.other.stamp_ns == 0


def test_a_match_is_right_when_the_id_belongs_to_the_object() -> None:
    story = Story()
    story.see((0, 11, 1), (5, 12, 2), events=((CREATED, 11, 1), (CREATED, 12, 2)))
    right, wrong = story.see((0, 11, 3), (5, 11, 4), events=((KNOWN, 11, 3), (KNOWN, 11, 4)))
    assert (right.verdict, wrong.verdict) == (Verdict.RIGHT, Verdict.WRONG_OBJECT)
    assert (wrong.true_id, wrong.owner) == (2, 1)


def test_a_match_of_something_that_is_no_object_is_wrong_and_a_new_one_is_not_judged() -> None:
    story = Story()
    story.see((0, 11, 1), events=((CREATED, 11, 1),))
    match, new = story.see((8, 11, 2), (9, 13, 3), events=((KNOWN, 11, 2), (CREATED, 13, 3)))
    assert (match.verdict, new.verdict) == (Verdict.WRONG_OBJECT, Verdict.UNKNOWN)


def test_a_part_of_an_object_is_that_object() -> None:
    # three of ten columns: less than half of the object, all of the mask
    (found,) = Story().see((0, 11, 1), events=((CREATED, 11, 1),), columns=3)
    assert (found.true_id, found.verdict) == (1, Verdict.RIGHT)


def test_a_decision_waited_since_the_first_frame_of_its_track() -> None:
    story = Story()
    for _ in range(3):
        story.see((0, 0, 7))
    assert story.judge.undecided == 1
    (found,) = story.see((0, 11, 7), events=((CREATED, 11, 7),))
    assert found.wait_ns == 300_000_000
    assert story.judge.undecided == 0


def test_purity_and_completeness_are_counted_in_frames() -> None:
    tally = IdTally()
    # id 11: object 1 three times, object 2 once; id 12: object 1 twice; frames without an object do not count
    for given in [(11, 1)] * 3 + [(11, 2)] + [(12, 1)] * 2 + [(12, 0)] * 5:
        tally.add([given])
    assert map_quality(tally) == MapQuality(pure=3 + 2, whole=3 + 1, given=6)


def test_after_a_merge_what_was_given_under_the_absorbed_id_counts_for_the_kept_one() -> None:
    tally = IdTally()
    tally.add([(11, 1), (12, 2)])
    tally.add([(13, 2)])
    tally.merge(12, [13])
    assert (tally.owner(12), tally.duplicates(), len(tally)) == (2, 0, 2)
