import math

import numpy as np
import pytest

from reobj.association.evidence import PositionEvidence
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.association.reconsider import ReconsiderConfig, same_objects, strayed_visits
from reobj.errors import ConfigError
from reobj.types import ModelId

E = np.eye(16, dtype=np.float32)
NOWHERE = InstanceGeometry.unknown(1)
FULL_NOVELTY, MOST_VIEWS = 0.5, 3.0


def at(x, extent=0.4, variance=0.0004):
    place = np.array([[x, 0.0, 0.0]])
    return InstanceGeometry(np.ones(1), place, variance * np.eye(3)[None], np.full((1, 3), extent))


@pytest.fixture
def objects():
    found = ObjectMap(max_prototypes=16)
    found.use(ModelId("test", "ab", 16))
    return found


def add(objects, geometry=NOWHERE, views=1):
    return objects.create(Views.of(E[:views]), ["chair"], (0, 0), geometry)


class Oracle:
    """Says the given log-likelihood ratios, by object that is asked for (row) and candidate id."""

    def __init__(self, said, otherwise=-20.0):
        self.said, self.otherwise, self.asked = said, otherwise, []

    def __call__(self, queries, candidates):
        self.asked.append((queries, candidates))
        ids = candidates.object_ids.tolist()
        rows = [[self.said.get((t, i), self.otherwise) for i in ids] for t in range(len(queries))]
        return np.array(rows, float).reshape(len(queries), len(ids))


def same(objects, object_ids, oracle, in_view=None, least=0.95, radius_m=3.0):
    return same_objects(
        objects,
        object_ids,
        in_view or object_ids,
        {"oracle": oracle},
        least,
        radius_m,
        FULL_NOVELTY,
        MOST_VIEWS,
    )


@pytest.mark.parametrize(("ratio", "merges"), [(5.0, True), (3.0, False)])
def test_an_object_is_one_with_another_when_it_is_probable_enough(objects, ratio, merges):
    add(objects), add(objects)
    found = same(objects, [2], Oracle({(0, 1): ratio}))
    # both halves of the prior: that it is there twice, shared by two objects, and that it is not
    odds = 0.5 / 2 * math.exp(ratio) / 0.5
    assert len(found) == merges == (odds / (1 + odds) >= 0.95)
    for one in found:
        assert (one.kept, one.absorbed, one.terms) == (1, 2, {"oracle": ratio})
        assert one.probability == pytest.approx(odds / (1 + odds))


def test_the_older_one_stays_whichever_is_in_view(objects):
    add(objects), add(objects)
    (found,) = same(objects, [1], Oracle({(0, 2): 9.0}))
    assert (found.kept, found.absorbed) == (1, 2)


def test_objects_that_are_in_view_together_are_two(objects):
    add(objects), add(objects)
    assert same(objects, [2], Oracle({(0, 1): 9.0}), in_view=[1, 2]) == []


def test_objects_that_were_ever_seen_together_are_two(objects):
    for _ in range(3):
        add(objects)
    objects.never_same(3, [1])
    oracle = Oracle({(0, 1): 20.0, (0, 2): 9.0})
    assert [(s.kept, s.absorbed) for s in same(objects, [3], oracle)] == [(2, 3)]
    objects.never_same(3, [2])
    assert same(objects, [3], oracle) == []


def test_one_that_may_be_either_of_two_is_neither(objects):
    for _ in range(3):
        add(objects)
    assert same(objects, [3], Oracle({(0, 1): 12.0, (0, 2): 12.0})) == []


def test_each_object_is_named_once_the_surest_pair_first(objects):
    """Objects 4 and 5 may each be 2 or 3, at about one half: four pairs, of which two can be."""
    for _ in range(5):
        add(objects)
    said = Oracle({(0, 2): 9.0, (0, 3): 8.0, (1, 2): 8.0, (1, 3): 7.0})
    found = same(objects, [4, 5], said, least=0.2)
    pairs = [(s.kept, s.absorbed) for s in found]
    assert len(pairs) == 2
    assert {i for pair in pairs for i in pair} == {2, 3, 4, 5}
    assert found[0].probability >= found[1].probability >= 0.2


def test_with_nobody_else_there_is_nothing_to_ask(objects):
    add(objects)
    oracle = Oracle({})
    assert same(objects, [1], oracle) == []
    assert oracle.asked == []


def test_only_objects_near_those_in_view_are_compared(objects):
    for x in (0.0, 2.0, 9.0):
        add(objects, at(x))
    add(objects)  # without a place
    oracle = Oracle({})
    same(objects, [1], oracle)
    assert oracle.asked[0][1].object_ids.tolist() == [2, 4]
    same(objects, [1, 4], oracle)  # where one has no place, all are
    assert oracle.asked[1][1].object_ids.tolist() == [2, 3]


def test_an_object_is_compared_as_a_track_would_be_by_views_spread_over_its_own(objects):
    add(objects, at(1.0), views=15)
    add(objects, at(1.5), views=2)
    add(objects, at(2.0))
    oracle = Oracle({})
    same(objects, [1, 2], oracle)
    queries, _ = oracle.asked[0]
    assert queries.views.shape == (2, 8, 16)
    np.testing.assert_array_equal(queries.views[0], E[[0, 2, 4, 6, 8, 10, 12, 14]])
    np.testing.assert_array_equal(queries.views[1, :2], E[:2])
    np.testing.assert_allclose(queries.weights, [[1 / 8] * 8, [1 / 2] * 2 + [0] * 6])
    assert queries.effective_views.tolist() == [3.0, 2.0]  # at right angles each counts, up to three
    np.testing.assert_array_equal(queries.places.positions[:, 0], [1.0, 1.5])
    assert queries.labels.tolist() == [[1.0], [1.0]]


POSITION = PositionEvidence(pose_std_m=0.05, view_shift=0.2)


def visits(objects, *seen):
    """One object of visits given as (x, frames) or (x, frames, how it was measured)."""
    for k, (x, frames, *how) in enumerate(seen):
        place = NOWHERE if x is None else at(x, **(how[0] if how else {}))
        votes = ["chair"] * frames
        if k:
            objects.visit(1, k, Views.of(E[:1]), votes, (k, k), place)
        else:
            objects.create(Views.of(E[:1]), votes, (0, 0), place)
    return strayed_visits(objects, 1, POSITION)


def test_a_visit_at_another_place_was_another_object(objects):
    assert visits(objects, (0.0, 10), (0.1, 9), (2.0, 9), (-2.0, 9)) == [3, 4]


def test_it_is_compared_with_the_visit_that_saw_the_object_longest(objects):
    assert visits(objects, (0.0, 9), (2.0, 10)) == [1]


@pytest.mark.parametrize(("x", "strays"), [(1.04, False), (1.06, True), (-1.06, True)])
def test_another_place_begins_where_the_boxes_are_apart(objects, x, strays):
    """Cubes of 1 m: the standard deviation of 0.21 m alone would tell them apart from 0.96 m on."""
    cube = {"extent": 1.0}
    assert visits(objects, (0.0, 10, cube), (x, 9, cube)) == ([2] if strays else [])


@pytest.mark.parametrize(("std", "strays"), [(0.20, False), (0.10, True)])
def test_a_place_that_is_uncertain_is_no_other_place(objects, std, strays):
    """1 m apart: (1 / s)^2 > 21.108 with s^2 = 2 std^2 + 0.05^2 + (0.2 * 0.4)^2, so std < 0.13 m."""
    unsure = {"variance": std**2}
    assert visits(objects, (0.0, 10, unsure), (1.0, 9, unsure)) == ([2] if strays else [])


@pytest.mark.parametrize(("frames", "strays"), [(4, False), (5, True)])
def test_a_short_visit_elsewhere_may_have_been_a_bad_mask(objects, frames, strays):
    assert visits(objects, (0.0, 10), (2.0, frames)) == ([2] if strays else [])


def test_visits_without_a_place_say_nothing(objects):
    assert visits(objects, (None, 10), (0.0, 9), (None, 9), (2.0, 8)) == [4]


def test_one_visit_is_one_object(objects):
    assert visits(objects, (0.0, 10)) == []


def test_where_an_object_was_before_it_was_moved_says_nothing(objects):
    visits(objects, (0.0, 10), (2.0, 9))
    objects.move(1, at(2.0))
    assert strayed_visits(objects, 1, POSITION) == []
    objects.visit(1, 3, Views.of(E[:1]), ["chair"] * 8, (3, 3), at(0.0))
    assert strayed_visits(objects, 1, POSITION) == [3]


@pytest.mark.parametrize("wrong", [{"same": 0.5}, {"same": 1.1}, {"every_s": 0.0}, {"every_s": math.inf}])
def test_a_value_out_of_range_names_its_key(wrong):
    with pytest.raises(ConfigError, match=f"reconsider.{next(iter(wrong))}"):
        ReconsiderConfig(**wrong)
