import numpy as np
import pytest
from numpy.typing import NDArray
from retrieval_data import table

from reobj.errors import InputError
from reobj.evaluation.deepsort_pairs import draw_pairs, image_numbers, rows_of_pairs, score_pairs
from reobj.evaluation.retrieval_views import Views


def boxes_at(*left: float) -> NDArray[np.float32]:
    """Boxes of 20x40 pixels."""
    return np.array([[x, 100, x + 20, 140] for x in left], np.float32)


def two_images(embeddings: list[list[float]]) -> Views:
    """Chairs 1 and 2 in frame 0, chairs 1, 2 and 3 in frame 7."""
    rows = [(0, 1, 0, 0), (0, 2, 0, 0), (0, 1, 0, 7), (0, 2, 0, 7), (0, 3, 0, 7)]
    return table(rows, embeddings)


PAIR = np.array([[0, 1]])


def test_objects_that_hardly_moved_are_followed_by_looks_and_the_new_one_does_not_count() -> None:
    views = two_images([[1, 0], [0, 1], [1, 0.1], [0.1, 1], [-1, 0]])
    scores = score_pairs(views, boxes_at(100, 140, 102, 142, 300), PAIR)
    assert (scores.rank1, scores.detections, scores.pairs) == (1.0, 2, 1)


def test_looks_decide_where_places_were_exchanged() -> None:
    # 8 px at a height of 40 is within the motion gate of both, and looks say: exchanged
    views = two_images([[1, 0], [0, 1], [1, 0], [0, 1], [-1, 0]])
    assert score_pairs(views, boxes_at(100, 108, 108, 100, 300), PAIR).rank1 == 1.0


def test_an_object_that_went_across_the_image_is_lost_to_the_motion_gate() -> None:
    views = two_images([[1, 0], [0, 1], [1, 0], [0, 1], [-1, 0]])
    scores = score_pairs(views, boxes_at(100, 140, 500, 142, 300), PAIR)
    assert (scores.rank1, scores.detections) == (0.5, 2)


def test_embeddings_of_any_length_are_compared_by_direction() -> None:
    views = two_images([[50, 0], [0, 50], [0.1, 0], [0, 0.1], [-1, 0]])
    assert score_pairs(views, boxes_at(100, 108, 108, 100, 300), PAIR).rank1 == 1.0


def test_what_cannot_be_tracked_is_said() -> None:
    views = two_images([[1, 0], [0, 1], [1, 0], [0, 0], [-1, 0]])
    with pytest.raises(InputError, match="a row of zeros"):
        score_pairs(views, boxes_at(100, 140, 102, 142, 300), PAIR)
    with pytest.raises(InputError, match=r"boxes: expected \(5, 4\), got \(2, 4\)"):
        score_pairs(views, boxes_at(100, 140), PAIR)


def test_images_are_numbered_by_scene_and_frame() -> None:
    views = table([(1, 1, 0, 5), (0, 1, 0, 9), (0, 2, 0, 9), (0, 1, 0, 3)])
    assert image_numbers(views).tolist() == [2, 1, 1, 0]


def test_pairs_are_of_one_scene_share_an_object_and_repeat_with_the_seed() -> None:
    random = np.random.default_rng(0)
    rows = [(s, i, 0, f) for s in (0, 1) for f in range(8) for i in random.choice(6, 2, replace=False)]
    views = table([tuple(int(v) for v in row) for row in rows])
    images, identities = image_numbers(views), views.identities()
    pairs = draw_pairs(views, 12, seed=3)
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 12
    for first, second in pairs:
        assert first != second
        assert views.scenes[images == first][0] == views.scenes[images == second][0]
        assert np.isin(identities[images == first], identities[images == second]).any()
    np.testing.assert_array_equal(pairs, draw_pairs(views, 12, seed=3))


def test_fewer_pairs_come_where_there_are_no_more() -> None:
    views = table([(0, 1, 0, 0), (0, 1, 0, 1), (0, 2, 0, 2)])
    assert sorted(draw_pairs(views, 50).tolist()) == [[0, 1], [1, 0]]


def test_scenes_whose_images_share_nothing_have_no_pairs() -> None:
    with pytest.raises(InputError, match="common object"):
        draw_pairs(table([(0, 1, 0, 0), (0, 2, 0, 1), (1, 1, 0, 0)]), 5)
    with pytest.raises(InputError, match="common object"):
        draw_pairs(table([]), 5)


def test_the_rows_of_pairs_are_all_views_of_their_images() -> None:
    views = table([(0, 1, 0, 0), (0, 2, 0, 0), (0, 1, 0, 1), (0, 1, 0, 2)])
    assert rows_of_pairs(views, np.array([[0, 2]])).tolist() == [0, 1, 3]
