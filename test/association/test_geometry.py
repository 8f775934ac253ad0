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


def slanted(found, index, near, far):
    """The depth of an instance grows from its upper to its lower border."""
    depth = np.full((120, 160), 6.0, np.float32)
    rows, _ = np.nonzero(found.label_image == index)
    ramp = near + (far - near) * (np.arange(120) - rows.min()) / np.ptp(rows)
    return np.where(found.label_image == index, ramp[:, None], depth).astype(np.float32)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4])
def test_a_small_thing_with_a_wall_behind_a_part_of_its_mask_keeps_its_place_and_size(share):
    """The mask is off to the right; there it shows the wall."""
    depth, found = scene([(60, 40, 100, 80)], [2.0])
    clean = located(depth, found)
    wall = 99 - round(40 * share)
    depth[40:80, wall:100] = 3.5
    geometry = located(depth, found)
    assert geometry.depths[0] == pytest.approx(2.0)
    width = (wall - 60) / 150 * 2  # pixels 60 to wall - 1, at 2 m; a pixel of the border is left out
    assert geometry.positions[0, 0] == pytest.approx((59.5 + (wall - 60) / 2 - 79.5) / 150 * 2, abs=0.03)
    np.testing.assert_allclose(geometry.extents[0], [width, clean.extents[0, 1], 0], atol=0.04)


def test_a_slanted_thing_with_a_wall_behind_it_keeps_its_size():
    """With points on a slope and four tenths on the wall, the spread of depths alone would keep both."""
    _, found = scene([(60, 40, 100, 80)], [2.0])
    depth = slanted(found, 1, 1.9, 2.1)
    clean = located(depth, found)
    depth[40:80, 84:100] = 3.5
    geometry = located(depth, found)
    assert geometry.depths[0] == pytest.approx(2.0, abs=0.02)
    np.testing.assert_allclose(geometry.extents[0, 1:], clean.extents[0, 1:], atol=0.03)


def test_a_table_whose_parts_are_less_apart_than_half_its_width_stays_whole():
    """The near half of the top from 1.5 to 2.0 m, the far one from 2.6 to 3.1: a gap of 0.6 m."""
    _, found = scene([(30, 30, 130, 90)], [2.0])
    depth = slanted(found, 1, 1.5, 2.5)
    depth[60:90, 30:130] += 0.6
    geometry = located(depth, found)
    # 98 pixels at the median depth of about 2.3 m are 1.5 m across, of which half is more than the gap
    assert geometry.extents[0, 2] == pytest.approx(1.6, abs=0.15)


def test_what_is_further_behind_than_half_the_width_is_not_the_thing():
    """As before, but the same thing is smaller: its far half is something else."""
    _, found = scene([(65, 45, 95, 75)], [2.0])
    depth = slanted(found, 1, 1.9, 2.1)
    depth[60:75, 65:95] += 0.6
    depth[59:60, 65:95] = 2.0  # one row more of the near half
    geometry = located(depth, found)
    assert geometry.extents[0, 2] < 0.15
    assert geometry.depths[0] == pytest.approx(1.95, abs=0.02)


def test_of_a_few_things_at_once_each_loses_its_own_background():
    boxes = [(10, 10, 40, 40), (60, 40, 100, 80), (120, 80, 150, 110)]
    depth, found = scene(boxes, [1.0, 2.0, 3.0])
    for (x0, y0, _, y1), wall in zip(boxes, [1.9, 3.5, 1.0], strict=True):
        depth[y0:y1, x0 : x0 + 10] = wall  # the last one has something before it
    geometry = located(depth, found)
    np.testing.assert_allclose(geometry.depths, [1.0, 2.0, 3.0])
    assert (geometry.extents[:, 2] < 0.01).all()
