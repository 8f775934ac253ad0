"""Scores of whole protocols, on embeddings of one number whose distances are done by hand."""

import math

import numpy as np
import pytest
from retrieval_data import table

from reobj.errors import InputError
from reobj.evaluation.protocols import cross_scene, multiple_query, same_scene_same_class
from reobj.evaluation.reranking import RerankConfig, rerank
from reobj.evaluation.retrieval import MeanSpread, over_folds, retrieval_scores, retrieve
from reobj.evaluation.retrieval_breakdown import by_class, by_frame_gap, by_viewpoint
from reobj.evaluation.retrieval_distances import squared_distances
from reobj.evaluation.retrieval_index import Block, RetrievalIndex
from reobj.evaluation.retrieval_ranks import query_scores, rank_positives
from reobj.evaluation.retrieval_views import Views


def chairs() -> Views:
    """Chair 1 at 0 and 4, chair 2 at 1 and 9; a cup at 3 and 3.5."""
    rows = [(0, 1, 0, 0), (0, 1, 0, 100), (0, 2, 0, 0), (0, 2, 0, 60), (0, 3, 1, 0), (0, 3, 1, 80)]
    return table(rows, [[0], [4], [1], [9], [3], [3.5]])


def random_views(count: int, seed: int) -> Views:
    random = np.random.default_rng(seed)
    rows = np.stack([random.integers(0, n, count) for n in (2, 6, 1)] + [np.arange(count) * 60], axis=1)
    return table([tuple(row) for row in rows.tolist()], random.normal(size=(count, 4)))


def test_cross_scene_by_hand() -> None:
    views = chairs()
    scores = retrieval_scores(retrieve(views, cross_scene(views, np.arange(6))).ranked)
    # distances, that of the positive in brackets: view 0: 1 3 3.5 [4] 9; view 1: .5 1 3 [4] 5;
    # view 2: 1 2 2.5 3 [8]; view 3: 5 5.5 6 [8] 9; view 4: [.5] 1 2 3 6; view 5: .5 [.5] 2.5 3.5 5.5
    ranks = [4, 4, 5, 4, 1, 2]
    assert scores.cmc[1] == pytest.approx(1 / 6)
    assert scores.cmc[5] == 1.0
    assert scores.mean_ap == pytest.approx(np.mean(1 / np.array(ranks)))
    assert scores.mean_inp == scores.mean_ap  # one positive each
    assert (scores.queries, scores.without_positive) == (6, 0)


def test_same_scene_same_class_by_hand() -> None:
    views = chairs()
    scores = retrieval_scores(retrieve(views, same_scene_same_class(views, np.arange(6))).ranked)
    # gallery of the four chairs: view 0: 1 [4] 9; view 1: 3 [4] 5; view 2: 1 3 [8]; view 3: 5 [8] 9
    assert scores.queries == 4
    assert scores.mean_ap == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_multiple_query_averages_the_views_of_a_pool_and_never_finds_them() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 60), (0, 1, 0, 120), (0, 1, 0, 180), (0, 2, 0, 0)],
                  [[0], [4], [2.5], [7], [3]])  # fmt: skip
    retrieval = retrieve(views, multiple_query(views, cross_scene(views, np.arange(5))))
    # the pool is at 2; of the others, 2.5 is a positive, 3 a negative, 7 a positive
    scores = retrieval_scores(retrieval.ranked)
    assert scores.mean_ap == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert scores.queries == 1
    assert retrieval.query_rows.tolist() == [1]


def test_a_query_without_anything_to_find_is_left_out_and_counted() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 60), (0, 2, 0, 0)], [[0], [1], [5]])
    scores = retrieval_scores(retrieve(views, cross_scene(views, np.arange(3))).ranked)
    assert (scores.queries, scores.without_positive, scores.cmc[1]) == (2, 1, 1.0)


@pytest.mark.parametrize("reranking", [None, RerankConfig(2, 2)])
def test_an_empty_gallery_has_nothing_to_find(reranking: RerankConfig | None) -> None:
    index = RetrievalIndex("none", (Block.single(np.arange(3), np.zeros(0, np.int64)),))
    scores = retrieval_scores(retrieve(chairs(), index, reranking).ranked)
    assert (scores.queries, scores.without_positive) == (0, 3)


def test_without_questions_there_are_counts_and_no_ratios() -> None:
    scores = retrieval_scores(retrieve(table([]), RetrievalIndex("none", ())).ranked)
    assert (scores.queries, scores.without_positive) == (0, 0)
    assert set(scores.figures().values()) == {None}


def test_small_parts_give_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    views = random_views(60, 0)
    for index in (cross_scene(views, np.arange(60)), same_scene_same_class(views, np.arange(60))):
        for asked in (index, multiple_query(views, index)):
            with monkeypatch.context() as patch:
                whole = retrieve(views, asked)
                patch.setattr("reobj.evaluation.retrieval.CELLS", 150)
                parts = retrieve(views, asked)
            assert retrieval_scores(parts.ranked) == retrieval_scores(whole.ranked)
            assert parts.query_rows.tolist() == whole.query_rows.tolist()


def test_progress_ends_at_the_number_of_queries() -> None:
    views, seen = chairs(), []
    retrieve(
        views, same_scene_same_class(views, np.arange(6)), progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(4, 4)]


def test_reranking_takes_each_view_once_though_it_asks_and_answers() -> None:
    views = random_views(40, 1)
    config = RerankConfig(6, 3)
    found = retrieve(views, cross_scene(views, np.arange(40)), config)
    rows = np.arange(40)
    distances = rerank(squared_distances(views.embeddings, views.embeddings), rows, rows, config)
    own = np.stack([rows, rows], axis=1)
    expected = rank_positives(distances, views.identities(), views.identities(), own)
    assert found.ranked.ahead.tolist() == expected.ahead.tolist()


def test_reranking_adds_queries_that_are_not_in_the_gallery() -> None:
    views = random_views(40, 2)
    config = RerankConfig(6, 3)
    queries, gallery = np.array([3, 39, 7]), np.arange(30)[::-1].copy()
    found = retrieve(views, RetrievalIndex("mixed", (Block.single(queries, gallery),)), config)
    part = np.array([*gallery, 39])
    distances = squared_distances(views.embeddings[part], views.embeddings[part])
    reranked = rerank(distances, np.array([26, 30, 22]), np.arange(30), config)
    ids = views.identities()
    own = np.array([[0, 26], [2, 22]])
    expected = query_scores(rank_positives(reranked, ids[queries], ids[gallery], own))
    assert query_scores(found.ranked).average_precisions == pytest.approx(expected.average_precisions)


def test_classes_are_scored_apart() -> None:
    views = chairs()
    scores = by_class(views, retrieve(views, cross_scene(views, np.arange(6))))
    assert list(scores) == ["chair", "cup"]
    assert (scores["chair"].queries, scores["cup"].queries) == (4, 2)
    assert (scores["chair"].cmc[1], scores["cup"].cmc[1]) == (0.0, 0.5)


def test_frame_gaps_ask_only_for_positives_that_far_away() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 60), (0, 1, 0, 200), (0, 2, 0, 0)], [[0], [1], [4], [3]])
    retrieval = retrieve(views, RetrievalIndex("one", (Block.single(np.array([0]), np.arange(4)),)))
    scores = by_frame_gap(views, retrieval, (0, 60, 100, 1000))
    assert scores[0, 60].without_positive == 1
    assert scores[60, 100].mean_ap == 1.0
    assert scores[100, 1000].mean_ap == 1 / 2  # the nearer positive takes no place


def test_viewpoints_ask_only_for_positives_seen_from_that_angle() -> None:
    directions = [[1, 0, 0], [math.cos(0.5), math.sin(0.5), 0], [-1, 0, 0], [1, 0, 0]]
    rows = [(0, 1, 0, 0), (0, 1, 0, 60), (0, 1, 0, 200), (0, 2, 0, 0)]
    views = table(rows, [[0], [1], [4], [3]], directions)
    retrieval = retrieve(views, RetrievalIndex("one", (Block.single(np.array([0]), np.arange(4)),)))
    angle = math.degrees(0.5)
    scores = by_viewpoint(views, retrieval, (0, angle - 0.01, angle + 0.01, 180.1))
    assert [s.mean_ap for s in scores.values()] == [None, 1.0, 1 / 2]


def test_viewpoints_without_poses_are_refused() -> None:
    views = chairs()
    with pytest.raises(InputError, match="directions"):
        by_viewpoint(views, retrieve(views, cross_scene(views, np.arange(6))), (0, 90))


@pytest.mark.parametrize("edges", [(), (0,), (5, 5), (9, 1), (0, math.nan)])
def test_edges_that_do_not_ascend_are_refused(edges: tuple[float, ...]) -> None:
    views = chairs()
    with pytest.raises(InputError, match="edges"):
        by_frame_gap(views, retrieve(views, cross_scene(views, np.arange(6))), edges)


def test_folds_have_a_mean_and_a_spread() -> None:
    views = chairs()
    asked = retrieve(views, cross_scene(views, np.arange(6)))
    chair, cup = by_class(views, asked).values()
    found = over_folds([chair, cup])
    assert found["rank-1"] == MeanSpread(0.25, pytest.approx(math.sqrt(2 * 0.25**2)))
    assert found["rank-5"] == MeanSpread(1.0, 0.0)
    assert over_folds([cup])["mAP"] == MeanSpread(0.75, None)


def test_a_fold_without_queries_is_refused() -> None:
    empty = retrieval_scores(retrieve(table([]), RetrievalIndex("none", ())).ranked)
    with pytest.raises(InputError, match=r"each with queries, got \[0\]"):
        over_folds([empty])


def test_a_pool_of_two_objects_is_refused() -> None:
    views = chairs()
    block = Block(np.array([0, 2]), np.array([0, 0]), np.arange(6))
    with pytest.raises(InputError, match="views of one object each"):
        retrieve(views, RetrievalIndex("bad", (block,)))


def test_an_index_of_other_views_is_refused() -> None:
    with pytest.raises(InputError, match="rows of 6 views"):
        retrieve(chairs(), RetrievalIndex("bad", (Block.single(np.array([6]), np.arange(6)),)))
