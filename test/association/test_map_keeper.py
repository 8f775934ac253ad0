"""The map with its history and its file."""

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.association.store.reading import read_events, read_map
from reobj.errors import InputError, MapFileError, MapModelError, UnknownObjectError
from reobj.types import Event, EventKind, ModelId

MODEL = ModelId("test", "ab", 8)
E = np.eye(8, dtype=np.float32)


def keeper(path=None):
    made = MapKeeper(ObjectMap(max_prototypes=4))
    if path is not None:
        made.open(path)
    return made


def grow(some, count, first=0):
    """Adds objects, each of two visits of its own tracks."""
    some.object_map.use(MODEL)
    for k in range(first, first + count):
        nowhere = InstanceGeometry.unknown(1)
        object_id = some.object_map.create(Views.of(E[[k]]), [f"class {k}"], (k, k), nowhere, track_id=10 + k)
        some.record([Event(EventKind.CREATED, k, (object_id,), 10 + k)])
        some.object_map.visit(object_id, 50, Views.of(E[[k]]), [f"class {k}"], (50, 50), nowhere, 20 + k)
        some.record([Event(EventKind.REIDENTIFIED, 50, (object_id,), 20 + k)])


def visits_of(some):
    return {
        o.object_id: [v.visit_id for v in some.object_map.visits(o.object_id)]
        for o in some.object_map.objects()
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "room.map"


def test_events_are_numbered_and_remembered_up_to_a_limit():
    some = MapKeeper(ObjectMap(), history_length=2)
    first = some.record([Event(EventKind.CREATED, 0, (1,)), Event(EventKind.CREATED, 0, (2,))])
    (third,) = some.record([Event(EventKind.ABSENT, 0, (1,))])
    assert ([e.event_id for e in first], third.event_id, some.next_event_id) == ([1, 2], 3, 4)
    assert [e.event_id for e in some.events] == [2, 3]
    assert some.event(3) == third
    with pytest.raises(InputError, match="event_id"):
        some.event(1)


def test_all_that_is_recorded_is_in_the_file(path):
    some = keeper(path)
    grow(some, 3)
    some.rename(2, "the blue one", stamp_ns=60)
    some.delete(3, stamp_ns=61)
    before, events = some.object_map.snapshot(), tuple(some.events)
    some.close()
    assert read_events(path) == events
    assert [e.kind for e in events[-2:]] == [EventKind.RENAMED, EventKind.DELETED]
    found = read_map(path)
    assert found.objects.names == ("", "the blue one", "")
    assert found.objects.object_ids[found.living()].tolist() == [1, 2]
    for name in ("prototypes", "visits"):
        for column in ("visit_ids", "object_ids"):
            got, expected = (getattr(getattr(each, name), column) for each in (found, before))
            assert got.tolist() == expected.tolist()
    assert (found.next_object_id, found.next_visit_id, found.next_event_id) == (4, 7, 9)


def test_a_map_goes_on_where_it_was_after_a_restart(path):
    some = keeper(path)
    grow(some, 2)
    expected = visits_of(some)
    some.close()
    again = keeper()
    assert again.open(path, MODEL) == 2
    assert visits_of(again) == expected
    grow(again, 1, first=2)
    assert visits_of(again) == {**expected, 3: [5, 6]}
    assert again.events[-1].event_id == 6
    again.close()


def test_a_merge_can_be_undone_after_a_restart(path):
    some = keeper(path)
    grow(some, 3)
    before = visits_of(some)
    event = some.merge([2, 1, 3], stamp_ns=70, probability=0.9)
    assert (event.kind, event.object_ids, event.probability) == (EventKind.MERGED, (2, 1, 3), 0.9)
    assert event.details == {"visits": {"1": [1, 2], "3": [5, 6]}}
    some.close()
    again = keeper(path)
    assert (len(again.object_map), again.object_map.resolve(1)) == (1, 2)
    undone = again.undo(event.event_id, stamp_ns=80)
    assert (undone.kind, undone.object_ids) == (EventKind.UNDONE, (2, 1, 3))
    assert undone.details == {"undone": event.event_id}
    assert visits_of(again) == before
    again.close()
    last = keeper(path)
    assert visits_of(last) == before
    assert last.object_map.get(3).prototypes == 1
    with pytest.raises(InputError, match="merged into 2"):
        last.undo(event.event_id, stamp_ns=90)
    last.close()


def test_an_old_event_is_found_in_the_file_when_memory_forgot_it(path):
    some = MapKeeper(ObjectMap(), history_length=3)
    some.open(path)
    grow(some, 2)
    event = some.merge([1, 2], stamp_ns=60)
    some.record([Event(EventKind.ABSENT, 0, (1,))] * 5)
    some.undo(event.event_id, stamp_ns=70)
    assert len(some.object_map) == 2
    some.close()


def test_a_split_by_track_and_its_undo():
    some = keeper()
    grow(some, 1)
    event = some.split(1, 20, stamp_ns=60)
    assert (event.kind, event.object_ids, event.details) == (EventKind.SPLIT, (1, 2), {"visits": [2]})
    assert visits_of(some) == {1: [1], 2: [2]}
    undone = some.undo(event.event_id, stamp_ns=70)
    assert (undone.object_ids, visits_of(some)) == ((1,), {1: [1, 2]})
    assert some.object_map.resolve(2) == 1
    with pytest.raises(UnknownObjectError):
        some.undo(event.event_id, stamp_ns=80)


@pytest.mark.parametrize("track", [0, 99])
def test_a_split_by_a_track_that_was_not_the_object_is_refused(track):
    some = keeper()
    grow(some, 1)
    with pytest.raises(InputError, match="track_id"):
        some.split(1, track, stamp_ns=60)


def test_only_merges_and_splits_can_be_undone():
    some = keeper()
    grow(some, 1)
    with pytest.raises(InputError, match="expected MERGED or SPLIT of this map, got CREATED"):
        some.undo(1, stamp_ns=60)


def test_old_ids_will_do():
    some = keeper()
    grow(some, 3)
    some.merge([1, 2], stamp_ns=60)
    assert some.merge([2, 3], stamp_ns=61).object_ids == (1, 3)
    assert some.rename(3, "all", stamp_ns=62).object_ids == (1,)
    assert some.object_map.get(1).name == "all"


def test_after_a_reset_the_file_goes_on_with_new_ids(path):
    some = keeper(path)
    grow(some, 2)
    assert some.reset() == 2
    grow(some, 1)
    some.close()
    found = read_map(path)
    assert found.objects.object_ids.tolist() == [3]
    assert found.visits.visit_ids.tolist() == [5, 6]
    assert [e.event_id for e in read_events(path)] == list(range(1, 7))


def test_a_map_that_has_objects_goes_into_a_new_file_only(path):
    some = keeper()
    grow(some, 2)
    assert some.open(path) == 2
    grow(some, 1, first=2)
    some.close()
    assert read_map(path).objects.object_ids.tolist() == [1, 2, 3]
    assert len(read_events(path)) == 6
    other = keeper()
    grow(other, 1)
    with pytest.raises(InputError, match="a new one"):
        other.open(path)
    assert (other.path, visits_of(other)) == (None, {1: [1, 2]})


def test_a_second_file_is_refused_while_one_is_in_use(path, tmp_path):
    some = keeper(path)
    with pytest.raises(InputError, match="none in use"):
        some.open(tmp_path / "b.map")
    assert some.path == path
    some.close()


def test_a_file_of_another_model_is_refused_and_free_again(path):
    some = keeper(path)
    grow(some, 1)
    some.close()
    other = keeper()
    with pytest.raises(MapModelError):
        other.open(path, ModelId("other", "cd", 8))
    assert other.open(path, MODEL) == 1
    other.close()


@pytest.mark.parametrize("in_use", [False, True])
def test_a_copy_holds_all(path, tmp_path, in_use):
    some = keeper(path if in_use else None)
    grow(some, 2)
    some.merge([1, 2], stamp_ns=60)
    copy = some.save_as(tmp_path / "copy.map")
    grow(some, 1, first=2)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("copy")] == ["copy.map"]
    found = read_map(copy)
    assert (found.objects.object_ids.tolist(), len(found.visits), found.redirects) == ([1, 2], 4, {2: 1})
    assert len(read_events(copy)) == 5
    with pytest.raises(InputError, match="no file there"):
        some.save_as(copy)
    some.save_as(copy, overwrite=True)
    some.close()
    assert len(read_map(copy).objects) == 3


@pytest.mark.parametrize("in_use", [False, True])
def test_a_loaded_map_replaces_all_and_can_still_be_undone(path, tmp_path, in_use):
    source = keeper(tmp_path / "other.map")
    grow(source, 3)
    merged = source.merge([1, 3], stamp_ns=60)
    source.close()
    some = keeper(path if in_use else None)
    grow(some, 1)
    assert some.load(tmp_path / "other.map") == 2
    assert visits_of(some) == {1: [1, 2, 5, 6], 2: [3, 4]}
    assert [e.event_id for e in some.events] == list(range(1, 11))
    if in_use:
        some.close()
        some = keeper(path)
    some.undo(merged.event_id + 3, stamp_ns=70)
    assert visits_of(some) == {1: [1, 2], 2: [3, 4], 3: [5, 6]}
    some.close()


def test_a_file_that_cannot_be_loaded_leaves_the_map_alone(path, tmp_path):
    some = keeper(path)
    grow(some, 2)
    before = visits_of(some)
    (tmp_path / "bad.map").write_text("nothing of use " * 100)
    for bad in ("bad.map", "none.map"):
        with pytest.raises(MapFileError):
            some.load(tmp_path / bad)
    other = keeper(tmp_path / "other.map")
    other.object_map.use(ModelId("other", "cd", 8))
    other.record()
    other.close()
    with pytest.raises(MapModelError):
        some.load(tmp_path / "other.map")
    assert visits_of(some) == before
    some.close()
