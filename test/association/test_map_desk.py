"""Requests to the map's desk: each is answered with a code and a sentence, and does what it says."""

import dataclasses
import os
import sqlite3

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.desk.answers import Code
from reobj.association.desk.find_objects import Example, Query
from reobj.association.desk.map_desk import MapDesk
from reobj.association.store.reading import read_map
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import StorageError
from reobj.types import DecisionKind, Embeddings, EventKind, FrameResult, ModelId, TrackState

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
AWAY = (30.0, 0.0, 0.0)


class Room:
    """Three chairs, each with its own look, that were seen, left and seen again."""

    def __init__(self, make_world, make_walk, looks, encoder=None):
        self.associator = MapAssociator()
        self.walk = make_walk(make_world(ROW, looks, labels=["chair", "chair", "cup"]), self.associator)
        self.desk = MapDesk(self.associator, encoder)
        self.frames()

    def frames(self, count=8, camera=(0.0, 0.0, 0.0), **options):
        for _ in range(count):
            frame, instances, embeddings, _ = self.walk.world.look(self.walk.stamp_ns, camera, **options)
            found = self.walk.step(camera, frames=1, **options)
            self.last = FrameResult(frame.stamp_ns, "camera", instances, embeddings, found.objects)
            self.desk.see(self.last, frame.colour)

    def leave_and_come_back(self):
        self.frames(60, AWAY)
        self.frames()

    @property
    def ids(self):
        return [item.object_id for item in self.associator.objects()]


class ByColour:
    """An encoder whose embedding is the axis that the red channel at the centre of the box names."""

    def __init__(self, model):
        self.model = model
        self.boxes = []

    def encode(self, frame, instances):
        self.boxes += instances.boxes.tolist()
        (x0, y0, x1, y1), *_ = instances.boxes.astype(int)
        axis = frame.colour[(y0 + y1) // 2, (x0 + x1) // 2, 0]
        return Embeddings(np.eye(self.model.dim, dtype=np.float32)[[axis]], self.model)


@pytest.fixture
def room(make_world, make_walk, distinct, model):
    return Room(make_world, make_walk, distinct(3), ByColour(model))


def test_a_name_is_given_and_taken_away(room):
    answer = room.desk.rename(2, "the red one")
    assert (answer.code, answer.value.kind, answer.value.name) == (Code.OK, EventKind.RENAMED, "the red one")
    assert room.associator.object_map.get(2).name == "the red one"
    room.desk.rename(2, "")
    assert room.associator.object_map.get(2).name == ""


def test_objects_of_one_image_are_merged_only_by_force_and_the_merge_is_undone(room):
    assert room.desk.merge([1, 2]).code == Code.CANNOT_LINK
    merged = room.desk.merge([1, 2], force=True)
    assert (merged.value.kind, merged.value.object_ids) == (EventKind.MERGED, (1, 2))
    assert room.ids == [1, 3]
    assert room.desk.rename(2, "both").value.object_ids == (1,)  # the old id stands for it
    undone = room.desk.split(1, event_id=merged.value.event_id)
    assert (undone.value.kind, set(undone.value.object_ids)) == (EventKind.UNDONE, {1, 2})
    assert room.ids == [1, 2, 3]


def test_an_event_of_another_object_is_not_undone(room):
    merged = room.desk.merge([1, 2], force=True).value
    assert room.desk.split(3, event_id=merged.event_id).code == Code.INVALID_ARGUMENT
    assert room.ids == [1, 3]


def test_a_track_is_split_off(room):
    room.leave_and_come_back()
    first, second = room.associator.object_map.visits(1)
    answer = room.desk.split(1, track_id=second.track_id)
    assert (answer.value.kind, answer.value.object_ids) == (EventKind.SPLIT, (1, 4))
    assert [v.track_id for v in room.associator.object_map.visits(4)] == [second.track_id]
    assert room.desk.split(1, track_id=first.track_id).code == Code.INVALID_ARGUMENT  # its only one now


def test_a_track_that_went_on_with_a_visit_is_split_off_with_that(room):
    """It took the object over from another track within a second; since then another camera sees it too."""
    room.leave_and_come_back()
    visit = room.associator.object_map.visits(1)[-1]
    room.associator.tune(AssociatorConfig(tracker=TrackerConfig(max_age=1)))
    room.frames(3, hidden={0, 1, 2})
    room.frames(4)
    track = next(o.track_id for o in room.last.objects if o.object_id == 1)
    assert track not in [v.track_id for v in room.associator.object_map.visits(1)]
    left = room.associator.camera("left")
    for k in range(3):
        frame, instances, embeddings, _ = room.walk.world.look(room.walk.stamp_ns + k * 100_000_000)
        left.update(frame, instances, embeddings)
    assert len(room.associator.object_map.visits(1)) == 3
    assert room.desk.split(1, track_id=track).value.object_ids == (1, 4)
    assert [v.visit_id for v in room.associator.object_map.visits(4)] == [visit.visit_id]


def test_a_deleted_object_is_unknown(room):
    assert room.desk.delete(2).value.kind == EventKind.DELETED
    assert room.desk.delete(2).code == Code.UNKNOWN_OBJECT
    assert room.ids == [1, 3]


def test_edits_carry_the_stamp_of_the_last_frame(room):
    assert room.desk.rename(1, "a").value.stamp_ns == room.last.stamp_ns


def test_reset_forgets_the_map_or_only_the_tracks(room):
    assert room.desk.reset(keep_map=True).value == 0
    assert room.ids == [1, 2, 3]
    answer = room.desk.reset()
    assert (answer.value, room.ids) == (3, [])
    room.frames()
    assert room.ids == [4, 5, 6]  # ids are never used again


def test_a_saved_map_is_loaded_again(room, tmp_path):
    saved = room.desk.save(str(tmp_path / "new" / "a.map")).value
    assert (saved.path, saved.objects) == (tmp_path / "new" / "a.map", 3)
    room.desk.reset()
    assert room.desk.load(str(saved.path)).value.objects == 3
    room.frames()
    assert sorted(room.walk.last.values()) == [1, 2, 3]


def test_a_second_map_is_merged_in(room, make_world, make_walk, distinct, tmp_path):
    other = Room(make_world, make_walk, distinct(3))
    other.desk.rename(1, "from the other run")
    other.desk.save(str(tmp_path / "other.map"))
    answer = room.desk.load(str(tmp_path / "other.map"), merge=True)
    assert (answer.code, answer.value.objects, room.ids) == (Code.OK, 3, [1, 2, 3])
    assert [(e.kind, e.object_ids[0]) for e in answer.value.events] == [
        (EventKind.MERGED, i) for i in room.ids
    ]
    assert room.associator.object_map.get(1).name == "from the other run"
    undone = room.desk.split(1, event_id=answer.value.events[0].event_id)
    assert (undone.code, len(room.ids)) == (Code.OK, 4)


def test_the_file_in_use_is_saved_without_a_path(room, tmp_path):
    assert room.desk.save("").code == Code.INVALID_ARGUMENT
    room.associator.keeper.open(tmp_path / "live.map")
    room.desk.rename(1, "kept")
    saved = room.desk.save("").value
    assert saved.path == tmp_path / "live.map"
    room.desk.associator.keeper.close()
    assert "kept" in read_map(tmp_path / "live.map").objects.names


def test_a_file_is_overwritten_only_when_that_is_said(room, tmp_path):
    path = tmp_path / "a.map"
    path.write_text("precious")
    assert room.desk.save(str(path)).code == Code.INVALID_ARGUMENT
    assert path.read_text() == "precious"
    assert room.desk.save(str(path), overwrite=True).code == Code.OK
    assert len(read_map(path).objects) == 3


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("x" * 100_000, Code.INVALID_ARGUMENT),
        ("x" * 300, Code.STORAGE_ERROR),
        ("a\0b", Code.INVALID_ARGUMENT),
        ("a\nb", Code.INVALID_ARGUMENT),
        ("\udc80", Code.INVALID_ARGUMENT),
        ("~nobody_of_that_name/a.map", Code.INVALID_ARGUMENT),
        ("/dev/null", Code.INVALID_ARGUMENT),
        ("/proc/none/a.map", Code.STORAGE_ERROR),
        ("/dev/null/a.map", Code.STORAGE_ERROR),
    ],
)
def test_a_map_is_not_saved_where_it_cannot_be(room, path, code):
    answer = room.desk.save(path, overwrite=True)
    assert (answer.code, answer.value) == (code, None)
    assert len(answer.message) < 500 and "\n" not in answer.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_storage_error(room, tmp_path):
    tmp_path.chmod(0o500)
    assert room.desk.save(str(tmp_path / "a.map")).code == Code.STORAGE_ERROR
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("path", ["", "/nowhere/a.map", "/tmp", "/dev/zero", "x" * 100_000, "a\0b"])
def test_what_is_no_map_is_not_loaded(room, path, merge):
    assert room.desk.load(path, merge).code in (Code.STORAGE_ERROR, Code.INVALID_ARGUMENT)
    assert room.ids == [1, 2, 3]


def test_a_damaged_map_a_newer_one_and_one_of_another_model_are_told_apart(room, tmp_path, model):
    paths = [tmp_path / name for name in ("damaged", "newer", "other")]
    for path in paths:
        room.desk.save(str(path))
    paths[0].write_bytes(b"no map at all")
    with sqlite3.connect(paths[1]) as newer:
        newer.execute("PRAGMA user_version = 999")
    with sqlite3.connect(paths[2]) as other:
        other.execute("UPDATE map SET model_hash = 'other'")
    codes = [room.desk.load(str(path)).code for path in paths]
    assert codes == [Code.STORAGE_ERROR, Code.WRONG_VERSION, Code.WRONG_MODEL]
    assert room.ids == [1, 2, 3]


def test_a_map_of_another_model_is_refused_before_the_first_frame_too(room, tmp_path, model):
    room.desk.save(str(tmp_path / "a.map"))
    fresh = MapDesk(MapAssociator(), ByColour(dataclasses.replace(model, content_hash="other")))
    assert fresh.load(str(tmp_path / "a.map")).code == Code.WRONG_MODEL
    assert fresh.associator.objects() == ()


def test_the_file_in_use_is_neither_loaded_nor_overwritten(room, tmp_path):
    room.associator.keeper.open(tmp_path / "live.map")
    path = str(tmp_path / "live.map")
    assert room.desk.load(path).code == Code.INVALID_ARGUMENT
    assert room.desk.save(path, overwrite=True).code == Code.INVALID_ARGUMENT
    room.desk.associator.keeper.close()


def test_a_map_file_that_cannot_be_written_is_a_storage_error(room, tmp_path, monkeypatch):
    room.associator.keeper.open(tmp_path / "live.map")

    def full(*_):
        raise StorageError("disk is full")

    monkeypatch.setattr("reobj.association.store.writer.write", full)
    room.desk.rename(1, "a")
    answer = room.desk.save("")
    assert answer.code == Code.STORAGE_ERROR
    assert "disk is full" in answer.message
    assert "disk is full" in str(room.desk.failure)
    monkeypatch.undo()
    room.desk.associator.keeper.close()
    assert "a" in read_map(tmp_path / "live.map").objects.names


@pytest.mark.parametrize("object_id", [0, 99, 2**63, 2**64 - 1])
def test_an_id_that_is_nobodys_is_unknown(room, object_id):
    desk = room.desk
    asked = [
        desk.merge([1, object_id]),
        desk.split(object_id, track_id=1),
        desk.rename(object_id, "a"),
        desk.delete(object_id),
        desk.find(Query(object_ids=(object_id,))),
        desk.explain(object_id, 1) if object_id else desk.delete(0),
    ]
    assert [answer.code for answer in asked] == [Code.UNKNOWN_OBJECT] * len(asked)
    assert room.ids == [1, 2, 3]


@pytest.mark.parametrize("ids", [[], [1], [1, 1], [2, 1, 2]])
def test_merging_takes_several_different_objects(room, ids):
    assert room.desk.merge(ids, force=True).code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("event_id", [1, 99, 2**63])
def test_only_merges_and_splits_are_undone(room, event_id):
    assert room.desk.split(1, event_id=event_id).code == Code.INVALID_ARGUMENT  # 1 is CREATED
    assert room.desk.split(1).code == Code.INVALID_ARGUMENT
    assert room.desk.split(1, track_id=2**63).code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "a\x1b[31m", "a\0", "\ud800"])
def test_a_name_that_is_too_long_or_holds_control_characters_is_refused(room, name):
    assert room.desk.rename(1, name).code == Code.INVALID_ARGUMENT
    assert room.desk.rename(1, "é" * 200).code == Code.OK


def found(answer):
    return [item.object_id for item in answer.value.objects] if answer.code == Code.OK else answer.code


def test_objects_are_found_by_id_label_and_name(room):
    desk, by_label = room.desk, {}
    for item in room.associator.objects():
        by_label.setdefault(item.label, []).append(item.object_id)
    assert found(desk.find(Query())) == [1, 2, 3]
    assert found(desk.find(Query(object_ids=(3, 1, 3)))) == [3, 1]
    assert found(desk.find(Query(label="Chair"))) == by_label["chair"]
    assert found(desk.find(Query(label="chair", limit=1))) == by_label["chair"][:1]
    desk.rename(2, "the Red one")
    assert found(desk.find(Query(name="red"))) == [2]
    assert found(desk.find(Query(name="blue"))) == Code.NOTHING_FOUND
    assert found(desk.find(Query(object_ids=(1,), name="red"))) == Code.NOTHING_FOUND


def test_objects_in_a_region_come_the_nearest_first(room):
    centre = room.associator.object_map.get(2).position
    away = {i: np.linalg.norm(room.associator.object_map.get(i).position - centre) for i in room.ids}
    nearest = sorted(room.ids, key=away.__getitem__)
    assert found(room.desk.find(Query(centre=centre, radius_m=10.0))) == nearest
    assert found(room.desk.find(Query(centre=centre, radius_m=0.1))) == [2]
    assert found(room.desk.find(Query(centre=centre + 50, radius_m=1.0))) == Code.NOTHING_FOUND


def example(axis, box=(0, 0, 0, 0)):
    """An image of which the middle is the object with this look."""
    colour = np.full((40, 60, 3), 9, np.uint8)
    colour[10:30, 20:40] = axis
    return Example(colour, box)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (20, 10, 40, 30)])
def test_objects_that_look_like_an_example_come_first(room, box):
    true = {object_id: index for index, object_id in room.walk.last.items()}
    for axis in range(3):
        answer = room.desk.find(Query(), example(axis, box))
        best, *others = answer.value.objects
        assert true[best.object_id] == axis
        assert answer.value.similarity[0] == pytest.approx(1.0, abs=1e-3)
        assert (np.diff(answer.value.similarity) <= 0).all() and len(others) == 2
    assert len(room.desk.find(Query(label="cup"), example(0)).value.objects) == 1


@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (9, 0, 3, 9), (0, 0, 61, 40), (0, 0, 60, 41), (65535, 0, 0, 1)]
)
def test_an_example_box_that_is_empty_or_outside_is_refused(room, box):
    assert room.desk.find(Query(), example(0, box)).code == Code.INVALID_ARGUMENT


def test_without_an_encoder_an_example_is_refused_with_advice(room):
    answer = MapDesk(room.associator).find(Query(), example(0))
    assert answer.code == Code.INVALID_ARGUMENT
    assert "ask live_node" in answer.message


def test_an_example_in_an_empty_map_finds_nothing(model):
    assert MapDesk(MapAssociator(), ByColour(model)).find(Query(), example(0)).code == Code.NOTHING_FOUND


def test_an_example_of_another_model_is_refused(room):
    other = MapDesk(room.associator, ByColour(ModelId("other", "00", room.associator.model.dim)))
    assert other.find(Query(), example(0)).code == Code.WRONG_MODEL


def test_why_an_object_came_back_is_explained_with_its_evidence_and_views(room):
    room.leave_and_come_back()
    decisions = {o.track_id: o.decision for o in room.last.objects}
    first, second = room.associator.object_map.visits(1)
    answer = room.desk.explain(1).value
    assert (answer.item.object_id, answer.why.track_id) == (1, second.track_id)
    why, live = answer.why.decision, decisions[second.track_id]
    assert (why.kind, why.object_id) == (DecisionKind.MATCH, 1)
    assert why.probability == pytest.approx(live.probability)
    assert why.chosen.object_id == 1
    assert why.chosen.terms == pytest.approx(dict(live.chosen.terms), abs=1e-2)
    assert why.runner_up.terms == pytest.approx(dict(live.runner_up.terms), abs=1e-2)
    assert len(answer.views) == 2 and all(jpeg.startswith(b"\xff\xd8") for jpeg in answer.views)
    assert room.desk.explain(1, first.track_id).value.why.decision.kind == DecisionKind.NEW
    by_track = room.desk.explain(0, second.track_id).value
    assert (by_track.item.object_id, by_track.why) == (1, answer.why)


def test_a_track_that_has_no_object_yet_is_explained_as_deferred(make_world, make_walk, distinct):
    room = Room(make_world, make_walk, distinct(3))
    room.associator.reset()
    room.frames(1)
    (track, *_) = (o for o in room.last.objects if o.state == TrackState.TENTATIVE)
    answer = room.desk.explain(0, track.track_id)
    assert (answer.code, answer.value.item) == (Code.OK, None)
    assert answer.value.why.decision.kind == DecisionKind.DEFER


def test_a_track_in_the_last_frame_of_any_camera_is_explained(make_world, make_walk, distinct):
    room = Room(make_world, make_walk, distinct(3))
    room.associator.reset()
    room.frames(1)
    of_left = dataclasses.replace(room.last, stamp_ns=room.last.stamp_ns + 7, frame_id="left", objects=())
    room.desk.see(of_left, None, "left")
    why = room.desk.explain(0, room.last.objects[0].track_id).value.why
    assert (why.stamp_ns, why.decision.kind) == (room.last.stamp_ns, DecisionKind.DEFER)
    assert (room.desk.stamp_ns, room.desk.frame_id) == (of_left.stamp_ns, "left")
    room.frames(1)
    assert room.desk.frame_id == "camera"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ((0, 0), Code.INVALID_ARGUMENT),
        ((1, 99), Code.NOTHING_FOUND),
        ((0, 99), Code.NOTHING_FOUND),
        ((0, 2**64 - 1), Code.NOTHING_FOUND),
    ],
)
def test_a_track_that_never_was_cannot_be_explained(room, asked, code):
    assert room.desk.explain(*asked).code == code


def test_a_merged_object_is_explained_with_the_views_of_both(room):
    views = [set(room.desk.explain(i).value.views) for i in (1, 2)]
    room.desk.merge([1, 2], force=True)
    answer = room.desk.explain(2).value
    assert answer.item.object_id == 1
    assert set(answer.views) == views[0] | views[1]


def test_an_id_is_explained_after_a_restart(room, tmp_path):
    room.associator.keeper.open(tmp_path / "live.map")
    room.leave_and_come_back()
    before = room.desk.explain(1).value.why
    room.desk.associator.keeper.close()
    again = MapAssociator()
    again.keeper.open(tmp_path / "live.map")
    after = MapDesk(again).explain(1).value
    assert after.why == before
    assert after.views == ()  # pictures are not kept
    again.keeper.close()
