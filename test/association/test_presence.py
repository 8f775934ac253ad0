import dataclasses

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.oriented_box import upright
from reobj.association.presence import Presence, PresenceConfig
from reobj.errors import ConfigError, InputError
from reobj.types import Frame, Instances, Intrinsics

K = Intrinsics(300.0, 300.0, 159.5, 119.5, 320, 240)
#: looks along x of the map from the origin
POSE = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)
WALL = np.full((240, 320), 5.0, np.float32)
NOBODY = np.zeros(0, np.int64)


def places(*centres, extent=(0.4, 0.4, 0.6), std=0.03):
    n = len(centres)
    covariances = np.full((n, 1, 1), std**2) * np.eye(3)
    extents = np.broadcast_to(np.array(extent, float), (n, 3))
    return InstanceGeometry(np.full(n, np.nan), np.array(centres, float), covariances, extents)


def look(presence, place, depth=WALL, seconds=0.0, masks=None, held=NOBODY, pose=POSE):
    found = Instances.empty(240, 320)
    if len(held):
        labels, scores = ("x",) * len(held), np.ones(len(held), np.float32)
        found = Instances(np.zeros((len(held), 4), np.float32), masks, labels, scores)
    frame = Frame(np.zeros((240, 320, 3), np.uint8), int(seconds * 1e9), depth=depth, intrinsics=K, pose=pose)
    object_ids = np.arange(1, len(place.depths) + 1)
    return presence.update(frame, pose, found, np.asarray(held, np.int64), object_ids, place)


def reported(place, depth=WALL, **kwargs):
    """What six looks, one a second, report."""
    presence = Presence()
    return [i for second in range(6) for i in look(presence, place, depth, second, **kwargs)]


CHAIR = places((2.0, 0.0, 0.0))


def test_an_empty_place_is_reported_once_at_the_third_look():
    presence = Presence()
    found = [look(presence, CHAIR, seconds=second) for second in range(5)]
    assert found == [[], [], [1], [], []]
    assert presence.absent == {1}


def test_looks_within_half_a_second_are_one():
    presence = Presence()
    assert not any(look(presence, CHAIR, seconds=0.04 * n) for n in range(25))
    assert look(presence, CHAIR, seconds=1.1) == [1]


def depth_with(x0, x1, y0=0, y1=240, depth=2.0):
    image = WALL.copy()
    image[y0:y1, x0:x1] = depth
    return image


def test_an_object_that_is_there_but_was_not_detected_is_not_missed():
    assert reported(CHAIR, depth_with(130, 190, 75, 165, depth=1.85)) == []


def test_an_object_that_one_can_look_through_in_most_places_is_not_missed():
    seat_only = depth_with(130, 190, 100, 120, depth=2.0)
    assert reported(CHAIR, seat_only) == []


def test_a_table_top_seen_from_its_edge_is_not_missed():
    table = places((2.0, 0.0, -0.2), extent=(0.6, 1.0, 0.6))
    edge_of_top = depth_with(80, 240, 102, 107, depth=1.8)
    assert reported(table) == [1]
    assert reported(table, edge_of_top) == []


def test_an_object_behind_something_nearer_is_not_missed():
    assert reported(CHAIR, depth_with(100, 170, depth=1.0)) == []


@pytest.mark.parametrize("unknown", [0.0, np.nan, np.inf])
def test_an_object_in_a_hole_of_the_depth_is_not_missed(unknown):
    assert reported(CHAIR, depth_with(100, 170, depth=unknown)) == []


@pytest.mark.parametrize("where", [(2.0, 0.95, 0.0), (2.0, 0.0, -0.6), (2.0, 3.0, 0.0), (-2.0, 0.0, 0.0)])
def test_an_object_at_the_edge_of_the_image_or_beyond_is_not_missed(where):
    assert reported(places(where)) == []


def test_an_object_out_of_range_is_not_missed():
    assert reported(places((4.3, 0.0, 0.0)), np.full((240, 320), 9.0, np.float32)) == []


def test_an_object_seen_from_its_thin_side_is_not_missed():
    assert reported(places((2.0, 0.0, 0.0), extent=(0.5, 0.03, 0.5))) == []
    assert reported(places((2.0, 0.0, 0.0), extent=(0.03, 0.5, 0.5))) == [1]


def test_an_object_whose_place_is_uncertain_is_not_missed():
    assert reported(places((2.0, 0.0, 0.0), std=0.2)) == []
    assert reported(places((2.0, 0.0, 0.0), extent=(1.0, 0.9, 0.9), std=0.2)) == [1]


def test_a_picture_on_the_wall_is_not_missed():
    assert (
        reported(places((3.0, 0.0, 0.0), extent=(0.04, 0.5, 0.5)), np.full((240, 320), 3.03, np.float32))
        == []
    )


def test_a_turned_box_is_looked_through_along_its_own_axes():
    thin = places((2.0, 0.0, 0.0), extent=(0.5, 0.03, 0.5))
    across = dataclasses.replace(thin, orientations=upright(np.array([np.pi / 2])))
    assert reported(across) == [1]


def test_the_floor_under_an_object_does_not_spare_it():
    tilt = np.radians(30)
    down = np.eye(4)
    down[:3, :3] = POSE[:3, :3] @ [
        [1, 0, 0],
        [0, np.cos(tilt), np.sin(tilt)],
        [0, -np.sin(tilt), np.cos(tilt)],
    ]
    down[2, 3] = 1.4
    v = (np.arange(240) - K.cy) / K.fy
    drop = -(down[2, 1] * v + down[2, 2])  # metres that a line of sight sinks per metre of depth
    floor = np.where(drop > 0.1, 1.4 / np.maximum(drop, 0.1), 9.0).astype(np.float32)
    stool = places((2.2, 0.0, 0.25), extent=(0.4, 0.4, 0.5))
    assert reported(stool, np.repeat(floor[:, None], 320, axis=1), pose=down) == [1]


def test_being_seen_starts_anew_and_ends_an_absence():
    presence, masks = Presence(), np.ones((240, 320), np.uint16)
    for second in (0, 1):
        look(presence, CHAIR, seconds=second)
    look(presence, CHAIR, seconds=2, masks=masks, held=[1])
    assert [look(presence, CHAIR, seconds=second) for second in (3, 4, 5)] == [[], [], [1]]
    look(presence, CHAIR, seconds=6, masks=masks, held=[1])
    assert presence.absent == frozenset()


def test_something_in_its_place_starts_anew():
    presence = Presence()
    depths = [WALL, WALL, depth_with(130, 190, depth=2.0), WALL, WALL]
    assert not any(look(presence, CHAIR, depth, second) for second, depth in enumerate(depths))


def test_an_instance_that_may_be_anything_spares_the_places_it_covers():
    masks = np.ones((240, 320), np.uint16)
    assert reported(CHAIR, masks=masks, held=[0]) == []
    assert reported(CHAIR, masks=masks, held=[7]) == [1]


def test_when_more_objects_are_missed_than_seen_it_is_the_pose_that_is_wrong():
    row = places(*((2.0, y, 0.0) for y in (-0.6, 0.0, 0.6)))
    masks = np.zeros((240, 320), np.uint16)
    assert reported(row, masks=masks, held=[8, 9]) == []
    assert reported(row, masks=masks, held=[7, 8, 9]) == [1, 2, 3]


def test_without_depth_pose_or_place_nothing_is_missed():
    unknown = InstanceGeometry.unknown(1)
    assert reported(unknown) == reported(CHAIR, None) == []
    presence = Presence()
    frame = Frame(np.zeros((240, 320, 3), np.uint8), 0, depth=WALL, intrinsics=K)
    for second in range(6):
        frame = dataclasses.replace(frame, stamp_ns=second * 10**9)
        assert presence.update(frame, None, Instances.empty(240, 320), NOBODY, np.array([1]), CHAIR) == []


def test_forgotten_objects_start_anew():
    presence = Presence()
    for second in (0, 1):
        look(presence, CHAIR, seconds=second)
    presence.forget([1, 99])
    assert look(presence, CHAIR, seconds=2) == []
    presence.reset()
    assert [look(presence, CHAIR, seconds=second) for second in (3, 4, 5)] == [[], [], [1]]


def test_rows_that_do_not_fit_are_an_error():
    frame = Frame(np.zeros((240, 320, 3), np.uint8), 0, depth=WALL, intrinsics=K, pose=POSE)
    with pytest.raises(InputError, match="held"):
        Presence().update(frame, POSE, Instances.empty(240, 320), np.array([1]), np.array([1]), CHAIR)
    with pytest.raises(InputError, match="places"):
        Presence().update(frame, POSE, Instances.empty(240, 320), NOBODY, np.array([1, 2]), CHAIR)


@pytest.mark.parametrize("wrong", [{"misses": 0}, {"min_free": 0.3}, {"edge": 0.5}, {"max_range_m": 0.0}])
def test_values_out_of_range_are_an_error(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PresenceConfig(**wrong)
