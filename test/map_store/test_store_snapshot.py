import numpy as np
import pytest
from map_changes import MODEL, E, links, objects, prototypes, visits

from reobj.association.map.map_object import ObjectState
from reobj.association.store.snapshot import MapSnapshot
from reobj.errors import MapFileError, MapModelError
from reobj.types import ModelId


def snapshot(rows, views, redirects=None, model=MODEL, pairs=()):
    seen = visits(*rows.object_ids.tolist())
    return MapSnapshot("u", model, 9, 1, 9, rows, seen, views, links(*pairs), redirects or {})


@pytest.fixture
def two():
    rows = objects(3, 5, prototype_counts=np.array([1, 2]))
    return snapshot(rows, prototypes((3, 0), (5, 0), (5, 1), embeddings=E[:3]))


def test_banks_are_filled_up_with_the_first_prototype(two):
    banks, counts = two.banks(np.array([1, 0]), 3)
    assert counts.tolist() == [2, 1]
    assert banks.argmax(axis=2).tolist() == [[1, 2, 1], [0, 0, 0]]


def test_prototypes_beyond_the_size_of_a_bank_are_left_out(two):
    banks, counts = two.banks(np.array([1]), 1)
    assert (banks.shape, counts.tolist()) == ((1, 1, 4), [1])


def test_an_object_without_prototypes_has_no_bank():
    bare = snapshot(objects(3, prototype_counts=np.zeros(1, np.int64)), prototypes())
    with pytest.raises(MapFileError, match="prototypes of object 3: expected at least 1, got 0"):
        bare.banks(np.array([0]), 2)


def test_a_prototype_of_nobody_is_damage():
    with pytest.raises(MapFileError, match="object of a prototype: expected one of the map, got 4"):
        snapshot(objects(3), prototypes((3, 0), (4, 0)))


def test_a_visit_of_nobody_is_damage():
    with pytest.raises(MapFileError, match="object of a visit: expected one of the map, got 4"):
        MapSnapshot("u", MODEL, 9, 1, 9, objects(3), visits(4), prototypes((3, 0)), links(), {})


def test_pairs_that_are_never_one_are_known_by_the_living():
    states = np.array([ObjectState.PRESENT, ObjectState.RETIRED, ObjectState.PRESENT, ObjectState.RETIRED])
    rows, pairs = objects(3, 4, 5, 6, states=states), ((4, 5), (3, 5), (3, 4), (5, 6))
    merged = snapshot(rows, prototypes((3, 0), (5, 0)), {4: 3}, pairs=pairs)  # 6 was deleted
    assert merged.living_links().tolist() == [[3, 5]]


def test_old_ids_resolve_through_all_merges():
    merged = snapshot(objects(3), prototypes((3, 0)), {1: 2, 2: 3})
    assert [merged.resolve(i) for i in (1, 2, 3, 8)] == [3, 3, 3, 8]


def test_ids_that_resolve_in_a_circle_are_damage():
    with pytest.raises(MapFileError, match="a circle through 1"):
        snapshot(objects(3), prototypes((3, 0)), {1: 2, 2: 1})


def test_only_embeddings_of_the_same_model_may_meet(two):
    two.check_model(MODEL)
    with pytest.raises(MapModelError):
        two.check_model(ModelId("test", "ff", 4))
    snapshot(objects(), prototypes(), model=None).check_model(MODEL)
