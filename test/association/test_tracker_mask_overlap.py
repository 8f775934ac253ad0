"""Overlap of moved masks, against a plain loop over sets of pixels."""

import numpy as np

from reobj.association.tracks.mask_overlap import LastMasks
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.types import Instances

HEIGHT, WIDTH = 60, 90


def rectangles(*boxes, shape=(HEIGHT, WIDTH)):
    image = np.zeros(shape, np.uint16)
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        image[y0:y1, x0:x1] = i + 1
    return image


def slow_overlap(before, now, shifts, n):
    """Intersection over union of sets of pixels; the images are small enough to be taken whole."""
    height, width = now.shape
    expected = np.full((len(shifts), n), np.nan)
    for i, (dx, dy) in enumerate(shifts):
        moved = {(x + dx, y + dy) for y, x in np.argwhere(before == i + 1).tolist()}
        moved = {(x, y) for x, y in moved if 0 <= x < width and 0 <= y < height}
        for j in range(n):
            other = {(x, y) for y, x in np.argwhere(now == j + 1).tolist()}
            if moved and other:
                expected[i, j] = len(moved & other) / len(moved | other)
    return expected


def test_it_is_the_overlap_of_the_sets_of_pixels():
    rng = np.random.default_rng(0)
    for _ in range(10):
        before = np.kron(rng.integers(0, 5, (6, 9)), np.ones((10, 10))).astype(np.uint16)
        now = np.kron(rng.integers(0, 4, (6, 9)), np.ones((10, 10))).astype(np.uint16)
        centres, shifts = rng.uniform(0, 60, (4, 2)), rng.integers(-30, 30, (4, 2))
        got = LastMasks(before, centres).overlap(np.arange(4), centres + shifts, now, 3)
        np.testing.assert_allclose(got, slow_overlap(before, now, shifts, 3))


def test_rows_are_those_of_the_instances_asked_for_in_any_order():
    before = rectangles((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    centres = np.zeros((3, 2))
    every = LastMasks(before, centres).overlap(np.array([0, 1, 2]), centres, before, 3)
    some = LastMasks(before, centres).overlap(np.array([2, 0]), centres[:2], before, 3)
    np.testing.assert_array_equal(some, every[[2, 0]])


def test_a_large_image_is_thinned_and_still_right_to_some_percent():
    shape = (1080, 1920)
    before = rectangles((200, 300, 440, 620), (900, 100, 1000, 250), shape=shape)
    now = rectangles((230, 300, 470, 620), (900, 150, 1000, 300), shape=shape)
    got = LastMasks(before, np.zeros((2, 2))).overlap(np.arange(2), np.zeros((2, 2)), now, 2)
    np.testing.assert_allclose(np.diag(got), [210 / 270, 100 / 200], atol=0.05)
    assert got[0, 1] == got[1, 0] == 0


def test_an_instance_without_a_mask_is_unknown_and_labels_beyond_the_instances_are_nobody():
    before, now = rectangles((0, 0, 10, 10)), rectangles((0, 0, 5, 10), (5, 0, 10, 10))
    got = LastMasks(before, np.zeros((2, 2))).overlap(np.arange(2), np.zeros((2, 2)), now, 1)
    np.testing.assert_allclose(got, [[0.5], [np.nan]])


def test_a_mask_that_leaves_the_image_is_unknown():
    image = rectangles((0, 0, 10, 10))
    got = LastMasks(image, np.zeros((1, 2))).overlap(np.array([0]), np.array([[-50.0, 0.0]]), image, 1)
    assert np.isnan(got).all()


def test_no_instances_before_or_now_are_no_error():
    image, none = rectangles((0, 0, 10, 10)), np.zeros((HEIGHT, WIDTH), np.uint16)
    empty, one = np.zeros((0, 2)), np.zeros((1, 2))
    assert LastMasks(none, empty).overlap(np.zeros(0, int), empty, image, 1).shape == (0, 1)
    assert LastMasks(image, one).overlap(np.array([0]), one, none, 0).shape == (1, 0)


def follow(overlap, frames):
    """Track ids of each frame of things that all look the same."""
    tracker, ids = Tracker(TrackerConfig(overlap=overlap, follow_camera=False)), []
    for k, (boxes, masks) in enumerate(frames):
        n = len(boxes)
        found = Instances(np.array(boxes, np.float32), masks, ("x",) * n, np.ones(n, np.float32))
        looks = np.repeat(np.eye(1, 8, dtype=np.float32), n, axis=0)
        ids.append([t.track_id for t in tracker.update(k * 100_000_000, found, looks)])
    return ids


def test_masks_tell_a_frame_from_what_stands_in_it_where_boxes_cannot():
    whole, inner = (10, 10, 70, 50), (14, 13, 66, 47)
    inside = rectangles(whole, inner)
    swapped = np.where(inside > 0, 3 - inside.astype(int), 0).astype(np.uint16)
    # boxes of the detector that say nothing any more: both are the same
    frames = [((whole, whole), inside), ((whole, whole), swapped)]
    assert follow("mask", frames) == [[1, 2], [2, 1]]
    assert follow("box", frames) == [[1, 2], [1, 2]]


def test_without_masks_it_is_as_with_boxes():
    none = np.zeros((HEIGHT, WIDTH), np.uint16)
    frames = [(((10 + 3 * k, 10, 40 + 3 * k, 30), (60, 10, 80, 40)), none) for k in range(5)]
    assert follow("mask", frames) == follow("box", frames) == [[1, 2]] * 5


def test_a_mask_is_moved_with_the_prediction_of_its_box():
    frames = []
    for k in range(12):
        x = 3 * max(0, k - 5)
        frames.append((((x, 10, x + 20, 40),), rectangles((x, 10, x + 20, 40))))
    assert follow("mask", frames) == [[1]] * 12
