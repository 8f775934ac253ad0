"""Assignment against all permutations."""

from itertools import combinations, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from reobj.association.tracks.assignment import assign

costs = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4),
    elements=st.one_of(st.floats(0, 2), st.just(np.inf), st.just(np.nan)),
)


def price(cost, pairs, gate):
    """What is saved against leaving everything alone, as a (negative) sum."""
    return sum(cost[r, c] - gate for r, c in pairs)


def cheapest(cost, gate):
    """By trying all partial matchings of admissible pairs."""
    rows, columns = cost.shape
    best = 0.0
    for size in range(1, min(rows, columns) + 1):
        for chosen in combinations(range(rows), size):
            for given_to in permutations(range(columns), size):
                pairs = list(zip(chosen, given_to, strict=True))
                if all(cost[r, c] <= gate for r, c in pairs):
                    best = min(best, price(cost, pairs, gate))
    return best


@settings(max_examples=150, deadline=None)
@given(costs, st.floats(0.1, 1.5))
def test_no_partial_matching_is_cheaper(cost, gate):
    matches = assign(cost, gate).matches
    assert price(cost, matches, gate) <= cheapest(cost, gate) + 1e-9


@settings(max_examples=150, deadline=None)
@given(costs, st.floats(0.1, 1.5))
def test_every_row_and_column_is_matched_once_or_left(cost, gate):
    matches, rows, columns = assign(cost, gate)
    assert sorted([*matches[:, 0], *rows]) == list(range(cost.shape[0]))
    assert sorted([*matches[:, 1], *columns]) == list(range(cost.shape[1]))


@settings(max_examples=150, deadline=None)
@given(costs, st.floats(0.1, 1.5))
def test_nothing_above_the_gate_is_matched(cost, gate):
    matches = assign(cost, gate).matches
    assert (cost[matches[:, 0], matches[:, 1]] <= gate).all()


def test_a_good_pair_is_not_torn_apart_for_two_bad_ones():
    cost = np.array([[0.0, 0.9], [0.9, np.inf]])
    assert assign(cost, 1.0).matches.tolist() == [[0, 0]]
