"""What holds over many frames: ids, memory, and boxes that the camera moves."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from reobj.association.tracks.motion import CameraMotion
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.types import Instances, Intrinsics

PAPER = TrackerConfig.deepsort_paper()
MASKS = replace(TrackerConfig(), overlap="mask")
CAMERA = Intrinsics(500.0, 500.0, 320.0, 240.0, 640, 480)


def passing(frames, rng, present=6, every=3):
    """Boxes of which one leaves and one comes every few frames, for ever."""
    corners, looks = rng.uniform(0, 500, (present, 2)), rng.standard_normal((present, 8))
    for k in range(frames):
        if k % every == 0:
            corners[k % present], looks[k % present] = rng.uniform(0, 500, 2), rng.standard_normal(8)
        boxes = np.concatenate([corners, corners + 40], axis=1) + rng.normal(0, 1, (present, 4))
        masks = np.zeros((60, 60), np.uint16)
        masks[:30, :30] = 1 + k % present
        found = Instances(boxes.astype(np.float32), masks, ("x",) * present, np.ones(present, np.float32))
        yield found, (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("config", [PAPER, TrackerConfig(), MASKS], ids=["paper", "ours", "masks"])
def test_every_new_track_has_an_id_above_all_before(config):
    tracker, highest = Tracker(config), 0
    before: frozenset[int] = frozenset()
    for k, (found, looks) in enumerate(passing(400, np.random.default_rng(1))):
        ids = {t.track_id for t in tracker.update(k * 100_000_000, found, looks)}
        assert min(ids - before, default=highest + 1) > highest
        highest, before = max(ids | {highest}), tracker.track_ids
    assert highest > 100  # there was a coming and going


@pytest.mark.parametrize("config", [PAPER, TrackerConfig(), MASKS], ids=["paper", "ours", "masks"])
def test_the_state_does_not_grow_with_the_frames(config):
    tracker, sizes, living = Tracker(config), [], []
    crowd = next(passing(1, np.random.default_rng(0), present=64))
    tracker.update(0, *crowd)  # its tables are as long as they will ever be
    tracemalloc.start()
    try:
        for k, (found, looks) in enumerate(passing(300, np.random.default_rng(2))):
            tracker.update(k * 100_000_000, found, looks)
            living.append(len(tracker.track_ids))
            if k in (99, 299):
                sizes.append(own_bytes())
    finally:
        tracemalloc.stop()
    assert max(living[1:]) < 64
    assert sizes[1] - sizes[0] < 2_000  # while 66 tracks came and went


def own_bytes():
    """What our own lines hold; numpy's wrappers fill the interpreter's list of free tuples."""
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/reobj/association/*")])
    return sum(trace.size for trace in ours.traces)


def test_with_depth_and_pose_a_box_is_followed_through_a_step_of_the_camera():
    x, depth, stride = 0.6, 2.4, 0.8  # metres
    walked = np.eye(4)
    walked[2, 3] = stride
    motion = CameraMotion.between(np.eye(4), walked, CAMERA)
    for camera_motion, expected in ((motion, [1]), (None, [2])):
        tracker, look = Tracker(PAPER), np.eye(1, 8, dtype=np.float32)
        for k in range(4):
            tracker.update(k * 100_000_000, seen_at(x, depth), look, depths=np.array([depth]))
        nearer = seen_at(x, depth - stride)
        got = tracker.update(
            400_000_000, nearer, look, camera_motion=camera_motion, depths=np.array([depth - stride])
        )
        assert [t.track_id for t in got] == expected


def test_the_moved_box_has_the_size_of_what_is_nearer_now():
    """By IoU alone, as a tentative track: the box at its old size would overlap by a quarter only."""
    depth, stride = 2.0, 1.0
    walked = np.eye(4)
    walked[2, 3] = stride
    motion = CameraMotion.between(np.eye(4), walked, CAMERA)
    for camera_motion, expected in ((motion, [1]), (None, [2])):
        tracker, look = Tracker(PAPER), np.eye(1, 8, dtype=np.float32)
        tracker.update(0, seen_at(0.0, depth), look, depths=np.array([depth]))
        nearer = seen_at(0.0, depth - stride)
        got = tracker.update(1, nearer, look, camera_motion=camera_motion, depths=np.array([depth - stride]))
        assert [t.track_id for t in got] == expected


def seen_at(x, depth, side=0.2):
    """A square of 0.2 m, x metres to the right of the optical axis."""
    u, v = CAMERA.cx + CAMERA.fx * x / depth, CAMERA.cy
    half = CAMERA.fx * side / depth / 2
    box = np.array([(u - half, v - half, u + half, v + half)], np.float32)
    return Instances(box, np.zeros((4, 4), np.uint16), ("x",), np.ones(1, np.float32))
