"""Several cameras that look at one map."""

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.map.map_object import ObjectState
from reobj.errors import InputError
from reobj.types import EventKind

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
FRONT, LEFT = (0.0, 0.0, 0.0), (0.3, 0.1, -0.4)
AWAY = (30.0, 0.0, 0.0)
OFFSET_NS = 30_000_000


class Pair:
    """Two cameras that look at one world, the stamps of one a little ahead of those of the other."""

    def __init__(self, world, make_walk, extras=True):
        self.associator = MapAssociator()
        self.front = make_walk(world, self.associator.camera("front"), extras)
        self.left = make_walk(world, self.associator.camera("left"), extras)
        self.left.stamp_ns = OFFSET_NS

    def step(self, front=FRONT, left=LEFT, frames=1, hidden=((), ())):
        """A frame of both, in an order that changes."""
        for k in range(frames):
            turns = [(self.front, front, hidden[0]), (self.left, left, hidden[1])]
            for walk, camera, unseen in turns[:: -1 if k % 2 else 1]:
                walk.step(camera, unseen)

    @property
    def map(self):
        return self.associator.object_map

    @property
    def events(self):
        told = sorted(self.front.events + self.left.events, key=lambda event: event.event_id)
        return [event.kind for event in told]


@pytest.fixture
def equal_chairs(make_world, make_walk, alike):
    return Pair(make_world(ROW, alike(3), noise=0.05), make_walk)


@pytest.fixture
def distinct_things(make_world, make_walk, distinct):
    return Pair(make_world(ROW, distinct(3), noise=0.05), make_walk)


def track_ids(walk):
    return {o.track_id for o in walk.step().objects}


def test_what_one_camera_saw_the_other_knows_again(equal_chairs):
    equal_chairs.front.step(frames=8)
    equal_chairs.left.stamp_ns = equal_chairs.front.stamp_ns + 5_000_000_000
    equal_chairs.left.step(LEFT, frames=8)
    assert equal_chairs.left.last == equal_chairs.front.last
    assert sorted(equal_chairs.front.last.values()) == [1, 2, 3]
    assert equal_chairs.events == [EventKind.CREATED] * 3 + [EventKind.REIDENTIFIED] * 3


def test_equal_objects_that_two_cameras_see_at_once_get_one_id_each(equal_chairs):
    equal_chairs.step(frames=30)
    assert equal_chairs.left.last == equal_chairs.front.last
    assert sorted(equal_chairs.front.last.values()) == [1, 2, 3]
    assert len(equal_chairs.map) == 3
    assert EventKind.MERGED not in equal_chairs.events


def test_with_colour_only_distinct_objects_get_one_id_each(make_world, make_walk, distinct):
    pair = Pair(make_world(ROW, distinct(3), noise=0.05), make_walk, extras=False)
    pair.step(frames=30)
    assert pair.left.last == pair.front.last
    assert len(pair.map) == 3


def test_only_what_is_in_one_image_is_never_the_same(equal_chairs):
    """The first camera sees the chairs 0 and 1 together, the second one 1 and 2; nobody sees 0 and 2."""
    equal_chairs.step(frames=12, hidden=({2}, {0}))
    first, second = equal_chairs.front.last[0], equal_chairs.front.last[1]
    third = equal_chairs.left.last[2]
    assert len({first, second, third}) == 3
    assert equal_chairs.map.cannot_link(first) == {second}
    assert equal_chairs.map.cannot_link(second) == {first, third}


def test_tracks_of_all_cameras_have_ids_of_their_own(equal_chairs):
    equal_chairs.step(frames=5)
    front, left = track_ids(equal_chairs.front), track_ids(equal_chairs.left)
    assert len(front) == len(left) == 3
    assert not front & left


def test_each_camera_has_its_own_visit_of_an_object_it_sees_with_another(equal_chairs):
    equal_chairs.step(frames=10)
    visits = equal_chairs.map.visits(1)
    assert [v.views for v in visits] == [10, 10]
    assert {v.track_id: v.visit_id for v in visits} == {
        v.track_id: equal_chairs.associator.visit_of(v.track_id) for v in visits
    }
    assert equal_chairs.associator.visit_of(99) == 0


def test_the_same_name_is_the_same_camera():
    associator = MapAssociator()
    assert associator.camera("front") is associator.camera("front") is not associator.camera("left")


def test_what_one_camera_sees_is_not_absent_though_another_looks_through_it(equal_chairs):
    equal_chairs.step(frames=8)
    equal_chairs.step(frames=40, hidden=({1}, ()))
    assert EventKind.ABSENT not in equal_chairs.events
    assert equal_chairs.map.get(equal_chairs.left.last[1]).state == ObjectState.PRESENT


def test_what_no_camera_sees_any_more_is_absent_and_its_return_is_told_by_each(equal_chairs):
    equal_chairs.step(frames=8)
    known, before = equal_chairs.front.last, len(equal_chairs.events)
    equal_chairs.step(frames=25, hidden=({1}, {1}))
    assert equal_chairs.events[before:] == [EventKind.ABSENT]
    equal_chairs.step(frames=6)
    assert equal_chairs.front.last == equal_chairs.left.last == known
    assert equal_chairs.events[before:].count(EventKind.REIDENTIFIED) == 2


def test_a_merge_by_hand_reaches_the_tracks_of_every_camera(distinct_things):
    distinct_things.step(frames=8, hidden=({1, 2}, {0, 2}))
    kept, absorbed = distinct_things.front.last[0], distinct_things.left.last[1]
    distinct_things.associator.keeper.merge([kept, absorbed], stamp_ns=0)
    distinct_things.step(hidden=({1, 2}, {0, 2}))
    assert distinct_things.front.last[0] == distinct_things.left.last[1] == kept != absorbed


def test_a_deleted_object_is_no_track_of_any_camera(equal_chairs):
    equal_chairs.step(frames=8)
    gone = equal_chairs.front.last[0]
    equal_chairs.associator.keeper.delete(gone, stamp_ns=0)
    equal_chairs.step(frames=8)
    assert equal_chairs.front.last == equal_chairs.left.last
    assert gone not in equal_chairs.front.last.values()


def test_a_split_leaves_each_camera_with_the_object_of_its_visit(equal_chairs):
    equal_chairs.step(frames=8)
    shared = equal_chairs.front.last[0]
    first, second = equal_chairs.map.visits(shared)
    new = equal_chairs.associator.keeper.split_visits(shared, [second.visit_id], stamp_ns=0).object_ids[1]
    results = [equal_chairs.front.step(FRONT), equal_chairs.left.step(LEFT)]
    ids = {o.track_id: o.object_id for result in results for o in result.objects}
    assert (ids[first.track_id], ids[second.track_id]) == (shared, new)


def test_a_clock_that_goes_back_ends_the_tracks_of_its_camera_only(equal_chairs):
    equal_chairs.step(frames=20)
    front, left = track_ids(equal_chairs.front), track_ids(equal_chairs.left)
    known = equal_chairs.front.last
    equal_chairs.front.stamp_ns = 0
    assert not track_ids(equal_chairs.front) & front
    assert track_ids(equal_chairs.left) == left
    equal_chairs.front.step(frames=3)
    assert equal_chairs.front.last == known


def test_a_frame_may_be_older_than_the_last_one_of_another_camera(equal_chairs):
    equal_chairs.left.step(LEFT, frames=20)
    equal_chairs.front.step(FRONT, frames=10)  # two seconds behind
    assert equal_chairs.front.last == equal_chairs.left.last


@pytest.mark.parametrize("forget", [MapAssociator.reset, MapAssociator.reset_tracks])
def test_reset_reaches_every_camera(equal_chairs, forget):
    equal_chairs.step(frames=8)
    before = track_ids(equal_chairs.front) | track_ids(equal_chairs.left)
    forget(equal_chairs.associator)
    assert not before & (track_ids(equal_chairs.front) | track_ids(equal_chairs.left))


def test_reset_of_one_camera_forgets_the_map(equal_chairs):
    equal_chairs.step(frames=8)
    equal_chairs.associator.camera("left").reset()
    assert equal_chairs.associator.objects() == ()


def test_a_loop_closure_moves_what_was_seen_from_the_corrected_camera(equal_chairs):
    """The first camera saw chair 0 only, the second one chair 2 only; both saw chair 1."""
    equal_chairs.step(frames=12, hidden=({2}, {0}))
    chairs = [equal_chairs.front.last[0], equal_chairs.front.last[1], equal_chairs.left.last[2]]
    before = equal_chairs.map.places(chairs).positions
    aside = np.eye(4)
    aside[0, 3] = FRONT[0] + 0.5
    last = equal_chairs.front.stamp_ns - 100_000_000
    assert equal_chairs.associator.camera("front").correct_poses({last: aside}) == 2
    steps = (equal_chairs.map.places(chairs).positions - before)[:, 0]
    assert steps[0] == pytest.approx(0.5)
    assert 0.0 < steps[1] < 0.5
    assert steps[2] == 0.0
    aside = np.eye(4)
    aside[:3, 3] = LEFT
    aside[0, 3] += 0.5
    equal_chairs.associator.camera("left").correct_poses({last + OFFSET_NS: aside})
    steps = (equal_chairs.map.places(chairs).positions - before)[:, 0]
    np.testing.assert_allclose(steps, 0.5, atol=1e-3)


def test_a_camera_without_frames_takes_no_loop_closure(equal_chairs):
    equal_chairs.front.step(frames=8)
    with pytest.raises(InputError, match="stamps of corrected poses"):
        equal_chairs.associator.camera("left").correct_poses({0: np.eye(4)})
