import uuid

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_object import ObjectState
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.errors import InputError
from reobj.types import ModelId

MODEL = ModelId("test", "ab", 4)
E = np.eye(4, dtype=np.float32)
NOWHERE = InstanceGeometry.unknown(1)


def at(*position):
    return InstanceGeometry(
        np.ones(1), np.array([position], float), 0.01 * np.eye(3)[None], np.full((1, 3), 0.5)
    )


@pytest.fixture
def objects():
    found = ObjectMap(max_prototypes=3)
    found.use(MODEL)
    return found


def test_a_new_object_holds_what_it_was_made_of(objects):
    i = objects.create(Views.of(E[:2]), ["chair", "chair", "table"], (5, 9), at(1, 2, 3))
    o = objects.get(i)
    assert (o.object_id, o.label, o.views, o.visits, o.prototypes) == (1, "chair", 3, 1, 2)
    assert (o.first_seen_ns, o.last_seen_ns, o.state, o.merged_into) == (5, 9, ObjectState.PRESENT, 0)
    assert o.label_share == pytest.approx(2 / 3)
    assert o.position.tolist() == [1, 2, 3]
    assert uuid.UUID(o.uuid).version == 4


def test_an_object_that_was_never_placed_has_no_position(objects):
    o = objects.get(objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE))
    assert (o.position, o.covariance, o.extent) == (None, None, None)


def test_the_first_place_is_taken_and_later_ones_are_fused(objects):
    i = objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    objects.observe([i], E[:1], ["chair"], 1, at(1.0, 0, 0))
    assert objects.get(i).position[0] == 1.0
    objects.observe([i], E[:1], ["chair"], 1, at(1.2, 0, 0))
    assert 1.05 < objects.get(i).position[0] < 1.15


def test_observing_counts_views_votes_and_time(objects):
    i, j = (objects.create(Views.of(E[k : k + 1]), ["chair"], (0, 0), NOWHERE) for k in range(2))
    for stamp in (10, 20):
        objects.observe([j], E[1:2], ["table"], stamp, NOWHERE)
    assert (objects.get(i).views, objects.get(j).views) == (1, 3)
    assert (objects.get(i).last_seen_ns, objects.get(j).last_seen_ns) == (0, 20)
    assert objects.get(j).label == "table"


def test_prototypes_are_kept_only_where_views_differ_and_never_more_than_allowed(objects):
    i = objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    counts = []
    for k in (0, 1, 1, 2, 3):
        objects.observe([i], E[k : k + 1], ["chair"], 0, NOWHERE)
        counts.append(objects.get(i).prototypes)
    assert counts == [1, 2, 2, 3, 3]


def test_a_visit_tells_how_long_the_object_was_away(objects):
    i = objects.create(Views.of(E[:1]), ["chair"], (0, 100), NOWHERE)
    assert objects.visit(i, 350, Views.of(E[1:3]), ["chair"], (340, 350), NOWHERE) == 250
    assert (objects.get(i).visits, objects.get(i).prototypes) == (2, 3)
    assert objects.visit(i, 50, Views.of(E[:1]), ["chair"], (40, 50), NOWHERE) == 0  # time went back


def test_cannot_link_goes_both_ways_and_never_to_itself(objects):
    a, b = (objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE) for _ in range(2))
    objects.never_same(a, {a, b})
    assert objects.get(a).cannot_link == {b}
    assert objects.get(b).cannot_link == {a}


def test_ids_are_not_used_again_after_clearing(objects):
    first = objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    objects.clear()
    assert len(objects) == 0
    objects.use(MODEL)
    assert objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE) > first


def test_another_model_is_refused_until_the_map_is_cleared(objects):
    other = ModelId("test", "cd", 4)
    with pytest.raises(InputError, match="test@ab"):
        objects.use(other)
    objects.clear()
    objects.use(other)
    assert objects.model == other


def test_an_unknown_id_is_an_error(objects):
    with pytest.raises(InputError, match="object_id"):
        objects.get(3)


def test_copies_cannot_be_written_to_and_do_not_change(objects):
    i = objects.create(Views.of(E[:1]), ["chair"], (0, 0), at(1, 0, 0))
    (before,) = objects.objects()
    with pytest.raises(ValueError, match="read-only"):
        before.position[0] = 9
    objects.observe([i], E[1:2], ["chair"], 5, at(1.5, 0, 0))
    assert (before.position[0], before.views) == (1.0, 1)


def test_candidates_are_those_near_a_track_and_those_without_a_place(objects):
    near, far, nowhere = (
        objects.create(Views.of(E[:1]), ["chair"], (0, 0), g) for g in (at(0, 0, 0), at(9, 0, 0), NOWHERE)
    )
    found = objects.candidates(np.array([[0.5, 0, 0], [0, 1, 0]]), radius_m=2.0)
    assert found.object_ids.tolist() == [near, nowhere]
    assert found.population == 3
    assert objects.candidates().object_ids.tolist() == [near, far, nowhere]


def test_many_objects_keep_their_own_prototypes(objects):
    rng = np.random.default_rng(0)
    looks = rng.standard_normal((60, 4)).astype(np.float32)
    ids = [
        objects.create(Views.of(look[None]), [f"class {k % 20}"], (0, 0), NOWHERE)
        for k, look in enumerate(looks)
    ]
    np.testing.assert_array_equal(objects.candidates().prototypes[:, 0], looks)
    assert [objects.get(i).label for i in ids] == [f"class {k % 20}" for k in range(60)]


def test_an_object_that_goes_on_has_no_further_visit(objects):
    pose = np.eye(4)
    i = objects.create(Views.of(E[:1]), ["chair", "chair"], (5, 9), NOWHERE, track_id=3, probability=0.9)
    objects.resume(i, Views.of(E[:2], 12), ["chair", "table", "table"], (11, 13), NOWHERE, pose)
    known, (visit,) = objects.get(i), objects.visits(i)
    assert (known.views, known.visits, known.first_seen_ns, known.last_seen_ns) == (5, 1, 5, 13)
    assert (visit.views, visit.first_ns, visit.last_ns, visit.track_id) == (5, 5, 13, 3)
    assert (visit.kind.name, visit.probability) == ("NEW", 0.9)
    assert visit.votes == {"chair": 3, "table": 2}
    assert (known.label, known.label_share) == ("chair", pytest.approx(3 / 5))
    assert known.prototypes == 2  # the second view is another one, the first is known
    np.testing.assert_array_equal(objects.last_pose(i), pose)
    objects.resume(i, Views.of(E[:1]), ["chair"], (14, 14), NOWHERE)
    assert objects.last_pose(i) is None


def test_words_that_are_new_when_an_object_goes_on_are_counted_for_it_alone(objects):
    """More words than the votes have room for at first."""
    i, j = (objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE) for _ in range(2))
    words = [f"class {k}" for k in range(30)]
    objects.resume(i, Views.of(E[:1]), words, (1, 1), NOWHERE)
    assert objects.visits(i)[0].votes == {"chair": 1, **dict.fromkeys(words, 1)}
    assert objects.visits(j)[0].votes == {"chair": 1}
    np.testing.assert_allclose(objects.shares_of([i, j]), [[1 / 31] * 31, [1] + [0] * 30])


def test_an_object_that_goes_on_is_where_all_its_frames_say(objects):
    i = objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    objects.resume(i, Views.of(E[:1]), ["chair"], (1, 1), at(1.0, 0, 0))
    assert objects.get(i).position[0] == 1.0
    objects.resume(i, Views.of(E[:1]), ["chair"] * 2, (2, 2), at(1.2, 0, 0))
    place = objects.get(i).position[0]
    assert place == pytest.approx(1.1, abs=0.001)  # two frames say 1.0 by now, two more say 1.2
    assert objects.visits(i)[0].position[0] == pytest.approx(place)
    objects.resume(i, Views.of(E[:1]), ["chair"], (3, 3), NOWHERE)
    assert objects.get(i).position[0] == pytest.approx(place)


def test_only_the_visit_that_was_last_goes_on_and_is_told_as_running(objects):
    i, j = (objects.create(Views.of(E[:1]), ["chair"] * 2, (0, 0), NOWHERE) for _ in range(2))
    objects.visit(i, 9, Views.of(E[:1]), ["chair"] * 3, (8, 9), NOWHERE)
    objects.resume(i, Views.of(E[:1]), ["chair"] * 4, (10, 11), NOWHERE)
    assert [v.views for v in objects.visits(i)] == [2, 7]
    assert [objects.running_visit(k) for k in (j, i)] == [2, 3]
    assert [(objects.last_seen(v), objects.frames_of(v)) for v in (1, 2, 3)] == [(0, 2), (0, 2), (11, 7)]


def test_any_visit_of_an_object_can_go_on(objects):
    i, j = (objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE) for _ in range(2))
    objects.visit(i, 9, Views.of(E[:1]), ["chair"], (9, 9), NOWHERE)
    objects.go_on_with([1, 2])
    objects.observe([i, j], E[:2], ["chair"] * 2, 20, InstanceGeometry.unknown(2))
    assert [objects.frames_of(v) for v in (1, 2, 3)] == [2, 2, 1]
    assert objects.running_visit(i) == 1


def test_a_visit_that_is_none_belongs_to_nobody(objects):
    i, _ = (objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE) for _ in range(2))
    objects.delete(i)
    assert [objects.owner(visit_id) for visit_id in (1, 2, 3)] == [0, 2, 0]
    with pytest.raises(InputError, match="visit_id"):
        objects.go_on_with([3])


def test_what_goes_on_is_written_down(objects):
    i = objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    objects.forget_changes()
    objects.resume(i, Views.of(E[1:2], 7), ["table"], (7, 7), at(1, 0, 0))
    changes = objects.take_changes()
    assert changes.objects.object_ids.tolist() == [i]
    assert changes.visits.visit_ids.tolist() == [1]
    assert (changes.prototypes.object_ids.tolist(), changes.prototypes.slots.tolist()) == ([i], [1])
    again = ObjectMap(max_prototypes=3)
    again.restore(objects.snapshot())
    assert again.visits(i)[0].votes == {"chair": 1, "table": 1}
    assert again.prototypes_of(i).stamps_ns.tolist() == [0, 7]


def test_an_unknown_object_does_not_go_on(objects):
    with pytest.raises(InputError, match="object_id"):
        objects.resume(1, Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    with pytest.raises(InputError, match="object_id"):
        objects.running_visit(1)


def test_some_objects_are_candidates_wherever_they_are_and_some_are_not(objects):
    near, far, further = (objects.create(Views.of(E[:1]), ["chair"], (0, 0), at(x, 0, 0)) for x in (0, 9, 20))
    around = np.zeros((1, 3))
    assert objects.candidates(around, 2.0, also={far}).object_ids.tolist() == [near, far]
    assert objects.candidates(around, 2.0, also={near, far}).object_ids.tolist() == [near, far]
    assert objects.candidates(around, 2.0, without=(near,)).object_ids.tolist() == []
    found = objects.candidates(without=[near, 99])
    assert found.object_ids.tolist() == [far, further]
    assert found.population == 3
    np.testing.assert_array_equal(found.places.positions[:, 0], [9, 20])
    assert objects.candidates(around, 2.0, also={far}, without={far}).object_ids.tolist() == [near]


def test_retired_and_unknown_objects_are_no_candidates_though_asked_for(objects):
    near, twin, gone = (objects.create(Views.of(E[:1]), ["chair"], (0, 0), at(x, 0, 0)) for x in (0, 0, 20))
    objects.delete(gone)
    objects.merge(near, [twin])
    assert objects.candidates(np.zeros((1, 3)), 1.0, also={twin, gone, 77}).object_ids.tolist() == [near]
    assert len(objects.candidates(np.full((1, 3), 99.0), 1.0, also={twin, gone, 77})) == 0


def test_near_are_living_objects_with_a_place_within_the_radius(objects):
    ids = [objects.create(Views.of(E[:1]), ["chair"], (0, 0), at(x, 0, 0)) for x in (0, 1.9, 2.1, 6, 1)]
    objects.create(Views.of(E[:1]), ["chair"], (0, 0), NOWHERE)
    objects.delete(ids[4])
    assert objects.near(np.zeros((1, 3)), 2.0) == ids[:2]
    assert objects.near(np.array([[0, 0, 0], [6, 1, 0]], float), 2.0) == [*ids[:2], ids[3]]
    objects.move(ids[0], at(50, 0, 0))
    assert objects.near(np.zeros((1, 3)), 2.0) == ids[1:2]
    assert objects.near(np.zeros((0, 3)), 2.0) == []


@pytest.mark.parametrize(("last", "expected"), [(4, ObjectState.ABSENT), (9, ObjectState.PRESENT)])
def test_objects_that_are_one_are_as_the_one_seen_last(objects, last, expected):
    first = objects.create(Views.of(E[:1]), ["chair"], (0, 5), NOWHERE)
    second = objects.create(Views.of(E[:1]), ["chair"], (0, last), NOWHERE)
    objects.set_state(first, ObjectState.ABSENT)
    objects.merge(first, [second])
    assert objects.get(first).state == expected
