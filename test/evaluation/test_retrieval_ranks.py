"""Ranks and scores against hand calculations and against plain loops over a full ranking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reobj.errors import InputError
from reobj.evaluation.retrieval_ranks import COUNTED, QueryScores, query_scores, rank_positives


def scores(distances: list[list[float]], query_ids: list[int], gallery_ids: list[int]) -> QueryScores:
    ids = np.array(query_ids), np.array(gallery_ids)
    return query_scores(rank_positives(np.array(distances, np.float32), *ids))


def plain(
    distances: NDArray[np.float32],
    query_ids: NDArray[np.int64],
    gallery_ids: NDArray[np.int64],
    junk: set[tuple[int, int]],
) -> list[tuple[int, int, float, float]]:
    """(query, first rank, AP, INP), from the definitions: sort everything, negatives before positives."""
    found = []
    for q, row in enumerate(distances):
        entries = [g for g in range(len(row)) if (q, g) not in junk]
        ranking = sorted(entries, key=lambda g: (row[g], gallery_ids[g] == query_ids[q]))
        right = [gallery_ids[g] == query_ids[q] for g in ranking]
        ranks = [rank for rank, hit in enumerate(right, 1) if hit]
        if ranks:
            precisions = [sum(right[:rank]) / rank for rank in ranks]
            found.append((q, ranks[0], sum(precisions) / len(ranks), len(ranks) / ranks[-1]))
    return found


def test_three_positives_by_hand() -> None:
    # in order of distance: + - + - - +
    found = scores([[1, 2, 3, 4, 5, 6]], [7], [7, 1, 7, 2, 3, 7])
    assert found.first_ranks.tolist() == [1]
    assert found.average_precisions[0] == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3)
    assert found.inverse_penalties[0] == pytest.approx(3 / 6)


def test_the_order_of_the_gallery_does_not_matter() -> None:
    found = scores([[6, 2, 1, 5, 3, 4]], [7], [7, 1, 7, 3, 7, 2])
    assert found.average_precisions[0] == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3)


def test_a_negative_as_far_as_a_positive_stands_before_it() -> None:
    found = scores([[1, 1, 2]], [7], [7, 1, 2])
    assert found.first_ranks.tolist() == [2]
    assert found.average_precisions.tolist() == [1 / 2]


def test_positives_as_far_as_each_other_take_places_one_after_the_other() -> None:
    found = scores([[1, 1, 2]], [7], [7, 7, 2])
    assert found.first_ranks.tolist() == [1]
    assert found.average_precisions.tolist() == [1.0]
    assert found.inverse_penalties.tolist() == [1.0]


def test_the_same_embedding_for_everything_scores_its_worst() -> None:
    found = scores([[0, 0, 0, 0]], [7], [7, 1, 7, 2])
    assert found.first_ranks.tolist() == [3]
    assert found.average_precisions[0] == pytest.approx((1 / 3 + 2 / 4) / 2)


def test_a_query_without_positive_is_left_out() -> None:
    ranked = rank_positives(np.zeros((2, 2), np.float32), np.array([5, 7]), np.array([7, 1]))
    assert query_scores(ranked).queries.tolist() == [1]
    assert ranked.total == 2


def test_an_excluded_pair_is_neither_positive_nor_negative() -> None:
    distances = np.array([[0, 1, 2, 3]], np.float32)
    pairs = np.array([[0, 0], [0, 1]])  # a positive and a negative
    ranked = rank_positives(distances, np.array([7]), np.array([7, 1, 7, 2]), pairs)
    assert ranked.columns.tolist() == [2]
    assert ranked.ahead.tolist() == [0]


def test_a_query_with_only_excluded_positives_is_left_out() -> None:
    pairs = np.array([[0, 0]])
    ranked = rank_positives(np.zeros((1, 2), np.float32), np.array([7]), np.array([7, 1]), pairs)
    assert len(query_scores(ranked).queries) == 0


def test_leaving_positives_out_afterwards_closes_their_places() -> None:
    ranked = rank_positives(np.array([[1, 2, 3, 4]], np.float32), np.array([7]), np.array([7, 1, 7, 7])).only(
        np.array([False, True, True])
    )
    found = query_scores(ranked)
    assert found.first_ranks.tolist() == [2]
    assert found.average_precisions[0] == pytest.approx((1 / 2 + 2 / 3) / 2)


@given(
    seed=st.integers(0, 2**32 - 1),
    levels=st.integers(1, 12),
    identities=st.integers(1, 5),
    excluded=st.integers(0, 20),
)
def test_every_query_scores_as_in_a_plain_ranking(
    seed: int, levels: int, identities: int, excluded: int
) -> None:
    random = np.random.default_rng(seed)
    distances = random.integers(0, levels, (5, 12)).astype(np.float32)  # with many ties
    query_ids, gallery_ids = random.integers(0, identities, 5), random.integers(0, identities, 12)
    junk = np.stack([random.integers(0, 5, excluded), random.integers(0, 12, excluded)], axis=1)
    found = query_scores(rank_positives(distances, query_ids, gallery_ids, junk))
    expected = plain(distances, query_ids, gallery_ids, set(map(tuple, junk.tolist())))
    assert found.queries.tolist() == [e[0] for e in expected]
    assert found.first_ranks.tolist() == [e[1] for e in expected]
    np.testing.assert_allclose(found.average_precisions, [e[2] for e in expected], atol=1e-12)
    np.testing.assert_allclose(found.inverse_penalties, [e[3] for e in expected], atol=1e-12)


@pytest.mark.parametrize("positives", [COUNTED, COUNTED + 1, 4 * COUNTED])
def test_few_and_many_positives_score_as_in_a_plain_ranking(positives: int) -> None:
    random = np.random.default_rng(positives)
    distances = random.integers(0, 300, (2, 6 * COUNTED)).astype(np.float32)
    gallery_ids = random.permutation(np.arange(6 * COUNTED) < positives).astype(np.int64)
    found = query_scores(rank_positives(distances, np.array([1, 1]), gallery_ids))
    expected = plain(distances, np.array([1, 1]), gallery_ids, set())
    np.testing.assert_allclose(found.average_precisions, [e[2] for e in expected], atol=1e-12)
    np.testing.assert_allclose(found.inverse_penalties, [e[3] for e in expected], atol=1e-12)


def test_an_empty_gallery_and_no_queries_have_no_scores() -> None:
    none = np.zeros(0, np.int64)
    assert rank_positives(np.zeros((3, 0), np.float32), np.array([1, 2, 3]), none).total == 3
    ranked = rank_positives(np.zeros((0, 2), np.float32), none, np.array([1, 2]))
    assert len(query_scores(ranked).queries) == 0


def test_distances_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"distances: expected \(1, 2\), got \(2, 1\)"):
        rank_positives(np.zeros((2, 1), np.float32), np.array([1]), np.array([1, 2]))


def test_a_distance_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="got NaN"):
        rank_positives(np.array([[0, np.nan]], np.float32), np.array([1]), np.array([1, 2]))


@pytest.mark.parametrize("pair", [[1, 0], [0, 2], [-1, 0]])
def test_an_excluded_pair_that_does_not_exist_is_refused(pair: list[int]) -> None:
    with pytest.raises(InputError, match="excluded pairs"):
        rank_positives(np.zeros((1, 2), np.float32), np.array([1]), np.array([1, 2]), np.array([pair]))
