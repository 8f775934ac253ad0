"""Which views ask and which answer, on tables of a few rows."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retrieval_data import table

from reobj.errors import InputError
from reobj.evaluation.protocols import cross_scene, multiple_query, same_scene_same_class, select_views
from reobj.evaluation.retrieval_index import RetrievalIndex

#: (scene, instance, label, frame): two chairs and a cup in scene a; a chair with two views in scene b.
ROWS = [(0, 1, 0, 0), (0, 2, 0, 0), (0, 1, 0, 60), (0, 2, 0, 70), (0, 3, 1, 0), (0, 3, 1, 80)]
ROWS += [(1, 1, 0, 0), (1, 1, 0, 60)]


def test_views_of_one_object_are_more_than_fifty_frames_apart() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 50), (0, 1, 0, 51), (0, 1, 0, 101), (0, 1, 0, 102)])
    assert select_views(views).tolist() == [0, 2, 4]


def test_the_gap_is_counted_from_the_last_view_that_stayed() -> None:
    views = table([(0, 1, 0, f) for f in (0, 30, 60, 90, 120)])
    assert select_views(views).tolist() == [0, 2, 4]


def test_objects_do_not_hold_each_other_back_and_the_order_of_rows_does_not_matter() -> None:
    views = table([(0, 1, 0, 90), (0, 2, 0, 10), (1, 1, 0, 30), (0, 2, 0, 80), (0, 1, 0, 10), (1, 1, 0, 0)])
    assert select_views(views, min_gap=20).tolist() == [0, 1, 2, 3, 4, 5]


def test_an_object_with_one_view_left_is_dropped() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 20), (0, 2, 0, 0), (0, 2, 0, 60)])
    assert select_views(views).tolist() == [2, 3]


def test_walls_are_dropped_unless_asked_for() -> None:
    views = table([(0, 1, 2, 0), (0, 1, 2, 60)])
    assert select_views(views).tolist() == []
    assert select_views(views, excluded=()).tolist() == [0, 1]


def test_of_no_views_none_are_selected() -> None:
    assert select_views(table([])).tolist() == []


def test_a_negative_gap_is_refused() -> None:
    with pytest.raises(InputError, match="min_gap"):
        select_views(table([]), min_gap=-1)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.just(0), st.integers(0, 40)), unique=True),
    st.integers(0, 15),
)
def test_the_selection_is_that_of_a_plain_walk(rows: list[tuple[int, int, int, int]], gap: int) -> None:
    expected: set[int] = set()
    for thing in {row[:2] for row in rows}:
        kept: list[int] = []
        for row in sorted((r for r in rows if r[:2] == thing), key=lambda r: r[3]):
            if not kept or row[3] - rows[kept[-1]][3] > gap:
                kept.append(rows.index(row))
        expected |= set(kept) if len(kept) > 1 else set()
    assert select_views(table(rows), gap).tolist() == sorted(expected)


def test_cross_scene_asks_every_view_against_all() -> None:
    views = table(ROWS)
    (block,) = cross_scene(views, np.arange(8)).blocks
    assert block.queries.tolist() == block.gallery.tolist() == list(range(8))


def test_same_scene_same_class_leaves_out_a_class_with_a_single_object() -> None:
    views = table(ROWS)
    (block,) = same_scene_same_class(views, np.arange(8)).blocks  # neither the cup nor the chair of scene b
    assert block.queries.tolist() == block.gallery.tolist() == [0, 1, 2, 3]


def test_same_scene_same_class_makes_one_gallery_per_scene_and_class() -> None:
    views = table([*ROWS, (0, 4, 1, 0), (1, 9, 0, 5)])
    blocks = same_scene_same_class(views, np.arange(10)).blocks
    assert [block.gallery.tolist() for block in blocks] == [[0, 1, 2, 3], [4, 5, 8], [6, 7, 9]]


def test_multiple_query_pools_the_earlier_half_of_each_object() -> None:
    views = table([(0, 1, 0, 90), (0, 2, 0, 5), (0, 1, 0, 0), (0, 1, 0, 180), (0, 2, 0, 65), (0, 1, 0, 270)])
    index = multiple_query(views, cross_scene(views, np.arange(6)))
    (block,) = index.blocks
    assert (block.queries.tolist(), block.pools.tolist()) == ([2, 0, 1], [0, 0, 1])
    assert block.gallery.tolist() == list(range(6))
    assert index.protocol == "cross-scene, multiple query"


def test_multiple_query_of_objects_with_one_view_asks_nothing() -> None:
    views = table([(0, 1, 0, 0), (0, 2, 0, 0)])
    assert multiple_query(views, cross_scene(views, np.arange(2))).blocks == ()


@pytest.mark.parametrize("protocol", [cross_scene, same_scene_same_class])
def test_without_views_there_are_no_questions(protocol: Callable[..., RetrievalIndex]) -> None:
    assert protocol(table([]), np.zeros(0, np.int64)).blocks == ()


@pytest.mark.parametrize("protocol", [cross_scene, same_scene_same_class])
def test_rows_of_other_views_are_refused(protocol: Callable[..., RetrievalIndex]) -> None:
    with pytest.raises(InputError, match="rows of 1 views"):
        protocol(table([(0, 1, 0, 0)]), np.array([0, 1]))
