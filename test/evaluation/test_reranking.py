"""Re-ranking against hand calculations and against a plain version with Python sets, from the paper."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from reobj.errors import InputError
from reobj.evaluation.reranking import RerankConfig, nearest_neighbours, rerank
from reobj.evaluation.retrieval_distances import squared_distances


def plain(
    distances: NDArray[np.float32], queries: list[int], gallery: list[int], config: RerankConfig
) -> NDArray[np.float64]:
    """Zhong et al. 2017, equations 1 to 12, view by view."""
    count = len(distances)
    order = [
        sorted(range(count), key=lambda j: (j != i, distances[i, j], j))  # itself first
        for i in range(count)
    ]

    def reciprocal(p: int, k: int) -> set[int]:
        return {g for g in order[p][: k + 1] if p in order[g][: k + 1]}

    def robust(p: int) -> set[int]:
        found = reciprocal(p, config.k1)
        for q in reciprocal(p, config.k1):
            more = reciprocal(q, round(config.k1 / 2))
            if len(reciprocal(p, config.k1) & more) > 2 / 3 * len(more):
                found |= more
        return found

    scaled = [[float(d) / float(max(row)) for d in row] for row in distances]
    encodings = []
    for p in range(count):
        weights = {g: math.exp(-scaled[p][g]) for g in robust(p)}
        total = sum(weights.values())
        encodings.append([weights.get(g, 0.0) / total for g in range(count)])
    averaged = [np.mean([encodings[n] for n in order[p][: config.k2]], axis=0) for p in range(count)]
    result = np.zeros((len(queries), len(gallery)))
    for i, p in enumerate(queries):
        for j, g in enumerate(gallery):
            jaccard = (
                1 - np.minimum(averaged[p], averaged[g]).sum() / np.maximum(averaged[p], averaged[g]).sum()
            )
            result[i, j] = (1 - config.original) * jaccard + config.original * scaled[p][g]
    return result


def clusters(count: int, identities: int, seed: int, noise: float = 1.0) -> NDArray[np.float32]:
    """(count, count) squared distances between points around ``identities`` centres."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(identities, 8))
    points = centres[random.integers(0, identities, count)] + noise * random.normal(size=(count, 8))
    return squared_distances(points.astype(np.float32), points.astype(np.float32))


def test_two_mutual_neighbours_and_a_third_view_by_hand() -> None:
    # k1 = 1: neighbours {0,1}, {1,0}, {2,1}; reciprocal {0,1}, {0,1}, {2}; round(1/2) = 0: nothing is added
    distances = np.array([[0, 1, 4], [1, 0, 2], [4, 2, 0]], np.float32)
    found = rerank(distances, np.array([0]), np.array([1, 2]), RerankConfig(k1=1, k2=1, original=0.25))
    # weights: view 0: (1, e^-1/4, 0) / sum; view 1: (e^-1/2, 1, 0) / sum; view 2: (0, 0, 1)
    a = 1 / (1 + math.exp(-0.25))
    b = 1 / (1 + math.exp(-0.5))
    smaller = min(a, 1 - b) + min(1 - a, b)
    jaccard = 1 - smaller / (2 - smaller)
    assert found[0, 0] == pytest.approx(0.75 * jaccard + 0.25 * 1 / 4, abs=1e-6)
    assert found[0, 1] == pytest.approx(0.75 * 1 + 0.25 * 4 / 4, abs=1e-6)


@pytest.mark.parametrize(
    "config", [RerankConfig(), RerankConfig(5, 3, 0.0), RerankConfig(7, 1, 0.5), RerankConfig(2, 3, 0.3)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_equals_the_plain_version(config: RerankConfig, seed: int) -> None:
    distances = clusters(48, 5, seed)
    queries, gallery = np.arange(12), np.arange(12, 48)
    found = rerank(distances, queries, gallery, config)
    np.testing.assert_allclose(found, plain(distances, list(queries), list(gallery), config), atol=1e-6)


def test_it_equals_the_plain_version_where_many_views_are_equally_far() -> None:
    random = np.random.default_rng(5)
    upper = np.triu(random.integers(1, 4, (30, 30)), 1).astype(np.float32)
    distances = upper + upper.T
    rows = np.arange(30)
    config = RerankConfig(6, 3, 0.3)
    np.testing.assert_allclose(
        rerank(distances, rows, rows, config), plain(distances, list(rows), list(rows), config), atol=1e-6
    )


def test_blocks_of_queries_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    distances = clusters(60, 4, 3)
    queries, gallery = np.arange(20), np.arange(20, 60)
    whole = rerank(distances, queries, gallery)
    monkeypatch.setattr("reobj.evaluation.reranking.PAIRS", 300)
    np.testing.assert_array_equal(rerank(distances, queries, gallery), whole)


def test_shared_neighbours_bring_a_far_positive_before_a_near_stranger() -> None:
    # 0 to 5 in a chain, one apart; 6 is a stranger with views of its own, nearer to 0 than 3 is
    points = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [0, 2.8], [0, 3.2], [0.4, 3], [-0.4, 3]])
    distances = squared_distances(points.astype(np.float32), points.astype(np.float32))
    assert distances[0, 5] < distances[0, 3]
    found = rerank(distances, np.array([0]), np.arange(9), RerankConfig(k1=3, k2=2, original=0.1))[0]
    assert found[3] < found[5]


def test_keeping_the_original_distance_alone_changes_no_ranking() -> None:
    distances = clusters(30, 3, 2)
    found = rerank(distances, np.arange(5), np.arange(5, 30), RerankConfig(original=1.0))
    np.testing.assert_array_equal(np.argsort(found, axis=1), np.argsort(distances[:5, 5:], axis=1))


def test_duplicates_stay_behind_the_view_itself() -> None:
    distances = np.zeros((4, 4), np.float32)
    assert nearest_neighbours(distances, 2).tolist() == [[0, 1], [1, 0], [2, 0], [3, 0]]


def test_fewer_views_than_neighbours_are_all_neighbours() -> None:
    distances = clusters(4, 2, 0)
    rows = np.arange(4)
    found = rerank(distances, rows, rows, RerankConfig())
    np.testing.assert_allclose(found, plain(distances, list(rows), list(rows), RerankConfig()), atol=1e-6)


def test_identical_views_are_at_distance_zero() -> None:
    assert (rerank(np.zeros((5, 5), np.float32), np.arange(2), np.arange(2, 5)) == 0).all()


def test_without_views_or_queries_the_result_is_empty() -> None:
    none = np.zeros(0, np.int64)
    assert rerank(np.zeros((0, 0), np.float32), none, none).shape == (0, 0)
    assert rerank(clusters(3, 1, 0), none, np.arange(3)).shape == (0, 3)
    assert rerank(clusters(3, 1, 0), np.arange(3), none).shape == (3, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_distance_that_is_none_is_refused(bad: float) -> None:
    distances = np.zeros((3, 3), np.float32)
    distances[0, 1] = bad
    with pytest.raises(InputError, match="finite values >= 0"):
        rerank(distances, np.arange(1), np.arange(1, 3))


def test_distances_that_are_not_square_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(N, N\), got \(2, 3\)"):
        rerank(np.zeros((2, 3), np.float32), np.arange(1), np.arange(1, 2))


@pytest.mark.parametrize("values", [(0, 1, 0.3), (5, 0, 0.3), (5, 7, 0.3), (5, 3, 1.1)])
def test_parameters_out_of_range_are_refused(values: tuple[int, int, float]) -> None:
    with pytest.raises(InputError, match="k1 >= 1"):
        RerankConfig(*values)
