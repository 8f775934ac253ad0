"""Merging, splitting and undoing: an object is always the sum of its visits."""

import itertools

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_object import ObjectState
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.errors import CannotLinkError, InputError, UnknownObjectError
from reobj.types import DecisionKind, ModelId

DIM = 16
E = np.eye(DIM, dtype=np.float32)
NOWHERE = InstanceGeometry.unknown(1)


def at(*position):
    return InstanceGeometry(
        np.ones(1), np.array([position], float), 0.01 * np.eye(3)[None], np.full((1, 3), 0.5)
    )


def views(*looks, stamp_ns=0):
    return Views.of(E[list(looks)], stamp_ns)


@pytest.fixture
def objects():
    found = ObjectMap(max_prototypes=3)
    found.use(ModelId("test", "ab", DIM))
    return found


def make(objects, look, label="chair", track=0, place=NOWHERE, stamps=(0, 0)):
    return objects.create(views(look, stamp_ns=look), [label], stamps, place, track)


def come_back(objects, object_id, look, label="chair", track=0, place=NOWHERE, stamp_ns=100):
    objects.visit(
        object_id, stamp_ns, views(look, stamp_ns=look), [label], (stamp_ns, stamp_ns), place, track
    )


def looks_of(objects, object_id):
    return sorted(objects.prototypes_of(object_id).embeddings.argmax(axis=1).tolist())


def picture(objects):
    """All that can be seen of the map, by object."""
    seen = {}
    for o in objects.objects(retired=True):
        living = o.state != ObjectState.RETIRED
        seen[o.object_id] = (o.state, o.merged_into, [v.visit_id for v in objects.visits(o.object_id)])
        if living:
            place = None if o.position is None else np.round(o.position, 9).tolist()
            numbers = (o.label, o.label_share, o.views, o.visits, o.first_seen_ns, o.last_seen_ns, place)
            looks = looks_of(objects, o.object_id), o.prototypes, o.cannot_link
            seen[o.object_id] += (*numbers, *looks, objects.running_visit(o.object_id))
    return seen


def test_a_merged_object_is_the_sum_of_all_visits(objects):
    a = make(objects, 0, "chair", place=at(0, 0, 0), stamps=(5, 9))
    b = make(objects, 1, "table", place=at(0.3, 0, 0), stamps=(2, 7))
    come_back(objects, b, 2, "table", place=at(0.3, 0, 0), stamp_ns=50)
    assert objects.merge(a, [b]) == {b: (2, 3)}
    o = objects.get(a)
    assert (o.views, o.visits, o.first_seen_ns, o.last_seen_ns) == (3, 3, 2, 50)
    assert (o.label, o.label_share) == ("table", pytest.approx(2 / 3))
    assert o.position[0] == pytest.approx(0.2, abs=0.05)  # two of three measurements at 0.3
    assert looks_of(objects, a) == [0, 1, 2]
    assert [(v.object_id, v.kind) for v in objects.visits(a)] == [
        (a, DecisionKind.NEW),
        (a, DecisionKind.NEW),
        (a, DecisionKind.MATCH),
    ]


def test_an_absorbed_object_keeps_its_row_but_is_no_candidate_and_resolves(objects):
    a, b, c = (make(objects, k) for k in range(3))
    objects.merge(b, [a])
    assert (len(objects), [o.object_id for o in objects.objects()]) == (2, [b, c])
    assert [o.object_id for o in objects.objects(retired=True)] == [a, b, c]
    assert objects.candidates().object_ids.tolist() == [b, c]
    assert (objects.candidates().population, objects.resolve(a)) == (2, b)
    assert (objects.get(a).state, objects.get(a).merged_into) == (ObjectState.RETIRED, b)
    with pytest.raises(UnknownObjectError, match=f"got {a}"):
        objects.observe([a], E[:1], ["chair"], 1, NOWHERE)


def test_undoing_a_merge_gives_back_exactly_what_was_there(objects):
    a = make(objects, 0, place=at(0, 0, 0))
    b = make(objects, 4, place=at(3, 0, 0))
    for look in (1, 2):
        come_back(objects, a, look, place=at(0.1, 0, 0))
    for look in (5, 6):
        come_back(objects, b, look, "table", place=at(3.1, 0, 0))
    before = picture(objects)  # both banks are full
    moved = objects.merge(a, [b])
    assert (len(looks_of(objects, a)), objects.get(a).prototypes) == (3, 6)
    objects.unmerge(a, moved)
    assert picture(objects) == before


def test_what_was_seen_after_a_merge_stays_with_the_kept_object(objects):
    a, b = make(objects, 0), make(objects, 1)
    moved = objects.merge(a, [b])
    come_back(objects, a, 2, stamp_ns=70)
    objects.unmerge(a, moved)
    assert (looks_of(objects, a), looks_of(objects, b)) == ([0, 2], [1])
    assert (objects.get(a).visits, objects.get(b).visits) == (2, 1)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_merges_of_merges_can_be_undone_in_any_order(objects, order):
    a, b, c, d = (make(objects, k, label=f"class {k}", place=at(k, 0, 0)) for k in range(4))
    before = picture(objects)
    merges = [(kept, objects.merge(kept, [other])) for kept, other in ((a, b), (c, a), (d, c))]
    assert [objects.resolve(i) for i in (a, b, c, d)] == [d] * 4
    for k in order:
        objects.unmerge(*merges[k])
    assert picture(objects) == before


def test_after_one_undo_out_of_order_the_rest_stays_together(objects):
    a, b, c = (make(objects, k) for k in range(3))
    first, second = objects.merge(a, [b]), objects.merge(c, [a])
    objects.unmerge(a, first)
    assert [objects.resolve(i) for i in (a, b, c)] == [c, b, c]
    assert (looks_of(objects, b), looks_of(objects, c)) == ([1], [0, 2])
    objects.unmerge(c, second)
    assert [looks_of(objects, i) for i in (a, b, c)] == [[0], [1], [2]]


def test_what_was_undone_cannot_be_undone_again(objects):
    a, b = make(objects, 0), make(objects, 1)
    moved = objects.merge(a, [b])
    objects.unmerge(a, moved)
    before = picture(objects)
    with pytest.raises(InputError, match=f"object {b}: expected one that is merged into {a}"):
        objects.unmerge(a, moved)
    assert picture(objects) == before


def test_an_undo_that_would_leave_an_object_without_a_visit_changes_nothing(objects):
    a, b = make(objects, 0), make(objects, 1)
    moved = objects.merge(a, [b])
    objects.split(a, [1])  # what was a's own is a third object now
    before = picture(objects)
    with pytest.raises(InputError, match="visits left"):
        objects.unmerge(a, moved)
    assert picture(objects) == before


def test_objects_seen_together_merge_only_by_force_and_are_apart_again_after_undo(objects):
    a, b = make(objects, 0), make(objects, 1)
    objects.never_same(a, [b])
    with pytest.raises(CannotLinkError, match="never seen in one image"):
        objects.merge(a, [b])
    assert len(objects) == 2
    moved = objects.merge(a, [b], force=True)
    assert objects.cannot_link(a) == frozenset()
    objects.unmerge(a, moved)
    assert (objects.cannot_link(a), objects.cannot_link(b)) == ({b}, {a})


def test_two_that_would_be_absorbed_together_must_not_be_linked_either(objects):
    a, b, c = (make(objects, k) for k in range(3))
    objects.never_same(b, [c])
    with pytest.raises(CannotLinkError, match=f"{b} and {c}"):
        objects.merge(a, [b, c])


def test_cannot_links_go_over_to_the_kept_object_and_back(objects):
    a, b, c, d = (make(objects, k) for k in range(4))
    objects.never_same(b, [c])
    moved = objects.merge(a, [b])
    assert (objects.cannot_link(a), objects.cannot_link(c)) == ({c}, {a})
    with pytest.raises(CannotLinkError):
        objects.merge(c, [a])
    objects.merge(d, [c])
    assert (objects.cannot_link(a), objects.cannot_link(d)) == ({d}, {a})
    objects.unmerge(a, moved)
    assert (objects.cannot_link(a), objects.cannot_link(b)) == (frozenset(), {d})


def test_never_same_takes_old_ids_and_forgets_the_deleted(objects):
    a, b, c, d = (make(objects, k) for k in range(4))
    objects.merge(a, [b])
    objects.delete(d)
    objects.never_same(b, [a, c, d])
    assert (objects.cannot_link(a), objects.cannot_link(c)) == ({c}, {a})


def test_a_split_takes_visits_out_and_parts_the_two_for_good(objects):
    a = make(objects, 0, "chair", track=1, place=at(0, 0, 0))
    come_back(objects, a, 1, "table", track=2, place=at(4, 0, 0))
    b = objects.split(a, [2])
    assert [v.track_id for v in objects.visits(b)] == [2]
    assert (objects.get(a).label, objects.get(b).label) == ("chair", "table")
    assert (objects.get(a).position[0], objects.get(b).position[0]) == (0, 4)
    assert (looks_of(objects, a), looks_of(objects, b)) == ([0], [1])
    assert objects.cannot_link(b) == {a}
    assert objects.get(a).uuid != objects.get(b).uuid


@pytest.mark.parametrize("wrong", [[], [1, 2], [3], [9]])
def test_both_sides_of_a_split_need_a_visit_of_their_own(objects, wrong):
    a = make(objects, 0)
    come_back(objects, a, 1)
    make(objects, 2)
    before = picture(objects)
    with pytest.raises(InputError, match="visit"):
        objects.split(a, wrong)
    assert picture(objects) == before


def test_a_visit_that_looked_like_others_takes_copies_when_it_is_split_off(objects):
    a = make(objects, 0)
    come_back(objects, a, 0)  # no other view: the map keeps nothing of it
    b = objects.split(a, [2])
    assert (looks_of(objects, a), looks_of(objects, b)) == ([0], [0])
    objects.merge(a, [b], force=True)
    assert objects.get(a).prototypes == 1


def test_a_deleted_object_stands_for_nothing_and_its_row_stays(objects):
    a, b = make(objects, 0), make(objects, 1)
    objects.merge(a, [b])
    objects.delete(a)
    assert (len(objects), len(objects.objects(retired=True))) == (0, 2)
    for old in (a, b):
        with pytest.raises(UnknownObjectError):
            objects.resolve(old)
    assert make(objects, 2) == 3


def test_merging_needs_two_different_living_objects(objects):
    a = make(objects, 0)
    for wrong in ([], [a]):
        with pytest.raises(InputError, match="two different"):
            objects.merge(a, wrong)
    with pytest.raises(UnknownObjectError):
        objects.merge(a, [7])
    assert len(objects) == 1


def test_observing_goes_on_with_the_visit_seen_last(objects):
    a, b = make(objects, 0, stamps=(0, 90)), make(objects, 1, stamps=(0, 50))
    moved = objects.merge(b, [a])
    objects.observe([b], E[2:3], ["chair"], 95, NOWHERE)
    objects.unmerge(b, moved)
    assert (objects.get(a).last_seen_ns, objects.get(b).last_seen_ns) == (95, 50)
    assert (looks_of(objects, a), looks_of(objects, b)) == ([0, 2], [1])


def test_a_moved_object_forgets_where_it_was_also_after_a_merge(objects):
    a = make(objects, 0, place=at(0, 0, 0))
    come_back(objects, a, 1, place=at(5, 0, 0))
    objects.move(a, at(5, 0, 0))
    assert objects.get(a).position.tolist() == [5, 0, 0]
    b = make(objects, 2, place=at(5.2, 0, 0))
    objects.merge(a, [b])
    assert objects.get(a).position[0] == pytest.approx(5.1)
    with pytest.raises(InputError, match="new place"):
        objects.move(a, NOWHERE)


def test_states_and_names_are_kept(objects):
    a = make(objects, 0)
    objects.set_state(a, ObjectState.ABSENT)
    objects.rename(a, "the blue one")
    assert (objects.get(a).state, objects.get(a).name) == (ObjectState.ABSENT, "the blue one")
    with pytest.raises(InputError, match="RETIRED"):
        objects.set_state(a, ObjectState.RETIRED)


def test_a_copy_of_everything_restores_to_the_same_map(objects):
    for k in range(5):
        make(objects, k, label=f"class {k}", place=at(k, 0, 0))
    objects.never_same(1, [2])
    objects.merge(1, [3])
    moved = objects.merge(4, [1])
    objects.delete(5)
    other = ObjectMap(max_prototypes=3)
    other.restore(objects.snapshot())
    assert picture(other) == picture(objects)
    for each in (objects, other):
        each.unmerge(4, moved)
    assert picture(other) == picture(objects)
    assert make(other, 6) == make(objects, 6) == 6


def test_corrected_poses_move_visits_with_the_moment_they_were_seen(objects):
    a = make(objects, 0, place=at(0, 0, 0), stamps=(0, 0))
    b = make(objects, 1, place=at(1, 0, 0), stamps=(10, 10))
    c, d = make(objects, 2), make(objects, 3, place=at(1, 0, 0), stamps=(10, 10))
    turned = np.array([[0, -1, 0, 0], [1, 0, 0, 2], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    assert objects.correct_poses(np.array([0, 10]), np.stack([np.eye(4), turned]), {1, 2, 3}) == 1
    assert objects.get(a).position.tolist() == [0, 0, 0]
    np.testing.assert_allclose(objects.get(b).position, [0, 3, 0], atol=1e-12)
    assert objects.get(c).position is None
    assert objects.get(d).position.tolist() == [1, 0, 0]  # seen from elsewhere
