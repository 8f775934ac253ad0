import dataclasses

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.map import map_queries
from reobj.association.map.candidate_search import CandidateSearch
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.map_object import ObjectState
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.types import ModelId

E = np.eye(4, dtype=np.float32)


def at(x):
    return InstanceGeometry(
        np.ones(1), np.array([[x, 0.0, 0.0]]), 0.01 * np.eye(3)[None], np.full((1, 3), 0.5)
    )


@pytest.fixture
def objects():
    found = ObjectMap(max_prototypes=3)
    found.use(ModelId("test", "ab", 4))
    return found


def filled(objects):
    """Six objects that differ in all there is to tell: two were merged, one deleted, one is nowhere."""
    for k in range(6):
        geometry = InstanceGeometry.unknown(1) if k == 2 else at(float(k))
        objects.create(
            Views.of(E[: 1 + k % 3]), ["chair", "cup"][: 1 + k % 2], (10 * k, 10 * k + 5), geometry
        )
    objects.observe([1], E[3:], ["cup"], 99, at(0.0))
    objects.never_same(1, [2, 4, 5])
    objects.rename(4, "Bob")
    objects.merge(4, [6])
    objects.set_state(4, ObjectState.ABSENT)
    objects.delete(5)
    return objects


def values(described):
    return {
        f.name: np.asarray(getattr(described, f.name)).tolist()
        if isinstance(getattr(described, f.name), np.ndarray)
        else getattr(described, f.name)
        for f in dataclasses.fields(described)
    }


def test_many_objects_are_described_as_each_of_them_alone_in_the_order_asked_for(objects):
    state = filled(objects)._state
    rows = np.array([3, 0, 5, 2, 4, 1])
    together = map_queries.describe_all(state, rows)
    assert [values(o) for o in together] == [values(map_queries.describe(state, int(row))) for row in rows]
    assert [o.object_id for o in together] == [4, 1, 6, 3, 5, 2]
    assert [o.name for o in together] == ["Bob", "", "", "", "", ""]
    assert [o.label for o in together] == ["chair", "chair", "chair", "chair", "chair", "chair"]
    assert [o.label_share for o in together] == [0.5, 0.5, 0.5, 1.0, 1.0, 0.5]
    assert [o.merged_into for o in together] == [0, 0, 4, 0, 0, 0]
    assert [o.state for o in together] == [
        ObjectState.ABSENT,
        ObjectState.PRESENT,
        ObjectState.RETIRED,
        ObjectState.PRESENT,
        ObjectState.RETIRED,
        ObjectState.PRESENT,
    ]
    assert together[1].cannot_link == {2, 4}
    assert [o.position is None for o in together] == [False, False, False, True, False, False]


def test_of_no_objects_and_of_an_empty_map_there_is_nothing_to_describe(objects):
    assert map_queries.describe_all(objects._state, np.zeros(0, np.intp)) == ()
    assert map_queries.describe_all(filled(objects)._state, np.zeros(0, np.intp)) == ()


def test_a_description_stays_as_it_is_and_is_not_to_be_written(objects):
    (described,) = map_queries.describe_all(filled(objects)._state, np.array([0]))
    before = described.position.tolist()
    objects.move(1, at(7.0))
    assert described.position.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        described.position[0] = 1.0


def test_without_a_file_a_question_looks_at_no_more_rows_than_changed_in_its_frame(objects, monkeypatch):
    looked_at = []
    place = CandidateSearch.place
    monkeypatch.setattr(
        CandidateSearch, "place", lambda self, rows, at: (looked_at.append(len(rows)), place(self, rows, at))
    )
    keeper = MapKeeper(objects)
    for k in range(60):
        objects.create(Views.of(E[:1]), ["chair"], (k, k), at(float(k)))
        found = objects.candidates(np.array([[float(k), 0.0, 0.0]]), 0.1)
        assert found.object_ids.tolist() == [k + 1]
        keeper.record()
    assert max(looked_at) == 1
