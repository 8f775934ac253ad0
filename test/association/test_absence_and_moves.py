"""What becomes of objects that vanish, move, or turn out to be another one."""

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_object import ObjectState
from reobj.association.map.views import Views
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.types import EventKind

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
AWAY = (30.0, 0.0, 0.0)
SECOND = 10  # frames


@pytest.fixture
def row(make_world, make_walk, distinct):
    """Three objects that have been seen for a while."""
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator())
    walk.step(frames=8)
    return walk


def state_of(walk, object_id):
    return walk.associator.object_map.get(object_id).state


def since(walk, count):
    return [(e.kind, e.object_ids) for e in walk.events[count:]]


def test_an_object_that_vanishes_is_absent_after_three_looks_half_a_second_apart(row):
    (gone,) = row.ids_of(1)
    last_seen = row.stamp_ns - 100_000_000
    row.step(hidden={1}, frames=3 * SECOND)
    (event,) = [e for e in row.events if e.kind == EventKind.ABSENT]
    assert (event.object_ids, event.track_id) == ((gone,), 0)
    assert 1_000_000_000 <= event.stamp_ns - last_seen <= 1_500_000_000
    assert [state_of(row, i) for i in (1, 2, 3)].count(ObjectState.ABSENT) == 1
    assert state_of(row, gone) == ObjectState.ABSENT


def test_an_object_out_of_view_is_not_absent(row):
    row.step(AWAY, frames=3 * SECOND)
    row.step((4.0, 0.0, 0.0), frames=3 * SECOND)
    assert EventKind.ABSENT not in {e.kind for e in row.events}


def test_an_absent_object_that_is_back_in_its_place_returns_and_did_not_move(row):
    (gone,) = row.ids_of(1)
    place = row.associator.object_map.get(gone).position
    row.step(hidden={1}, frames=5 * SECOND)
    known = len(row.events)
    row.step(frames=SECOND)
    assert since(row, known) == [(EventKind.REIDENTIFIED, (gone,))]
    assert row.last[1] == gone
    assert state_of(row, gone) == ObjectState.PRESENT
    np.testing.assert_allclose(row.associator.object_map.get(gone).position, place, atol=0.05)


@pytest.mark.parametrize(
    ("place", "camera"), [((8.0, 0.0, 2.5), (8.0, 0.0, 0.0)), ((0.0, 0.9, 2.5), (0, 0, 0))]
)
def test_an_absent_object_that_is_seen_elsewhere_has_moved(row, place, camera):
    """8 m away is more than objects are searched for; 0.9 m is within it."""
    (gone,) = row.ids_of(1)
    row.step(hidden={1}, frames=5 * SECOND)
    row.step(AWAY, frames=4 * SECOND)
    row.world.positions[1] = place
    known = len(row.events)
    row.step(camera, frames=SECOND)
    of_it = [kind for kind, ids in since(row, known) if ids == (gone,)]
    assert of_it == [EventKind.REIDENTIFIED, EventKind.MOVED]
    assert row.last[1] == gone
    assert state_of(row, gone) == ObjectState.MOVED
    np.testing.assert_allclose(row.associator.object_map.get(gone).position, place, atol=0.06)
    assert len(row.associator.objects()) == 3


def test_something_that_looks_different_is_not_the_absent_object(make_world, make_walk, distinct):
    world = make_world([*ROW, (8.0, 0.0, 2.5)], distinct(4), noise=0.05)
    walk = make_walk(world, MapAssociator())
    walk.step(frames=8)
    (gone,) = walk.ids_of(1)
    walk.step(hidden={1}, frames=5 * SECOND)
    walk.step((8.0, 0.0, 0.0), frames=15)  # it might be, so it takes the ten frames of a doubtful case
    assert walk.last == {3: 4}
    assert state_of(walk, gone) == ObjectState.ABSENT


def test_an_object_that_its_track_sees_again_after_it_was_missed_is_no_longer_absent(row):
    """It is away for two seconds, which the track survives."""
    (gone,) = row.ids_of(1)
    row.step(hidden={1}, frames=2 * SECOND)
    assert state_of(row, gone) == ObjectState.ABSENT
    row.step(frames=SECOND)
    assert row.last[1] == gone
    assert state_of(row, gone) == ObjectState.PRESENT
    row.step(hidden={1}, frames=2 * SECOND)
    assert [e.object_ids for e in row.events if e.kind == EventKind.ABSENT] == [(gone,)] * 2


def test_an_object_that_was_seen_without_a_pose_can_be_missed_again(row, make_walk):
    (gone,) = row.ids_of(1)
    row.step(hidden={1}, frames=6 * SECOND)
    colour = make_walk(row.world, row.associator, extras=False)
    colour.stamp_ns = row.stamp_ns
    colour.step(frames=SECOND)
    assert colour.last[1] == gone
    assert state_of(row, gone) == ObjectState.PRESENT
    row.stamp_ns = colour.stamp_ns
    row.step(AWAY, frames=6 * SECOND)
    row.step(hidden={1}, frames=4 * SECOND)
    assert state_of(row, gone) == ObjectState.ABSENT


def test_an_absent_object_is_known_elsewhere_after_the_tracks_began_anew(row):
    """As after a restart, or when the bag was looped: the map says that it is absent."""
    (gone,) = row.ids_of(1)
    row.step(hidden={1}, frames=5 * SECOND)
    row.associator.reset_tracks()
    row.world.positions[1] = (8.0, 0.0, 2.5)
    row.step((8.0, 0.0, 0.0), frames=SECOND)
    assert row.last == {1: gone}
    assert state_of(row, gone) == ObjectState.MOVED


@pytest.fixture
def forgetful(make_world, make_walk, distinct):
    """As ``row``, but tracks end when they are not seen in two frames."""
    config = AssociatorConfig(tracker=TrackerConfig(max_age=1))
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator(config))
    walk.step(frames=8)
    return walk


def test_an_object_that_was_lost_for_a_moment_goes_on_in_the_same_visit(forgetful):
    walk = forgetful
    before, known = walk.last, len(walk.events)
    walk.step(AWAY, frames=3)
    tracks = {o.track_id for o in walk.step(frames=6).objects}
    assert walk.last == before
    assert walk.events[known:] == []
    visits = [walk.associator.object_map.visits(i) for i in before.values()]
    assert [[v.views for v in of_it] for of_it in visits] == [[14]] * 3
    assert tracks.isdisjoint({v[0].track_id for v in visits})


def test_an_object_that_was_lost_for_more_than_a_second_returns(forgetful):
    walk = forgetful
    known = len(walk.events)
    walk.step(AWAY, frames=11)
    walk.step(frames=6)
    assert sorted(since(walk, known)) == [(EventKind.REIDENTIFIED, (i,)) for i in (1, 2, 3)]


def test_in_a_bag_that_is_looped_all_objects_return(row):
    row.stamp_ns, known, before = 0, len(row.events), row.last
    row.step(frames=6)
    assert row.last == before
    assert sorted(since(row, known)) == [(EventKind.REIDENTIFIED, (i,)) for i in (1, 2, 3)]


def test_a_tentative_track_is_a_known_object_at_once_but_never_a_new_one(make_world, make_walk, distinct):
    world = make_world(ROW, distinct(3), noise=0.05)
    walk = make_walk(world, MapAssociator())
    walk.step(hidden={2}, frames=8)
    known = dict(walk.last)
    walk.step(AWAY, frames=4 * SECOND)
    walk.step()
    assert walk.last == {**known, 2: 0}
    assert len(walk.associator.objects()) == 2
    walk.step(frames=3)
    assert walk.last == {**known, 2: 3}


def test_an_object_that_is_in_the_map_twice_becomes_one_when_it_is_seen(row):
    object_map = row.associator.object_map
    seen = object_map.prototypes_of(1), ["chair"] * 20, (0, 0), object_map.places([1])
    assert object_map.create(*seen) == 4
    before, known = row.last, len(row.events)
    row.step(frames=2 * SECOND)
    assert since(row, known) == [(EventKind.MERGED, (1, 4))]
    assert row.last == before
    assert [o.object_id for o in row.associator.objects()] == [1, 2, 3]
    assert object_map.resolve(4) == 1


@pytest.fixture
def twice(make_world, make_walk, distinct, model):
    """Object 2 is in view; object 1 looks like it, and is absent from where it was taken to be."""
    associator = MapAssociator()
    object_map = associator.object_map
    object_map.use(model)
    far = InstanceGeometry(np.ones(1), np.full((1, 3), 20.0), 0.001 * np.eye(3)[None], np.full((1, 3), 0.3))
    object_map.create(Views.of(distinct(1).astype(np.float32)), ["chair"] * 9, (0, 0), far)
    walk = make_walk(make_world([(0.0, 0.0, 2.5)], distinct(1)), associator)
    walk.step(frames=8)
    assert walk.last == {0: 2}
    object_map.move(1, object_map.places([2]))
    object_map.set_state(1, ObjectState.ABSENT)
    return walk


def test_of_two_objects_that_are_one_the_older_id_stays_in_view(twice):
    twice.step(frames=2 * SECOND)
    assert (twice.events[-1].kind, twice.events[-1].object_ids) == (EventKind.MERGED, (1, 2))
    assert twice.last == {0: 1}


def test_an_absent_object_that_is_one_with_another_in_view_is_present(twice):
    twice.step(frames=2 * SECOND)
    assert state_of(twice, 1) == ObjectState.PRESENT


def test_two_objects_that_were_merged_wrongly_are_split_when_one_is_seen(make_world, make_walk, alike):
    walk = make_walk(make_world(ROW, alike(3)), MapAssociator())
    walk.step(hidden={1, 2}, frames=8)
    walk.step(hidden={0, 1}, frames=16)
    assert (walk.last, len(walk.associator.objects())) == ({2: 2}, 2)
    walk.associator.keeper.merge([1, 2], stamp_ns=walk.stamp_ns, terms={"appearance": 9.0})
    known = len(walk.events)
    walk.step(hidden={0, 1}, frames=SECOND)
    assert since(walk, known) == [(EventKind.SPLIT, (1, 3))]
    assert walk.last == {2: 1}  # of the merged object the longer visit, which is in view, stays
    places = walk.associator.object_map.places([1, 3]).positions[:, 0]
    np.testing.assert_allclose(places, [0.8, -0.8], atol=0.05)
    walk.step(AWAY, frames=4 * SECOND)
    walk.step(hidden={1}, frames=SECOND)
    assert walk.last == {0: 3, 2: 1}


def test_a_merge_that_a_person_undid_is_not_made_again(row):
    object_map, keeper = row.associator.object_map, row.associator.keeper
    object_map.create(object_map.prototypes_of(1), ["chair"] * 20, (0, 0), object_map.places([1]))
    row.step(frames=2 * SECOND)
    merged = row.events[-1]
    assert merged.kind == EventKind.MERGED
    keeper.undo(merged.event_id, stamp_ns=row.stamp_ns)
    row.step(frames=8 * SECOND)
    assert row.events[-1] is merged
    assert [o.object_id for o in row.associator.objects()] == [1, 2, 3, 4]


def two_seen_apart(make_world, make_walk, alike):
    walk = make_walk(make_world([ROW[0], ROW[2]], alike(2)), MapAssociator())
    walk.step(hidden={1}, frames=8)
    walk.step(hidden={0}, frames=16)
    return walk


def test_what_a_person_merged_is_not_split_again(make_world, make_walk, alike):
    walk = two_seen_apart(make_world, make_walk, alike)
    walk.associator.keeper.merge([1, 2], stamp_ns=walk.stamp_ns)
    walk.step(hidden={0}, frames=8 * SECOND)
    assert EventKind.SPLIT not in {e.kind for e in walk.events}
    assert walk.last == {1: 1}


def test_a_split_that_a_person_undid_is_not_made_again(make_world, make_walk, alike):
    walk = two_seen_apart(make_world, make_walk, alike)
    walk.associator.keeper.merge([1, 2], stamp_ns=walk.stamp_ns, terms={"appearance": 9.0})
    walk.step(hidden={0}, frames=SECOND)
    split = next(e for e in walk.events if e.kind == EventKind.SPLIT)
    walk.associator.keeper.undo(split.event_id, stamp_ns=walk.stamp_ns)
    walk.step(hidden={0}, frames=8 * SECOND)
    assert [e for e in walk.events if e.kind == EventKind.SPLIT] == [split]
    assert walk.last == {1: 1}
