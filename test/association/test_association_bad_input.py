"""What `update` does with input that is wrong, absurd or empty: refuses it unchanged, or goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import InputError
from reobj.types import Embeddings, Frame, Instances, Intrinsics, ModelId

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
MASKS = AssociatorConfig(tracker=TrackerConfig(overlap="mask"))


@pytest.fixture
def walk(make_world, make_walk, distinct):
    """Three objects with ids, the camera in front of them."""
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=6)
    return walk


def feed(walk, frame, found, embeddings, seen):
    """True index to object id of a frame that was changed by hand."""
    result = walk.associator.update(frame, found, embeddings)
    walk.stamp_ns += 100_000_000
    return {int(seen[o.index]): o.object_id for o in result.objects}


def views(walk):
    return {o.object_id: o.views for o in walk.associator.objects()}


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_an_embedding_that_is_no_direction_never_gets_in(model, value):
    rows = np.eye(2, model.dim, dtype=np.float32)
    rows[1] = value
    with pytest.raises(InputError, match="length 1"):
        Embeddings(rows, model)


def test_embeddings_of_another_length_are_refused_and_the_next_frame_is_as_if_nothing_was(walk):
    before, counted = walk.last, views(walk)
    frame, found, _, _ = walk.world.look(walk.stamp_ns)
    other = Embeddings(np.eye(3, 8, dtype=np.float32), ModelId("test", "abcdef", 8))
    with pytest.raises(InputError):
        walk.associator.update(frame, found, other)
    assert views(walk) == counted
    walk.step()
    assert walk.last == before


def test_a_tracker_takes_a_duplicate_stamp_for_another_look_and_keeps_its_tracks():
    tracker, found = Tracker(), boxes_at((10, 10), (60, 20))
    looks = np.eye(2, 8, dtype=np.float32)
    ids = [[t.track_id for t in tracker.update(7, found, looks)] for _ in range(5)]
    assert ids == [[1, 2]] * 5


def boxes_at(*corners, size=20.0, shape=(120, 160)):
    found = np.array([(x, y, x + size, y + size) for x, y in corners], np.float32).reshape(-1, 4)
    n = len(found)
    return Instances(found, np.zeros(shape, np.uint16), ("x",) * n, np.ones(n, np.float32))


def test_a_pose_far_away_and_back_costs_no_identity(walk):
    before = walk.last
    for _ in range(3):
        frame, *rest = walk.world.look(walk.stamp_ns)
        pose = frame.pose.copy()
        pose[:3, 3] += 1e7
        assert feed(walk, replace(frame, pose=pose), *rest) == before
    walk.step(frames=3)
    assert walk.last == before
    places = [o.position for o in walk.associator.objects()]
    assert np.abs(np.array(places)).max() < 10


@pytest.mark.parametrize("rotation", [np.zeros((3, 3)), np.diag([1.0, 1.0, -1.0]), 2 * np.eye(3)])
def test_a_pose_without_a_rotation_never_gets_in(walk, rotation):
    frame, *_ = walk.world.look(walk.stamp_ns)
    pose = np.eye(4)
    pose[:3, :3] = rotation
    with pytest.raises(InputError, match="rotation"):
        replace(frame, pose=pose)


@pytest.mark.parametrize("config", [None, MASKS], ids=["boxes", "masks"])
def test_an_empty_first_frame_and_empty_frames_between_are_no_error(make_world, make_walk, distinct, config):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator(config))
    assert walk.step(hidden={0, 1, 2}).objects == ()
    walk.step(frames=5)
    before = walk.last
    walk.step(hidden={0, 1, 2}, frames=2)
    walk.step()
    assert walk.last == before


@pytest.mark.parametrize("config", [None, MASKS], ids=["boxes", "masks"])
def test_five_hundred_instances_with_depth_and_pose_are_each_an_object(model, config):
    rng, side = np.random.default_rng(0), 10
    corners = [(x, y) for x in range(0, 320, 12) for y in range(0, 229, 12)][:500]
    found = boxes_at(*corners, size=side, shape=(240, 320))
    for i, (x, y) in enumerate(corners):
        found.label_image[y : y + side, x : x + side] = i + 1
    looks = rng.standard_normal((500, model.dim))
    looks = (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)
    associator, camera = MapAssociator(config), Intrinsics(300.0, 300.0, 160.0, 120.0, 320, 240)
    colour, depth = np.broadcast_to(np.uint8(0), (240, 320, 3)), np.full((240, 320), 2.0, np.float32)
    for k in range(4):
        frame = Frame(colour, k * 100_000_000, "camera", depth, camera, np.eye(4))
        result = associator.update(frame, found, Embeddings(looks, model))
    assert len({o.object_id for o in result.objects} - {0}) == 500


@pytest.mark.parametrize("hole", [np.nan, 0.0, np.inf])
def test_depth_that_is_nowhere_known_is_as_no_depth(walk, hole):
    before = walk.last
    for _ in range(3):
        frame, found, embeddings, seen = walk.world.look(walk.stamp_ns)
        blind = replace(frame, depth=np.full_like(frame.depth, hole))
        result = walk.associator.update(blind, found, embeddings)
        walk.stamp_ns += 100_000_000
        assert {int(seen[o.index]): o.object_id for o in result.objects} == before
        assert all(o.position is None for o in result.objects)


@pytest.mark.parametrize("config", [None, MASKS], ids=["boxes", "masks"])
@pytest.mark.parametrize(
    "box",
    [
        (-500, -400, -300, -200),
        (900, 700, 1000, 800),
        (-50, -50, 900, 900),
        (40, 40, 40, 40),
        (60, 60, 20, 20),
    ],
)
def test_a_box_outside_the_image_or_without_an_area_disturbs_nobody_else(
    make_world, make_walk, distinct, model, config, box
):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator(config))
    walk.step(frames=6)
    before = walk.last
    for _ in range(4):
        frame, found, embeddings, seen = walk.world.look(walk.stamp_ns)
        more = Instances(
            np.concatenate([found.boxes, np.array([box], np.float32)]),
            found.label_image,
            (*found.labels, "ghost"),
            np.ones(len(found) + 1, np.float32),
        )
        looks = np.concatenate([embeddings.data, np.eye(model.dim, dtype=np.float32)[-1:]])
        ids = feed(walk, frame, more, Embeddings(looks, model), np.append(seen, 99))
        assert {i: ids[i] for i in before} == before
        assert ids[99] not in before.values()


@pytest.mark.parametrize("config", [None, MASKS], ids=["boxes", "masks"])
@pytest.mark.parametrize("change", ["none left", "one left", "ids beyond the instances"])
def test_a_label_image_that_does_not_know_all_instances_costs_no_identity(
    make_world, make_walk, distinct, config, change
):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator(config))
    walk.step(frames=6)
    before = walk.last
    for _ in range(3):
        frame, found, embeddings, seen = walk.world.look(walk.stamp_ns)
        masks = found.label_image
        damaged = {
            "none left": np.zeros_like(masks),
            "one left": np.where(masks == 1, masks, 0),
            "ids beyond the instances": np.where(masks == 0, 60_000, masks),
        }[change].astype(np.uint16)
        assert feed(walk, frame, replace(found, label_image=damaged), embeddings, seen) == before


def test_a_looped_recording_gives_the_same_objects_and_new_tracks_each_time(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator())
    objects, tracks = [], []
    for _ in range(3):
        walk.stamp_ns = 0
        result = walk.step(frames=8)
        objects.append(walk.last)
        tracks += [o.track_id for o in result.objects]
    assert objects[0] == objects[1] == objects[2]
    assert len(set(tracks)) == 9


def test_a_frame_that_was_overtaken_is_left_out_and_ends_no_track(make_world, make_walk, distinct, caplog):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=8)
    before, events = walk.last, len(walk.events)
    now, walk.stamp_ns = walk.stamp_ns, walk.stamp_ns - 200_000_000
    assert walk.step().objects == ()
    assert "came after a later one" in caplog.text
    walk.stamp_ns = now
    walk.step(frames=3)
    assert walk.last == before
    assert len(walk.events) == events
