import sqlite3

import numpy as np
import pytest
from map_changes import MODEL, assert_same, changes, event, links, objects, prototypes, visits

from reobj.association.map.map_object import ObjectState
from reobj.association.store.changes import MapChanges
from reobj.association.store.map_store import MapStore
from reobj.association.store.reading import read_events, read_map
from reobj.errors import InputError, MapFileError, MapModelError
from reobj.types import Event, EventKind, ModelId


@pytest.fixture
def path(tmp_path):
    return tmp_path / "room.map"


def written(path, *all_changes):
    with MapStore(path) as store:
        for some in all_changes:
            store.put(some)
    return read_map(path)


def test_a_new_map_is_empty(path):
    found = written(path)
    assert (found.model, found.next_object_id, found.next_event_id) == (None, 1, 1)
    assert len(found.objects) == len(found.prototypes) == len(found.cannot_links) == len(found.redirects) == 0
    assert path.stat().st_size > 0


def test_all_that_was_put_is_there_again_to_the_bit(path):
    rng = np.random.default_rng(0)
    looks = rng.standard_normal((3, 4)).astype(np.float32)
    rows = objects(1, 2, prototype_counts=np.array([2, 1]))
    views = prototypes((1, 0), (1, 1), (2, 0), embeddings=looks)
    poses = rng.standard_normal((2, 4, 4))
    seen = visits(1, 2, track_ids=np.array([7, 8]), moved=np.array([0, 1]), last_poses=poses)
    put = changes(
        1, 2, objects=rows, visits=seen, prototypes=views, cannot_links=links((2, 1)), redirects={7: 2}
    )
    found = written(path, put)
    assert_same(found.objects, rows)
    assert_same(found.visits, seen)
    assert_same(found.prototypes, views)
    assert found.cannot_links.tolist() == [[1, 2]]
    assert (found.redirects, found.model, found.next_object_id) == ({7: 2}, MODEL, 3)


def test_the_map_keeps_its_uuid(path):
    assert written(path).uuid == written(path, changes(1)).uuid


def test_later_changes_replace_earlier_ones_of_the_same_object_only(path):
    written(path, changes(1, 2))
    found = written(path, changes(2, objects=objects(2, names=("the blue one",))))
    assert found.objects.names == ("name 1", "the blue one")


def test_prototypes_beyond_the_count_are_gone(path):
    three = objects(1, prototype_counts=np.array([3]))
    written(path, changes(1, objects=three, prototypes=prototypes((1, 0), (1, 1), (1, 2))))
    found = written(path, changes(1, prototypes=prototypes((1, 0), stamp_ns=9)))
    assert found.prototypes.stamps_ns.tolist() == [9]
    assert found.objects.prototype_counts.tolist() == [1]


def test_ids_never_go_back(path):
    written(path, changes(8))
    assert written(path, MapChanges(next_object_id=2)).next_object_id == 9


def test_events_come_back_in_order_with_their_details(path):
    events = (event(1, 1, terms={"appearance": 2.5}), event(2, 1, 2, kind=EventKind.MERGED))
    written(path, changes(1, events=events))
    assert read_events(path) == events


def test_poses_of_events_come_back(path):
    then, now = np.random.default_rng(0).standard_normal((2, 4, 4))
    seen_again = Event(EventKind.REIDENTIFIED, 5, (1,), event_id=1, pose_then=then, pose_now=now)
    written(path, changes(1, events=(seen_again, event(2, 1))))
    first, second = read_events(path)
    np.testing.assert_array_equal([first.pose_then, first.pose_now], [then, now])
    assert (second.pose_then, second.pose_now) == (None, None)


def test_events_can_neither_be_changed_nor_deleted(path):
    written(path, changes(1, events=(event(1, 1),)))
    connection = sqlite3.connect(path)
    for statement in ("DELETE FROM events", "UPDATE events SET probability = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_an_event_id_that_was_used_is_refused_and_nothing_is_written(path):
    with MapStore(path) as store:
        store.put(changes(1, events=(event(1, 1),)))
        with pytest.raises(InputError, match="ids of the events"):
            store.put(changes(2, events=(event(1, 2),)))
        assert store.load().objects.object_ids.tolist() == [1]


def test_after_a_reset_the_history_and_the_ids_are_left(path):
    written(path, changes(1, 2, events=(event(1, 1),), cannot_links=links((1, 2))))
    found = written(path, MapChanges(cleared=True))
    assert [len(x) for x in (found.objects, found.visits, found.prototypes, found.cannot_links)] == [0] * 4
    assert (found.model, found.next_object_id, found.next_event_id, found.next_visit_id) == (None, 3, 2, 3)
    assert len(read_events(path)) == 1


def test_an_undone_redirect_is_gone(path):
    written(path, changes(1, 2, redirects={1: 2}))
    assert written(path, MapChanges(redirects={1: 0})).redirects == {}


def test_retired_objects_stay_in_the_file_but_do_not_live(path):
    states = np.array([ObjectState.PRESENT, ObjectState.RETIRED])
    found = written(path, changes(1, 2, objects=objects(1, 2, states=states)))
    assert found.objects.object_ids[found.living()].tolist() == [1]


def test_a_store_shows_at_once_what_was_put(path):
    with MapStore(path) as store:
        store.put(changes(1, events=(event(1, 1),)))
        assert store.load().objects.object_ids.tolist() == [1]
        assert [e.event_id for e in store.events()] == [1]


def test_changes_of_another_model_are_refused(path):
    other = ModelId("test", "cd" * 16, 4)
    with MapStore(path) as store:
        store.put(changes(1))
        with pytest.raises(MapModelError, match="model of the changes"):
            store.put(changes(2, model=other))
        store.put(changes(2, model=other, cleared=True))
        assert store.load().model == other


def test_a_map_of_another_model_is_refused_and_left_free(path):
    written(path, changes(1))
    with pytest.raises(MapModelError, match=r"model of the map: expected other@cd, got test@abababababab"):
        MapStore(path, ModelId("other", "cd", 4))
    assert len(written(path).objects) == 1


def test_a_copy_holds_the_same_and_the_store_goes_on(path, tmp_path):
    copy = tmp_path / "deeper" / "copy.map"
    with MapStore(path) as store:
        store.put(changes(1, 2))
        store.save_as(copy)
        store.put(changes(3))
    assert_same(read_map(copy).objects, objects(1, 2))
    assert len(read_map(path).objects) == 3
    assert {p.name for p in copy.parent.iterdir()} == {"copy.map"}
    assert len(written(copy, changes(4)).objects) == 3


def test_a_copy_replaces_a_file_only_when_asked_to(path, tmp_path):
    copy = tmp_path / "copy.map"
    copy.write_text("precious")
    with MapStore(path) as store:
        with pytest.raises(InputError, match="expected no file there"):
            store.save_as(copy)
        assert copy.read_text() == "precious"
        store.save_as(copy, overwrite=True)
        with pytest.raises(InputError, match="path of the copy"):
            store.save_as(path, overwrite=True)
    assert read_map(copy).next_object_id == 1


def test_a_closed_store_takes_nothing(path):
    store = MapStore(path)
    store.close()
    store.close()
    with pytest.raises(MapFileError, match="is closed"):
        store.put(changes(1))
    with pytest.raises(MapFileError, match="is closed"):
        store.load()


def test_a_map_at_rest_is_one_file(path):
    written(path, changes(1))
    assert [p.name for p in path.parent.iterdir()] == ["room.map"]
