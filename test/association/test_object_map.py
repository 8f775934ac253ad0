import uuid

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.map_object import ObjectState
from reobj.association.object_map import ObjectMap
from reobj.association.views import Views
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
