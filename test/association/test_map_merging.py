import numpy as np
import pytest
from walked_maps import MODEL, Room, furnished, true_pairs, turn

from reobj.association.map.map_object import ObjectState
from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.map_merging import merge_events, merged_snapshot
from reobj.association.merging.merge_plan import MergeConfig, plan_merge
from reobj.errors import ConfigError, MapModelError
from reobj.types import EventKind, ModelId

FRAME = turn(2.0, 3.0, -1.0, 0.1)
GRID = [[x, y, 0.4] for x in range(4) for y in range(3)]


def two_walks(room, seen_a, seen_b, frame=None, **options):
    (a, seen_a), (b, seen_b) = room.walk(1, seen_a), room.walk(2, seen_b, frame, **options)
    return a, b, seen_a, seen_b


def restored(snapshot) -> ObjectMap:
    found = ObjectMap()
    found.restore(snapshot)
    return found


def merged(a: ObjectMap, b: ObjectMap) -> ObjectMap:
    plan = plan_merge(a.snapshot(), b.snapshot())
    return restored(merged_snapshot(a.snapshot(), b.snapshot(), plan))


@pytest.mark.parametrize("seed", range(900, 903))
@pytest.mark.parametrize("frame", [None, FRAME], ids=["one frame", "another frame"])
def test_two_walks_through_one_room_are_put_together(seed, frame):
    a, b, seen_a, seen_b = two_walks(furnished(seed), range(24), range(8, 30), frame)
    plan = plan_merge(a.snapshot(), b.snapshot())
    right, wrong = true_pairs(plan, seen_a, seen_b)
    assert right >= 15  # of 16
    assert wrong == 0
    assert plan.transform == pytest.approx(np.linalg.inv(np.eye(4) if frame is None else frame), abs=0.15)
    assert not plan.ambiguous


def test_twelve_equal_chairs_are_known_by_their_arrangement():
    places = np.random.default_rng(0).uniform(0, 1, (12, 3)) * [6, 5, 0.05]
    a, b, seen_a, seen_b = two_walks(Room(places, [0] * 12), range(12), range(12), FRAME)
    plan = plan_merge(a.snapshot(), b.snapshot())
    assert true_pairs(plan, seen_a, seen_b) == (12, 0)


def test_a_symmetric_arrangement_is_reported_and_nothing_is_joined():
    a, b, *_ = two_walks(Room(GRID, [0] * 12), range(12), range(12), FRAME)
    plan = plan_merge(a.snapshot(), b.snapshot())
    assert plan.ambiguous
    assert (plan.transform, plan.pairs) == (None, ())
    together = restored(merged_snapshot(a.snapshot(), b.snapshot(), plan))
    assert len(together) == 24
    assert together.get(13).position is None


def test_one_thing_that_stands_out_tells_a_symmetric_arrangement():
    room = Room([*GRID, [4.5, 0, 1]], [0] * 12 + [1])
    a, b, seen_a, seen_b = two_walks(room, range(13), range(13), FRAME)
    assert true_pairs(plan_merge(a.snapshot(), b.snapshot()), seen_a, seen_b) == (13, 0)


def test_a_symmetric_arrangement_is_no_riddle_in_one_frame():
    a, b, seen_a, seen_b = two_walks(Room(GRID, [0] * 12), range(12), range(12))
    assert true_pairs(plan_merge(a.snapshot(), b.snapshot()), seen_a, seen_b) == (12, 0)


def test_part_of_a_long_row_of_equal_things_may_be_anywhere_in_it():
    a, b, *_ = two_walks(Room([[0.8 * i, 0, 0] for i in range(12)], [0] * 12), range(12), range(3, 9), FRAME)
    plan = plan_merge(a.snapshot(), b.snapshot())
    assert plan.ambiguous
    assert plan.pairs == ()


def test_maps_of_different_rooms_have_nothing_in_common():
    a, _ = Room(furnished(900).places, range(30), seed=1).walk(1, range(30))
    b, _ = Room(furnished(901).places, range(30), seed=2).walk(2, range(30), FRAME)
    plan = plan_merge(a.snapshot(), b.snapshot())
    assert (plan.transform, plan.pairs, plan.ambiguous) == (None, (), False)


def test_without_places_only_what_looks_like_nothing_else_is_joined():
    a, b, seen_a, seen_b = two_walks(furnished(900), range(30), range(30), placed=False)
    plan = plan_merge(a.snapshot(), b.snapshot())
    right, wrong = true_pairs(plan, seen_a, seen_b)
    assert right >= 5  # of the ten things that there are once
    assert wrong == 0
    assert all(seen_a[pair.id_a - 1] >= 20 for pair in plan.pairs)
    assert plan.transform is None


def test_a_map_without_places_takes_over_the_frame_of_the_other():
    room = furnished(900)
    (a, _), (b, _) = room.walk(1, range(20, 30), placed=False), room.walk(2, range(20, 30), FRAME)
    together = merged(a, b)
    assert len(together) < 20
    placed = [found.position for found in together.objects() if found.position is not None]
    assert len(placed) == 10


def test_the_merged_map_has_all_visits_views_and_votes_once():
    a, b, *_ = two_walks(furnished(900), range(24), range(8, 30), FRAME)
    plan = plan_merge(a.snapshot(), b.snapshot())
    both = merged_snapshot(a.snapshot(), b.snapshot(), plan)
    together = restored(both)
    assert len(together) == 24 + 22 - len(plan.pairs)
    assert len(both.visits) == 46
    assert both.objects.votes[both.living()].sum() == 46 * 5
    joined = plan.pairs[0]
    one = together.get(joined.id_a)
    assert (one.visits, one.views, one.prototypes) == (2, 10, 6)
    assert one.uuid == a.get(joined.id_a).uuid
    assert one.last_seen_ns == b.get(joined.id_b).last_seen_ns
    new_id = together.resolve(24 + joined.id_b)
    assert new_id == joined.id_a
    assert set(a.snapshot().objects.uuids) | set(b.snapshot().objects.uuids) == set(both.objects.uuids)


def test_places_and_poses_of_the_second_map_come_into_the_frame_of_the_first():
    room = furnished(900)
    a, b, _, seen_b = two_walks(room, range(24), range(8, 30), FRAME)
    together = merged(a, b)
    for id_b, true in enumerate(seen_b.tolist(), start=1):
        found = together.get(together.resolve(24 + id_b))
        assert np.linalg.norm(found.position - room.places[true]) < 0.3
        assert found.extent == pytest.approx([0.5, 0.4, 0.3], abs=0.1)
    assert together.visits(together.resolve(25))[-1].last_pose == pytest.approx(np.eye(4), abs=0.15)


def test_cannot_links_of_both_maps_hold_in_the_merged_one():
    a, b, *_ = two_walks(furnished(900), range(24), range(8, 30), FRAME)
    a.never_same(1, [2])
    b.never_same(1, [2, 3])
    together = merged(a, b)
    assert 2 in together.cannot_link(1)
    first, second, third = (together.resolve(24 + i) for i in (1, 2, 3))
    assert {second, third} <= together.cannot_link(first)


def test_each_join_is_an_event_that_can_be_undone():
    a, b, *_ = two_walks(furnished(900), range(24), range(8, 30), FRAME)
    plan = plan_merge(a.snapshot(7), b.snapshot())
    events = merge_events(a.snapshot(7), b.snapshot(), plan, stamp_ns=5)
    both = merged_snapshot(a.snapshot(7), b.snapshot(), plan)
    assert [event.event_id for event in events] == list(range(7, 7 + len(plan.pairs)))
    assert both.next_event_id == 7 + len(plan.pairs)
    together = restored(both)
    for event, pair in zip(events, plan.pairs, strict=True):
        assert (event.kind, event.object_ids) == (EventKind.MERGED, (pair.id_a, 24 + pair.id_b))
        visits = event.details["visits"]
        together.unmerge(pair.id_a, {int(old): ids for old, ids in visits.items()})
    assert len(together) == 46
    again = together.get(24 + plan.pairs[0].id_b)
    assert again.uuid == b.get(plan.pairs[0].id_b).uuid
    assert again.prototypes == 3


def test_what_was_seen_last_says_whether_it_is_there_and_names_are_not_lost():
    a, b, *_ = two_walks(furnished(900), range(24), range(8, 30))
    first, second, *_ = plan_merge(a.snapshot(), b.snapshot()).pairs
    b.set_state(first.id_b, ObjectState.ABSENT)
    b.rename(first.id_b, "of b")
    b.rename(second.id_b, "of b")
    a.rename(second.id_a, "of a")
    together = merged(a, b)
    assert together.get(first.id_a).state == ObjectState.ABSENT
    assert together.get(first.id_a).name == "of b"
    assert together.get(second.id_a).name == "of a"


def test_two_maps_that_were_one_before_are_joined_by_uuid():
    room = Room(GRID, [0] * 12)
    begin, _ = room.walk(1, range(12))
    a, b = restored(begin.snapshot()), restored(begin.snapshot())
    extra = room.walk(3, [0])[0]
    place = extra.places([1])
    b.visit(5, 9_000, extra.prototypes_of(1), ["kind 0"], (9_000, 9_100), place, track_id=40)
    b.create(extra.prototypes_of(1), ["kind 0"], (9_000, 9_100), place, track_id=41)
    plan = plan_merge(a.snapshot(), b.snapshot())
    assert [(pair.id_b, pair.id_a) for pair in plan.pairs if pair.probability == 1] == [
        (i, i) for i in range(1, 13)
    ]
    both = merged_snapshot(a.snapshot(), b.snapshot(), plan)
    assert len(both.visits) == 14  # the twelve that both have count once
    assert len(set(both.objects.uuids)) == len(both.objects)
    assert restored(both).get(5).visits == 2
    assert len(merge_events(a.snapshot(), b.snapshot(), plan, 0)) == 1


def test_what_was_deleted_in_the_first_map_stays_deleted():
    begin, _ = Room(GRID, [0] * 12).walk(1, range(12))
    a, b = restored(begin.snapshot()), restored(begin.snapshot())
    a.delete(5)
    b.visit(5, 9_000, b.prototypes_of(5), ["kind 0"], (9_000, 9_100), b.places([5]), track_id=40)
    assert sorted(found.object_id for found in merged(a, b).objects()) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]


def test_ids_of_objects_that_were_merged_in_the_second_map_still_resolve():
    a, b, *_ = two_walks(furnished(900), range(12), range(12, 24))
    b.merge(3, [7])
    together = merged(a, b)
    assert together.resolve(12 + 7) == together.resolve(12 + 3)


@pytest.mark.parametrize("empty_first", [True, False])
def test_an_empty_map_adds_nothing(empty_first):
    full, _ = furnished(900).walk(1, range(5))
    pair = (ObjectMap(), full) if empty_first else (full, ObjectMap())
    together = merged(*pair)
    assert len(together) == 5
    assert together.model == MODEL
    for mine, theirs in zip(together.objects(), full.objects(), strict=True):
        assert mine.position == pytest.approx(theirs.position)


def test_embeddings_of_different_models_never_meet():
    room = furnished(900)
    a, b = (room.walk(1, range(5), model=m)[0].snapshot() for m in (MODEL, ModelId("test", "ff", 32)))
    with pytest.raises(MapModelError):
        plan_merge(a, b)


@pytest.mark.parametrize("wrong", [{"least_pairs": 1}, {"same_frame_prior": 1.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MergeConfig(**wrong)
