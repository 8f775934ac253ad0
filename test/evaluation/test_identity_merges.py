"""What a merge of two map objects changes in the scores, and what it does not."""

from identity_frames import tracked, truth_of

from reobj.evaluation.identity import IdentityEvaluator, IdentityScores

SECOND = 1_000_000_000


def scores(merge: bool) -> IdentityScores:
    """Object 1 is called 11, after an absence 12; the two become 11; after another absence it is 11 again."""
    evaluator = IdentityEvaluator()
    for second, object_id in ((0, 11), (10, 12), (20, 11)):
        if merge and second == 20:
            evaluator.merge(second * SECOND, 11, [12])
        evaluator.add_truth(second * SECOND, truth_of({0: 1}, [0]), [tracked(0, object_id, 1)])
    return evaluator.scores()


def test_a_merge_ends_a_duplicate() -> None:
    assert (scores(False).duplicates, scores(False).map_objects) == (1, 2)
    assert (scores(True).duplicates, scores(True).map_objects) == (0, 1)


def test_a_merge_changes_nothing_of_what_was_published_before() -> None:
    assert scores(True).idf1 == scores(False).idf1
    assert scores(True).id_switches == scores(False).id_switches == 2
    assert scores(True).revisits_right == 1  # the second visit stays a miss, the third is right


def test_after_a_merge_the_kept_id_owns_what_the_absorbed_one_had() -> None:
    evaluator = IdentityEvaluator()
    seen = [(0, {0: 1}, 11), (10, {0: 2}, 12), (20, {0: 2}, 11)]
    for second, truth, object_id in seen:
        if second == 20:
            evaluator.merge(second * SECOND, 11, [12])
        evaluator.add_truth(second * SECOND, truth_of(truth, [0]), [tracked(0, object_id, 1)])
    # id 11 has one vote for object 1 and, by the merge, one for object 2: the earlier one owns it
    assert [item.owner for item in evaluator.judged_visits()] == [0, 0, 1]
