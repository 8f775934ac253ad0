"""Views are checked when they are made."""

import numpy as np
import pytest
from retrieval_data import LABELS, SCENES, table

from reobj.errors import InputError
from reobj.evaluation.retrieval_distances import squared_distances
from reobj.evaluation.retrieval_views import Views, viewing_directions


def test_an_object_is_an_instance_of_one_scene() -> None:
    views = table([(0, 1, 0, 0), (1, 1, 0, 0), (0, 2, 0, 0), (0, 1, 0, 90)])
    identities = views.identities()
    assert identities[0] == identities[3]
    assert sorted(set(identities.tolist())) == [0, 1, 2]


def test_large_instance_ids_keep_their_objects_apart() -> None:
    views = table([(0, 2**62, 0, 0), (1, 2**62, 0, 0), (1, 0, 0, 0)])
    assert len(set(views.identities().tolist())) == 3


def test_a_table_without_views_has_no_identities() -> None:
    assert table([]).identities().tolist() == []


def test_the_optical_axis_is_the_third_column_of_the_pose() -> None:
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(viewing_directions(pose[None]), [[1, 0, 0]])


def test_a_ray_is_turned_into_the_map_and_shortened_to_one() -> None:
    pose = np.eye(4)
    pose[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    found = viewing_directions(pose[None], np.array([[3.0, 0.0, 4.0]]))
    np.testing.assert_allclose(found, [[0, 0.6, 0.8]], atol=1e-7)


def test_a_ray_without_direction_is_refused() -> None:
    with pytest.raises(InputError, match="longer than 0"):
        viewing_directions(np.eye(4)[None], np.zeros((1, 3)))


def test_one_ray_too_few_is_refused() -> None:
    with pytest.raises(InputError, match="rays"):
        viewing_directions(np.stack([np.eye(4)] * 2), np.ones((1, 3)))


@pytest.mark.parametrize(("scene", "label", "message"), [(2, 0, "scenes"), (0, -1, "labels")])
def test_a_scene_or_class_without_name_is_refused(scene: int, label: int, message: str) -> None:
    with pytest.raises(InputError, match=f"views: {message}"):
        table([(scene, 0, label, 0)])


def test_an_embedding_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="embeddings: expected finite"):
        table([(0, 0, 0, 0)], [[np.nan]])


def test_columns_of_different_lengths_are_refused() -> None:
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    with pytest.raises(InputError, match=r"frames: expected \(2,\) int64, got \(1,\) int64"):
        Views(two, two, two, one, two, np.zeros((2, 3), np.float32), SCENES, LABELS)


def test_the_same_name_twice_is_refused() -> None:
    none = np.zeros(0, np.int64)
    with pytest.raises(InputError, match="different names"):
        Views(none, none, none, none, none, np.zeros((0, 3), np.float32), ("a", "a"), LABELS)


def test_squared_distances_equal_sums_of_squared_differences() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(4, 7)).astype(np.float32), random.normal(size=(5, 7)).astype(np.float32)
    expected = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(a, b), expected, rtol=1e-5)


def test_embeddings_of_different_lengths_have_no_distance() -> None:
    with pytest.raises(InputError, match=r"\(1, 2\) and \(1, 3\)"):
        squared_distances(np.zeros((1, 2), np.float32), np.zeros((1, 3), np.float32))


def test_distances_beyond_float32_are_refused() -> None:
    with pytest.raises(InputError, match="finite"), np.errstate(over="ignore", invalid="ignore"):
        squared_distances(np.full((1, 2), 1e30, np.float32), np.zeros((1, 2), np.float32))
