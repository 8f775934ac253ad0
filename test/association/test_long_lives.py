"""Maps that outlive runs: what yesterday's run, another file or a long history must not do to today's."""

from dataclasses import replace

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.geometry import InstanceGeometry, measure
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.errors import InputError
from reobj.types import EventKind, Frame, Instances, Intrinsics, ModelId

MODEL = ModelId("test", "ab", 8)
E = np.eye(8, dtype=np.float32)
NOWHERE = InstanceGeometry.unknown(1)
ROW = [(-0.8, 0.0, 2.5), (0.0, 0.0, 2.5), (0.8, 0.0, 2.5)]


def keeper(path=None, history_length=10_000, prototypes=4):
    made = MapKeeper(ObjectMap(max_prototypes=prototypes, min_novelty=0.01), history_length)
    if path is not None:
        made.open(path, MODEL)
    made.object_map.use(MODEL)
    return made


def grow(some, *visits):
    """Objects with so many visits each."""
    for k, count in enumerate(visits):
        i = some.object_map.create(Views.of(E[k : k + 1]), ["chair"], (0, 1), NOWHERE, track_id=10 * k + 1)
        for n in range(1, count):
            views = Views.of(E[(k + n) % 8][None])
            some.object_map.visit(i, 9 * n, views, ["chair"], (9 * n, 9 * n), NOWHERE, 10 * k + n + 1)
    some.record()


def test_merges_of_the_map_that_was_there_before_do_not_rename_objects_of_a_loaded_one(tmp_path):
    other = keeper(tmp_path / "other.map")
    grow(other, 1, 1, 1)
    other.close()
    some = keeper(tmp_path / "some.map")
    grow(some, 1, 1)
    some.merge([1, 2], stamp_ns=5)
    some.load(tmp_path / "other.map")
    some.close()
    again = keeper(tmp_path / "some.map")
    assert [again.object_map.resolve(i) for i in (1, 2, 3)] == [1, 2, 3]
    again.close()


def test_events_of_the_map_that_was_there_before_cannot_be_undone_in_a_loaded_one(tmp_path):
    other = keeper(tmp_path / "other.map")
    grow(other, 1, 1)
    other.close()
    some = keeper()
    grow(some, 2)
    split = some.split_visits(1, [2], stamp_ns=5)
    some.load(tmp_path / "other.map")
    assert EventKind.RETIRED in {event.kind for event in some.events}
    with pytest.raises(InputError):
        some.undo(split.event_id, stamp_ns=6)
    assert some.object_map.object_ids() == [1, 2]


def test_what_people_decided_is_remembered_longer_than_the_history(tmp_path):
    some = keeper(tmp_path / "some.map", history_length=3)
    grow(some, 1, 1, 1, 1)
    merged = some.merge([1, 2], stamp_ns=5, terms={"appearance": 9.0})
    some.undo(merged.event_id, stamp_ns=6)
    some.merge([3, 4], stamp_ns=7)
    for n in range(9):
        some.rename(1, f"name {n}", stamp_ns=8)
    expected = {frozenset({1, 2})}, {3}
    assert (some.hand_edits().apart, some.hand_edits().together) == expected
    some.close()
    again = keeper(tmp_path / "some.map", history_length=3)
    assert (again.hand_edits().apart, again.hand_edits().together) == expected
    again.close()


def test_tracks_of_today_are_not_named_like_those_in_the_file(make_world, make_walk, distinct, tmp_path):
    for run in range(2):
        associator = MapAssociator()
        associator.keeper.open(tmp_path / "room.map")
        walk = make_walk(make_world(ROW, distinct(3)), associator)
        walk.stamp_ns = run * 10**12
        walk.step(frames=8)
        seen = {v.track_id for i in (1, 2, 3) for v in associator.object_map.visits(i)}
        assert seen == set(range(1, 3 * (run + 1) + 1))
        associator.keeper.close()


def test_a_loop_that_is_closed_today_leaves_yesterdays_objects_where_they_are(
    make_world, make_walk, distinct, tmp_path
):
    yesterday = MapAssociator()
    yesterday.keeper.open(tmp_path / "room.map")
    make_walk(make_world(ROW[:2], distinct(2)), yesterday).step(frames=8)
    yesterday.keeper.close()
    today = MapAssociator()
    today.keeper.open(tmp_path / "room.map")
    walk = make_walk(make_world(ROW[2:], distinct(3)[2:]), today)
    walk.stamp_ns = 10**12
    walk.step(frames=8)
    before = today.object_map.places([1, 2, 3]).positions.copy()
    shifted = np.eye(4)
    shifted[0, 3] = 0.5
    assert today.correct_poses({walk.stamp_ns: shifted}) == 1
    moved = today.object_map.places([1, 2, 3]).positions - before
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), [0, 0, 0.5], atol=1e-6)
    today.keeper.close()


def test_an_object_with_more_views_than_it_is_compared_by_has_them_all_again_after_a_restart(tmp_path):
    some = keeper(tmp_path / "some.map")
    grow(some, 4, 4)
    some.merge([1, 2], stamp_ns=50, force=True)
    before = some.object_map.prototypes_of(1).embeddings
    some.close()
    again = keeper(tmp_path / "some.map")
    np.testing.assert_array_equal(again.object_map.prototypes_of(1).embeddings, before)
    again.close()


def test_depths_that_are_no_measurements_are_no_places():
    masks = np.ones((60, 80), np.uint16)
    depth = np.full((60, 80), 1e-38, np.float32)
    frame = Frame.without_colour(60, 80, 0, "camera")
    k = Intrinsics(80.0, 80.0, 40.0, 30.0, 80, 60)
    frame = replace(frame, depth=depth, intrinsics=k, pose=np.eye(4))
    box = np.array([[0, 0, 80, 60]], np.float32)
    found = measure(frame, Instances(box, masks, ("cup",), np.ones(1, np.float32)), frame.pose)
    assert not found.located.any()
