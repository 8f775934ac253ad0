from collections import Counter

import pytest

from reobj.errors import InputError
from reobj.evaluation.revisits import Visit, VisitRecorder, judge, revisit_scores

SECOND = 1_000_000_000


def visit(true_id: int, start_s: int, ids: dict[int, int], absence_s: int = 0) -> Visit:
    return Visit(true_id, start_s * SECOND, (start_s + 1) * SECOND, absence_s * SECOND, Counter(ids))


def test_an_object_back_after_three_seconds_begins_a_visit_and_one_back_earlier_does_not() -> None:
    recorder = VisitRecorder()
    for stamp_ns in (0, 1 * SECOND, 4 * SECOND - 1, 7 * SECOND - 1):
        recorder.add(stamp_ns, [1], {1: 9})
    first, second = recorder.visits
    assert (first.start_ns, first.end_ns, first.absence_ns) == (0, 4 * SECOND - 1, 0)
    assert (second.start_ns, second.absence_ns) == (7 * SECOND - 1, 3 * SECOND)


def test_frames_in_which_another_object_is_seen_do_not_prolong_a_visit() -> None:
    recorder = VisitRecorder()
    recorder.add(0, [1], {})
    for second in range(1, 5):
        recorder.add(second * SECOND, [2], {})
    recorder.add(5 * SECOND, [1], {})
    assert [v.true_id for v in recorder.visits] == [1, 2, 1]


def test_a_frame_without_an_id_belongs_to_the_visit_but_answers_nothing() -> None:
    recorder = VisitRecorder()
    recorder.add(0, [1], {})
    assert recorder.visits[0].answer == 0


def test_the_answer_of_a_visit_is_the_id_of_most_frames_the_earlier_of_equals() -> None:
    assert visit(1, 0, {4: 2, 3: 3}).answer == 3
    assert visit(1, 0, {4: 2, 3: 2}).answer == 4


def test_an_absence_must_be_positive() -> None:
    with pytest.raises(InputError, match="expected > 0"):
        VisitRecorder(0)


def test_the_old_id_is_a_right_claim() -> None:
    judged = judge([visit(1, 0, {5: 9}), visit(1, 10, {5: 9}, 9)])
    assert [(j.known, j.claim, j.right) for j in judged] == [(False, False, False), (True, True, True)]


def test_a_new_id_for_an_old_object_is_missed_but_claims_nothing() -> None:
    assert [(j.known, j.claim) for j in judge([visit(1, 0, {5: 9}), visit(1, 10, {6: 9}, 9)])][1] == (
        True,
        False,
    )


def test_an_old_id_for_a_new_object_is_a_wrong_claim() -> None:
    second = judge([visit(1, 0, {5: 9}), visit(2, 10, {5: 9})])[1]
    assert (second.known, second.claim, second.right) == (False, True, False)


def test_an_id_given_in_a_visit_that_has_not_ended_is_known_already() -> None:
    long = Visit(1, 0, 60 * SECOND, 0, Counter({5: 600}))
    assert judge([long, visit(2, 30, {5: 9})])[1].claim


def test_visits_that_begin_together_claim_nothing_of_each_other() -> None:
    assert not any(j.claim for j in judge([visit(1, 0, {5: 9}), visit(2, 0, {5: 9})]))


def test_one_wrong_visit_does_not_take_an_id_from_its_object_however_long_it_is() -> None:
    visits = [visit(1, 0, {5: 9}), visit(2, 10, {5: 900}), visit(1, 20, {5: 9}, 19), visit(2, 30, {5: 9}, 19)]
    assert [j.right for j in judge(visits)] == [False, False, True, False]


def test_an_id_given_by_mistake_for_a_moment_belongs_to_whom_it_was_given_for_long() -> None:
    # id 6 began on object 1 (a tenth of its vote) and was object 2's from then on
    visits = [visit(1, 0, {5: 9, 6: 1}), visit(2, 1, {6: 10}), visit(2, 20, {6: 9}, 18)]
    assert judge(visits)[2].right


def test_a_visit_without_an_answer_is_missed_if_the_object_had_an_id() -> None:
    scores = revisit_scores(judge([visit(1, 0, {5: 9}), visit(1, 10, {}, 9)]))
    assert (scores.known, scores.claims, scores.recall, scores.precision) == (1, 0, 0.0, None)


def test_an_object_that_never_had_an_id_is_not_asked_for() -> None:
    scores = revisit_scores(judge([visit(1, 0, {}), visit(1, 10, {5: 9}, 9)]))
    assert (scores.revisits, scores.known, scores.recall) == (1, 0, None)


def test_the_worked_example_of_the_documentation() -> None:
    chair, twin, cup = 1, 2, 3
    visits = [
        visit(chair, 0, {1: 50}),
        visit(twin, 0, {2: 50}),
        visit(chair, 20, {1: 40, 2: 5}, 19),  # right
        visit(twin, 25, {1: 30}, 24),  # wrong: the other chair's id
        visit(cup, 40, {2: 10}),  # wrong: an old id for a new object
        visit(chair, 60, {3: 30}, 39),  # missed: a new id, no claim
        visit(twin, 70, {2: 30}, 44),  # right
        visit(chair, 90, {3: 30}, 29),  # right: its second id is a duplicate, but it is its own
    ]
    scores = revisit_scores(judge(visits))
    assert (scores.revisits, scores.known, scores.claims, scores.right) == (5, 5, 5, 3)
    assert scores.recall == pytest.approx(3 / 5)
    assert scores.precision == pytest.approx(3 / 5)
