import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from reobj.association.decisions import Thresholds, decide, posterior
from reobj.types import DecisionKind

T = Thresholds(match=0.9, new=0.8, new_prior=0.5)


def decided(evidence, overdue=False, excluded=None, **settings):
    evidence = np.array(evidence, dtype=float)
    excluded = np.zeros(evidence.shape, dtype=bool) if excluded is None else np.array(excluded)
    ids = np.arange(11, 11 + evidence.shape[1])
    population = settings.pop("population", evidence.shape[1])
    overdue = np.full(len(evidence), overdue)
    return decide({"looks": evidence}, excluded, ids, overdue, T, population, **settings)


def test_a_single_track_has_the_probability_of_bayes():
    (decision,) = decided([[4.0]])
    assert decision.kind == DecisionKind.MATCH
    assert decision.probability == pytest.approx(np.exp(4) / (np.exp(4) + 1))


def test_clear_evidence_is_a_match_with_its_terms_and_the_runner_up():
    (decision,) = decided([[9.0, 1.0]])
    assert (decision.kind, decision.object_id) == (DecisionKind.MATCH, 11)
    assert dict(decision.chosen.terms) == {"looks": 9.0, "prior": pytest.approx(np.log(0.25))}
    assert decision.runner_up.object_id in (0, 12)


def test_two_equal_candidates_defer():
    (decision,) = decided([[9.0, 9.0]])
    assert (decision.kind, decision.object_id, decision.probability) == (DecisionKind.DEFER, 0, 0.0)


def test_nothing_alike_is_new():
    (decision,) = decided([[-5.0, -5.0]])
    assert (decision.kind, decision.object_id) == (DecisionKind.NEW, 0)
    assert decision.chosen.object_id == 0


def test_in_an_empty_map_all_is_new_for_sure():
    (decision,) = decided(np.zeros((1, 0)))
    assert (decision.kind, decision.probability, decision.runner_up) == (DecisionKind.NEW, 1.0, None)


def test_an_excluded_object_is_not_taken():
    (decision,) = decided([[20.0, 9.0]], excluded=[[True, False]])
    assert decision.object_id == 12


def test_what_another_track_surely_is_leaves_the_rest():
    first, second = decided([[20.0, 0.0], [9.0, 9.0]])
    assert (first.object_id, second.object_id) == (11, 12)


def test_two_tracks_never_get_one_object():
    decisions = decided([[9.0], [9.0]], overdue=True)
    assert [d.object_id for d in decisions].count(11) <= 1


def test_when_overdue_the_likelier_answer_is_taken():
    assert decided([[1.0]], overdue=True)[0].kind == DecisionKind.MATCH
    assert decided([[-0.5]], overdue=True)[0].kind == DecisionKind.NEW


def test_when_overdue_two_equal_candidates_still_defer():
    assert decided([[9.0, 9.0]], overdue=True)[0].kind == DecisionKind.DEFER


def test_the_runner_up_of_each_track_is_the_likeliest_of_the_other_answers():
    evidence = np.random.default_rng(0).uniform(-6, 6, (6, 5))
    probability = posterior(evidence + np.log(0.5 / 5), np.log(0.5))
    for row, decision in enumerate(decided(evidence)):
        others = dict(zip([11, 12, 13, 14, 15, 0], probability[row], strict=True))
        del others[decision.chosen.object_id]
        assert decision.runner_up.object_id == max(others, key=others.get)


def test_objects_that_are_left_out_count_as_if_they_were_compared_and_unlike():
    rng = np.random.default_rng(1)
    evidence = np.concatenate([rng.uniform(-2, 14, (4, 6)), np.full((4, 300), np.log(0.2))], axis=1)
    every = decided(evidence)
    few = decided(evidence[:, :6], population=306, unlike=300 * 0.2)
    assert {d.kind for d in every} == {DecisionKind.MATCH, DecisionKind.DEFER}
    for a, b in zip(every, few, strict=True):
        assert (a.kind, a.object_id) == (b.kind, b.object_id)
        assert a.probability == pytest.approx(b.probability, abs=1e-9)


def test_objects_that_are_left_out_speak_against_a_new_one_in_proportion():
    (alone,) = decided([[-20.0]], population=101)
    (decision,) = decided([[-20.0]], population=101, unlike=100 * 0.2)
    assert alone.probability == pytest.approx(1, abs=1e-6)
    assert decision.probability == pytest.approx(0.5 / (0.5 + 0.5 * 100 / 101 * 0.2))
    (unsure,) = decided([[-20.0]], population=101, unlike=100 * 0.9)
    assert unsure.kind == DecisionKind.DEFER


def test_the_rest_is_what_is_missing_from_the_sum_of_a_row():
    p = posterior(np.log([[3.0, 2.0]]), 0.0, 4.0)
    np.testing.assert_allclose(p, [[0.3, 0.2, 0.1]])


scores = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-30, 30))


@settings(deadline=None)
@given(scores)
def test_probabilities_sum_to_one_and_no_object_is_more_than_one_track(logits):
    p = posterior(logits, 0.0)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (p >= 0).all()
    assert (p[:, :-1].sum(axis=0) < 1.02).all()


def test_alternation_agrees_with_the_exact_marginals_where_one_track_is_sure():
    # two tracks, two objects: weights of the four admissible joint answers by hand
    logits = np.array([[6.0, -4.0], [2.0, 2.0]])
    e = np.exp(logits)
    joint = {(0, 1): e[0, 0] * e[1, 1], (1, 0): e[0, 1] * e[1, 0], (0, 2): e[0, 0], (1, 2): e[0, 1]}
    joint |= {(2, 0): e[1, 0], (2, 1): e[1, 1], (2, 2): 1.0}
    exact = sum(w for (_, b), w in joint.items() if b == 1) / sum(joint.values())
    assert posterior(logits, 0.0)[1, 1] == pytest.approx(exact, abs=0.05)
