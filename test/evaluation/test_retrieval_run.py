from dataclasses import replace

import numpy as np
import pytest
from retrieval_data import table

from reobj.errors import InputError
from reobj.evaluation.retrieval_run import Protocol, answer, ask, at_rate, select_apart
from reobj.evaluation.retrieval_views import Views

SECOND = 1_000_000_000


def at_one_hertz(rows: list[tuple[int, int, int, int]], embeddings: list[list[float]] | None = None) -> Views:
    views = table(rows, embeddings)
    return replace(views, stamps_ns=views.frames * SECOND)


def test_the_default_gap_is_fifty_frames_at_30_hz_whatever_the_rate() -> None:
    views = at_one_hertz([(0, 1, 0, frame) for frame in range(5)])
    assert select_apart(views, None).tolist() == [0, 2, 4]  # 1 s is too near, 2 s is not
    exactly = replace(views, frames=np.array([0, 50, 51, 101, 102]))
    exactly = replace(exactly, stamps_ns=exactly.frames * SECOND // 30)
    assert select_apart(exactly, None).tolist() == select_apart(exactly, 50).tolist() == [0, 2, 4]


def test_a_gap_that_is_given_counts_frames_of_the_recording() -> None:
    views = at_one_hertz([(0, 1, 0, frame) for frame in range(5)])
    assert select_apart(views, 0).tolist() == [0, 1, 2, 3, 4]
    assert select_apart(views, 2).tolist() == [0, 3]


def test_frames_at_30_hz_follow_the_stamps() -> None:
    assert at_rate(at_one_hertz([(0, 1, 0, 3)])).frames.tolist() == [90]


def rooms() -> Views:
    """In each of two rooms chair 1 and chair 2, twice. Room b's chairs are mistaken for each other."""
    rows = [(scene, chair, 0, frame) for scene in (0, 1) for chair in (1, 2) for frame in (0, 300)]
    return at_one_hertz(rows, [[0], [1], [10], [11], [100], [111], [110], [101]])


def test_views_of_different_folds_never_meet() -> None:
    views = rooms()
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    index = ask(views, Protocol.cross_scene, folds=folds)
    assert [block.gallery.tolist() for block in index.blocks] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert index.protocol == "cross-scene"


def test_figures_are_means_over_folds_and_their_spread() -> None:
    views = rooms()
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    answers = answer(views, ask(views, Protocol.same_scene_same_class, folds=folds), folds=folds)
    assert answers.folds == 2
    assert answers.figures["rank-1"].mean == 0.5
    assert answers.figures["rank-1"].spread == pytest.approx(np.std([1, 0], ddof=1))
    assert answers.curve[0] == 0.5
    assert answers.curve[2] == 1.0
    assert answers.scores.queries == 8


def test_the_breakdowns_name_their_bins_and_leave_out_empty_ones() -> None:
    views = rooms()
    answers = answer(views, ask(views, Protocol.same_scene_same_class))
    assert list(answers.breakdowns) == ["class", "gap"]  # no poses
    assert answers.breakdowns["class"]["chair"].cmc[1] == 0.5
    assert list(answers.breakdowns["gap"]) == ["over 1800 frames (60 s)"]  # 300 s


def test_views_without_a_known_pose_are_in_no_bin_of_the_viewpoint() -> None:
    directions = np.tile(np.array([[1, 0, 0]], np.float32), (8, 1))
    directions[4:] = np.nan
    views = replace(rooms(), directions=directions)
    answers = answer(views, ask(views, Protocol.same_scene_same_class))
    assert {name: s.queries for name, s in answers.breakdowns["viewpoint"].items()} == {"0-15 degrees": 4}


@pytest.mark.parametrize(
    ("protocol", "says"), [(Protocol.cross_scene, "two views"), (Protocol.same_scene_same_class, "one class")]
)
def test_nothing_to_ask_is_a_sentence(protocol: Protocol, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ask(table([]), protocol)


def test_a_multiple_query_takes_the_same_galleries() -> None:
    index = ask(rooms(), Protocol.same_scene_same_class, multiple=True)
    assert [block.queries.tolist() for block in index.blocks] == [[0, 2], [4, 6]]
    assert [block.gallery.tolist() for block in index.blocks] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_questions_that_have_no_right_answer_are_a_sentence() -> None:
    views = table([(0, 1, 0, 0), (0, 2, 0, 0)], [[0], [1]])
    with pytest.raises(InputError, match="some with a right answer, got none among 2"):
        answer(views, ask(views, Protocol.cross_scene))
