import numpy as np
import pytest
from retrieval_data import table

from reobj.evaluation.protocols import cross_scene, multiple_query, same_scene_same_class
from reobj.evaluation.reranking import RerankConfig
from reobj.evaluation.retrieval import retrieve
from reobj.evaluation.retrieval_matches import choose_queries, top_matches
from reobj.evaluation.retrieval_ranks import query_scores
from reobj.evaluation.retrieval_views import Views


def random_views(seed: int, count: int = 40) -> Views:
    random = np.random.default_rng(seed)
    rows = np.stack([random.integers(0, n, count) for n in (2, 4, 2)] + [np.arange(count) * 60], axis=1)
    return table([tuple(row) for row in rows.tolist()], random.normal(size=(count, 3)))


def test_the_nearest_views_come_first_and_never_the_query_itself() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 60), (0, 2, 0, 0), (0, 2, 0, 60)], [[0], [4], [1], [9]])
    match, last = top_matches(views, cross_scene(views, np.arange(4)), np.array([0, 3]), 2)
    assert (match.query, match.gallery.tolist(), match.right.tolist()) == (0, [2, 1], [False, True])
    assert match.positive_rank == 2
    assert (last.query, last.gallery.tolist(), last.positive_rank) == (3, [1, 2], 2)


def test_a_wrong_view_stands_before_a_right_one_that_is_as_far() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 60), (0, 2, 0, 0)], [[0], [1], [-1]])
    (match,) = top_matches(views, cross_scene(views, np.arange(3)), np.array([0]), 2)
    assert match.gallery.tolist() == [2, 1]


@pytest.mark.parametrize("reranking", [None, RerankConfig(5, 2)])
@pytest.mark.parametrize("multiple", [False, True])
def test_the_rank_of_the_first_right_view_is_the_one_that_is_scored(
    reranking: RerankConfig | None, multiple: bool
) -> None:
    views = random_views(0)
    index = same_scene_same_class(views, np.arange(len(views)))
    index = multiple_query(views, index) if multiple else index
    retrieval = retrieve(views, index, reranking)
    scores = query_scores(retrieval.ranked)
    matches = top_matches(views, index, scores.queries, 3, reranking)
    assert [match.positive_rank for match in matches] == scores.first_ranks.tolist()
    assert [match.query for match in matches] == retrieval.query_rows[scores.queries].tolist()
    assert all(match.right.any() == (match.positive_rank <= 3) for match in matches)


def test_failures_come_first_and_the_worst_of_each_class_and_scene_before_the_others() -> None:
    views = random_views(1)
    retrieval = retrieve(views, cross_scene(views, np.arange(len(views))))
    scores = query_scores(retrieval.ranked)
    ranks = dict(zip(scores.queries.tolist(), scores.first_ranks.tolist(), strict=True))
    chosen = choose_queries(views, retrieval, 6, 3).tolist()
    assert len(set(chosen)) == 9
    assert [ranks[query] > 1 for query in chosen] == [True] * 6 + [False] * 3
    labels = views.labels[retrieval.query_rows[chosen[:6]]].tolist()
    assert labels.count(0) == labels.count(1) == 3
    group = [
        q
        for q in ranks
        if views.labels[q] == views.labels[chosen[0]] and views.scenes[q] == views.scenes[chosen[0]]
    ]
    assert ranks[chosen[0]] == max(ranks[q] for q in group)


def test_no_more_queries_are_chosen_than_there_are() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 60), (0, 2, 0, 0)], [[0], [1], [5]])
    retrieval = retrieve(views, cross_scene(views, np.arange(3)))
    assert choose_queries(views, retrieval, 5, 5).tolist() == [0, 1]  # the third has nothing to find
