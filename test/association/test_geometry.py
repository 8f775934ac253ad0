import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry, depth_std, measure
from reobj.types import Frame, Instances, Intrinsics

K = Intrinsics(150.0, 150.0, 79.5, 59.5, 160, 120)


def scene(boxes, depths, background=6.0):
    """Rectangles x0 y0 x1 y1 that face the camera."""
    masks, depth = np.zeros((120, 160), np.uint16), np.full((120, 160), background, np.float32)
    for i, ((x0, y0, x1, y1), z) in enumerate(zip(boxes, depths, strict=True)):
        masks[y0:y1, x0:x1], depth[y0:y1, x0:x1] = i + 1, z
    n = len(boxes)
    found = Instances(np.array(boxes, np.float32).reshape(n, 4), masks, ("x",) * n, np.ones(n, np.float32))
    return depth, found


def located(depth, found, pose=None):
    pose = np.eye(4) if pose is None else pose
    frame = Frame(np.zeros((120, 160, 3), np.uint8), 0, depth=depth, intrinsics=K, pose=pose)
    return measure(frame, found, pose)


def test_a_square_is_where_the_pinhole_model_puts_it():
    geometry = located(*scene([(60, 40, 100, 80)], [2.0]))
    centre = [(79.5 - K.cx) / K.fx * 2, (59.5 - K.cy) / K.fy * 2, 2.0]
    np.testing.assert_allclose(geometry.positions[0], centre, atol=0.02)
    np.testing.assert_allclose(geometry.extents[0], [39 / 150 * 2, 39 / 150 * 2, 0], atol=0.06)
    assert geometry.depths[0] == pytest.approx(2.0)


def test_the_pose_turns_and_moves_the_position():
    pose = np.array(
        [[0, 0, 1, 5.0], [-1, 0, 0, 6.0], [0, -1, 0, 1.5], [0, 0, 0, 1]]
    )  # looks along x of the map
    geometry = located(*scene([(60, 40, 100, 80)], [2.0]), pose=pose)
    np.testing.assert_allclose(geometry.positions[0], [7.0, 6.0, 1.5], atol=0.02)
    np.testing.assert_allclose(geometry.extents[0], [0, 0.52, 0.52], atol=0.06)


def test_the_box_of_a_wall_seen_askew_lies_along_the_wall():
    depth, found = scene([(40, 30, 120, 90)], [2.0])
    u = (np.arange(160) - K.cx) / K.fx
    slope = np.tan(np.radians(30))  # depth grows to the right: the surface is turned by 30 degrees
    depth[:, :] = (2.0 / (1 - slope * u)).astype(np.float32)
    upright_camera = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)
    geometry = located(depth, found, pose=upright_camera)
    length, yaw = geometry.extents[0, :2].max(), 2 * np.arctan2(*geometry.orientations[0, 2:])
    if geometry.extents[0, 1] > geometry.extents[0, 0]:
        yaw += np.pi / 2
    ends = [2.0 / (1 - slope * e) * np.array([e, 1.0]) for e in (u[42], u[117])]
    assert (yaw - np.radians(30) + np.pi / 2) % np.pi - np.pi / 2 == pytest.approx(0, abs=0.04)
    assert length == pytest.approx(np.linalg.norm(ends[1] - ends[0]), rel=0.06)
    assert geometry.extents[0, :2].min() < 0.05


def test_boxes_lie_along_the_axes_of_the_map_unless_told_otherwise():
    rows = np.zeros((2, 3))
    plain = InstanceGeometry(np.zeros(2), rows, np.zeros((2, 3, 3)), rows)
    np.testing.assert_array_equal(plain.orientations, [[0, 0, 0, 1]] * 2)
    np.testing.assert_array_equal(InstanceGeometry.unknown(1).orientations, [[0, 0, 0, 1]])


def test_orientations_go_with_their_instances():
    turns = np.array([[0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0.6, 0.8]])
    rows = np.zeros((3, 3))
    every = InstanceGeometry(np.zeros(3), rows, np.zeros((3, 3, 3)), rows, turns)
    parts = [every.select(slice(2, 3)), every.select(np.array([0, 1]))]
    np.testing.assert_array_equal(InstanceGeometry.joined(parts).orientations, turns[[2, 0, 1]])


def test_depth_that_bleeds_over_the_border_of_the_mask_does_not_count():
    depth, found = scene([(60, 40, 100, 80)], [2.0])
    depth[40:80, 60:61] = depth[40:41, 60:100] = 6.0
    geometry = located(depth, found)
    assert geometry.positions[0, 2] == pytest.approx(2.0)
    assert geometry.extents[0, 2] < 0.01


def test_background_seen_through_a_hole_is_an_outlier():
    depth, found = scene([(60, 40, 100, 80)], [2.0])
    depth[50:70, 70:85] = 6.0
    geometry = located(depth, found)
    assert geometry.positions[0, 2] == pytest.approx(2.0)
    assert geometry.extents[0, 2] < 0.01


@pytest.mark.parametrize("unknown", [0.0, np.nan, np.inf])
def test_holes_in_the_depth_are_left_out(unknown):
    depth, found = scene([(60, 40, 100, 80)], [2.0])
    depth[40:60, 60:100] = unknown
    geometry = located(depth, found)
    assert geometry.positions[0, 2] == pytest.approx(2.0)
    assert geometry.positions[0, 1] > 0


def test_an_instance_without_enough_depth_has_no_place_and_the_others_do():
    depth, found = scene([(10, 10, 40, 40), (60, 40, 100, 80), (120, 10, 122, 12)], [3.0, 2.0, 1.0])
    depth[10:40, 10:40] = 0
    geometry = located(depth, found)
    assert geometry.located.tolist() == [False, True, False]
    assert np.isnan(geometry.covariances[0]).all()


def test_a_thin_instance_that_is_all_border_is_still_placed():
    geometry = located(*scene([(60, 40, 62, 90)], [2.0]))
    assert geometry.positions[0, 2] == pytest.approx(2.0)


def test_many_instances_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(0)
    boxes = [(x, y, x + 18, y + 15) for x in range(5, 140, 22) for y in range(5, 100, 20)]
    depth, found = scene(boxes, rng.uniform(1, 5, len(boxes)))
    depth += rng.normal(0, 0.01, depth.shape).astype(np.float32)
    together = located(depth, found)
    for i, box in enumerate(boxes):
        mask = np.where(found.label_image == i + 1, 1, 0).astype(np.uint16)
        single = Instances(np.array([box], np.float32), mask, ("x",), np.ones(1, np.float32))
        np.testing.assert_allclose(located(depth, single).positions[0], together.positions[i], atol=1e-9)


def test_labels_beyond_the_number_of_instances_are_background():
    depth, found = scene([(10, 10, 40, 40), (60, 40, 100, 80)], [3.0, 2.0])
    one = Instances(found.boxes[:1], found.label_image, ("x",), found.scores[:1])
    assert located(depth, one).positions.shape == (1, 3)


def test_without_a_pose_only_depths_are_known():
    depth, found = scene([(60, 40, 100, 80)], [2.0])
    geometry = measure(Frame(np.zeros((120, 160, 3), np.uint8), 0, depth=depth, intrinsics=K), found, None)
    assert geometry.depths[0] == pytest.approx(2.0)
    assert not geometry.located[0]


def test_without_depth_or_intrinsics_nothing_is_known():
    depth, found = scene([(60, 40, 100, 80)], [2.0])
    colour = np.zeros((120, 160, 3), np.uint8)
    for frame in (Frame(colour, 0, intrinsics=K), Frame(colour, 0, depth=depth)):
        assert np.isnan(measure(frame, found, np.eye(4)).depths).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 3)])
def test_an_image_smaller_than_the_sampling_grid_gives_no_places(shape):
    found = Instances(np.zeros((1, 4), np.float32), np.ones(shape, np.uint16), ("x",), np.ones(1, np.float32))
    frame = Frame(np.zeros((*shape, 3), np.uint8), 0, depth=np.ones(shape, np.float32), intrinsics=K)
    assert not measure(frame, found, np.eye(4)).located.any()


def test_no_instances_are_no_error():
    depth, _ = scene([], [])
    assert located(depth, Instances.empty(120, 160)).positions.shape == (0, 3)


def test_uncertainty_grows_with_distance_along_the_ray():
    near = located(*scene([(60, 40, 100, 80)], [1.0])).covariances[0]
    far = located(*scene([(60, 40, 100, 80)], [5.0])).covariances[0]
    assert far[2, 2] > near[2, 2] + depth_std(np.array(5.0)) ** 2 - depth_std(np.array(1.0)) ** 2 - 1e-9
    assert (np.linalg.eigvalsh(far) > 0).all()
