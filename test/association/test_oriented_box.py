import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reobj.association.oriented_box import Boxes, box_axes, fit_boxes, joined_boxes, upright

SIZE = np.array([1.6, 0.7, 0.75])


def turned(points, yaw, centre=(3.0, -2.0, 0.4)):
    """(3, S) points in the box's axes, in the map."""
    return Rotation.from_euler("z", yaw).as_matrix() @ points + np.array(centre)[:, None]


def two_sides(rng, count=128):
    """Points on the front and the right side of a box, as seen from a corner."""
    along, up = rng.uniform(-0.5, 0.5, (2, count))
    front = rng.uniform(size=count) < SIZE[0] / (SIZE[0] + SIZE[1])
    x = np.where(front, along, 0.5) * SIZE[0]
    y = np.where(front, -0.5, along) * SIZE[1]
    return np.stack([x, y, up * SIZE[2]])


def fitted(points, kept=None):
    return fit_boxes(points[None], np.ones((1, points.shape[1]), bool) if kept is None else kept[None])


def quarter_error(boxes, yaw):
    """Radians to the nearest quarter turn from the true yaw."""
    found = Rotation.from_quat(boxes.orientations).as_euler("zyx")[:, 0]
    return np.abs((found - yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4)


def box(centre=(0, 0, 0), extent=(1, 1, 1), yaw=0.0):
    return Boxes(np.array([centre], float), np.array([extent], float), upright(np.array([yaw])))


def joined(a, b, views_a=1, views_b=1):
    return joined_boxes(a, b, np.array([views_a], float), np.array([views_b], float))


@pytest.mark.parametrize("yaw", [0.0, 0.3, 0.8, 1.2, 2.5, -1.0])
def test_two_sides_of_a_desk_show_its_box(yaw):
    points = turned(two_sides(np.random.default_rng(0)), yaw)
    found = fitted(points + np.random.default_rng(1).normal(0, 0.005, points.shape))
    assert quarter_error(found, yaw)[0] < np.radians(3)
    np.testing.assert_allclose(np.sort(found.extents[0]), np.sort(SIZE), atol=0.1)
    np.testing.assert_allclose(found.centres[0], [3.0, -2.0, 0.4], atol=0.06)


def test_a_face_seen_from_the_front_is_a_thin_box_along_it():
    rng = np.random.default_rng(0)
    points = np.stack([rng.uniform(-0.6, 0.6, 128), np.zeros(128), rng.uniform(-0.4, 0.4, 128)])
    found = fitted(turned(points, 0.5))
    assert quarter_error(found, 0.5)[0] < np.radians(2)
    assert np.sort(found.extents[0])[0] < 0.03


def test_single_points_far_off_count_for_nothing():
    points = turned(two_sides(np.random.default_rng(0)), 0.4)
    points[:, 7] += [2.0, 2.0, 2.0]
    found = fitted(points)
    assert quarter_error(found, 0.4)[0] < np.radians(3)
    assert found.extents.max() < 1.7


def test_points_that_are_not_kept_do_not_count_at_all():
    rng = np.random.default_rng(0)
    points = turned(two_sides(rng, 64), 0.4)
    beside = np.concatenate([points, turned(rng.uniform(-9, 9, (3, 64)), 0.0)], axis=1)
    found, alone = fitted(beside, np.arange(128) < 64), fitted(points)
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_many_boxes_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(0)
    points = np.stack([turned(two_sides(rng), yaw) for yaw in (0.1, 0.9, 1.4)])
    together = fit_boxes(points, np.ones((3, 128), bool))
    for row in range(3):
        np.testing.assert_allclose(fitted(points[row]).centres[0], together.centres[row])


def test_no_points_are_no_error():
    assert fit_boxes(np.zeros((0, 3, 128)), np.zeros((0, 128), bool)).centres.shape == (0, 3)


def test_axes_are_the_rotation_of_the_quaternion():
    quaternions = Rotation.random(20, random_state=0).as_quat()
    np.testing.assert_allclose(box_axes(quaternions), Rotation.from_quat(quaternions).as_matrix(), atol=1e-12)


def test_the_two_halves_of_a_desk_make_the_desk():
    left, right = box((-0.4, 0, 0), (0.8, 0.7, 0.75)), box((0.4, 0, 0), (0.8, 0.7, 0.75))
    whole = joined(left, right, 200, 100)
    np.testing.assert_allclose(whole.extents[0], SIZE, atol=0.3)
    np.testing.assert_allclose(whole.centres[0], 0, atol=0.1)


def test_a_desk_stays_whole_while_one_half_of_it_is_seen_for_long():
    whole, half = box(extent=SIZE), box((0.4, 0, 0), (0.8, 0.7, 0.75))
    for n in range(100):
        whole = joined(whole, half, 50 + n, 1)
    assert whole.extents[0, 0] > 1.4


def test_a_single_view_that_is_far_too_large_hardly_counts_after_many():
    grown = joined(box(), box(extent=(3, 3, 3)), 100, 1)
    assert (grown.extents < 1.3).all()


def test_faces_are_means_in_which_the_inner_one_counts_a_fifth():
    found = joined(box((0, 0, 0), (1, 1, 1)), box((1, 0, 0), (1, 1, 1)), 3, 2)
    high = (2 * 1.5 + 0.6 * 0.5) / 2.6
    low = (3 * -0.5 + 0.4 * 0.5) / 3.4
    np.testing.assert_allclose(found.extents[0], [high - low, 1, 1])
    np.testing.assert_allclose(found.centres[0], [(high + low) / 2, 0, 0], atol=1e-12)


def test_a_quarter_turn_with_its_sides_renamed_is_the_same_box():
    found = joined(box((1, 2, 3), (1.6, 0.7, 0.5), 0.2), box((1, 2, 3), (0.7, 1.6, 0.5), 0.2 + np.pi / 2))
    np.testing.assert_allclose(found.extents[0], [1.6, 0.7, 0.5])
    assert quarter_error(found, 0.2)[0] < 1e-9


def corners(boxes):
    """(8, 3) in the map, in an order that does not depend on the names of the sides."""
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    turn = Rotation.from_quat(boxes.orientations[0]).as_matrix()
    points = (signs * boxes.extents[0]) @ turn.T + boxes.centres[0]
    return points[np.lexsort(np.round(points, 6).T)]


def test_either_order_gives_the_same_box():
    a, b = box((0, 0, 0), (1.6, 0.7, 0.5), 0.1), box((0.5, 0.2, 0), (0.6, 1.1, 0.8), 1.9)
    np.testing.assert_allclose(corners(joined(a, b, 5, 3)), corners(joined(b, a, 3, 5)), atol=1e-9)


def test_the_yaw_of_a_long_box_counts_for_more_than_that_of_a_square_one():
    found = joined(box(extent=(2, 0.5, 1), yaw=0.0), box(extent=(1, 1, 1), yaw=0.4))
    assert quarter_error(found, 0.0)[0] < 0.1


def test_turning_to_and_fro_does_not_let_a_box_grow():
    whole, rng = box(extent=SIZE), np.random.default_rng(0)
    for n in range(200):
        whole = joined(whole, box(extent=SIZE, yaw=rng.normal(0, 0.1)), n + 1, 1)
    np.testing.assert_allclose(whole.extents[0], SIZE, atol=1e-9)


def test_an_unknown_box_leaves_the_other_one_as_it_is():
    known, unknown = box((1, 2, 3), (1, 2, 3), 0.3), box((np.nan,) * 3, (np.nan,) * 3)
    for found in (joined(known, unknown), joined(unknown, known)):
        for one, other in zip(found, known, strict=True):
            np.testing.assert_array_equal(one, other)
    assert np.isnan(joined(unknown, unknown).centres).all()
