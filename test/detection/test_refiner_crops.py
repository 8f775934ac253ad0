"""What the refiner sees, beside plain loops over small images."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from reobj.detection.carrying.refiner_crops import (
    DEPTH,
    INSIDE,
    OWN,
    SIDE,
    CarriedView,
    RefinerCropCutter,
    colour_share,
    crop_boxes,
    sample_points,
)

H, W = 60, 80
RNG = np.random.default_rng(4)


def view(depth: bool = True) -> CarriedView:
    """Two masks; the second is only partly trusted and lies at the image's edge."""
    labels = np.zeros((H, W), np.uint16)
    labels[10:30, 10:40] = 1
    labels[35:60, 50:80] = 2
    trusted = np.ones((H, W), np.uint8)
    trusted[:, 65:] = 0
    trusted[8:20] = 0
    z = np.where(labels == 2, 2.0, 2.3).astype(np.float32)
    z[0], z[:, 0] = np.nan, 0
    back = RNG.normal(0, 1, (H, W, 2)).astype(np.float32)
    colour = RNG.integers(0, 256, (H, W, 3), np.uint8)
    return CarriedView(colour, labels, labels, trusted, back, z if depth else None)


def whole_pixels(points: np.ndarray) -> np.ndarray:
    return np.rint(points).astype(int)


def test_points_are_the_middles_of_cells() -> None:
    points = sample_points(np.array([[0, 10, SIDE, 10 + 2 * SIDE]], np.float32))[0].reshape(SIDE, SIDE, 2)
    np.testing.assert_allclose(points[0, :3], [[0, 10.5], [1, 10.5], [2, 10.5]])
    np.testing.assert_allclose(points[:3, 0], [[0, 10.5], [0, 12.5], [0, 14.5]])


def test_a_box_grows_by_a_quarter_or_six_pixels_and_a_mask_that_is_gone_has_none() -> None:
    labels = np.zeros((H, W), np.uint16)
    labels[10:30, 10:50] = 3
    rows, boxes = crop_boxes(labels, 4)
    np.testing.assert_array_equal(rows, [2])
    np.testing.assert_allclose(boxes, [[0, 4, 60, 36]])


def test_masks_trust_and_the_image_s_edge_are_looked_up_at_each_point() -> None:
    seen = view()
    crops = RefinerCropCutter()(seen, 2)
    for m, box in enumerate(crops.boxes):
        places = whole_pixels(sample_points(box[None])[0])
        for cell, (x, y) in enumerate(places):
            found = crops.appearance[m, OWN : INSIDE + 1].reshape(4, -1)[:, cell]
            if not (0 <= x < W and 0 <= y < H):
                np.testing.assert_array_equal(found, 0)
                continue
            label = seen.labels[y, x]
            np.testing.assert_array_equal(
                found, [label == m + 1, label not in (0, m + 1), x >= 65 or 8 <= y < 20, 1]
            )
    np.testing.assert_array_equal(crops.motion[:, 3:], crops.appearance[:, OWN:INSIDE])


def test_the_colour_s_share_is_that_of_the_trusted_points_with_one_of_each_kind_added() -> None:
    colour = RNG.integers(0, 80, (2, 200, 3), np.uint8)
    trusted = RNG.random((2, 200)) < 0.7
    seed = trusted & (RNG.random((2, 200)) < 0.4)
    found = colour_share(colour, seed, trusted)
    for m in range(2):
        keys = [tuple(c) for c in (colour[m] // 32).tolist()]
        mine = Counter(k for k, s in zip(keys, seed[m], strict=True) if s)
        everyone = Counter(k for k, t in zip(keys, trusted[m], strict=True) if t)
        expected = [(mine[k] + 1) / (everyone[k] + 2) for k in keys]
        np.testing.assert_allclose(found[m], expected, rtol=1e-6)


def test_what_was_followed_all_the_way_has_no_crop() -> None:
    seen = view()
    seen.trusted[8:20] = 1
    np.testing.assert_array_equal(RefinerCropCutter()(seen, 2).rows, [1])


def test_of_many_masks_those_with_most_that_is_unsure_are_cut() -> None:
    seen = view()
    seen.labels[:], seen.trusted[:] = 0, 1
    for i in range(10):  # side by side, the crop of each unsure by one more row
        seen.labels[20:40, 8 * i + 2 : 8 * i + 6] = i + 1
        seen.trusted[20 : 23 + i, 8 * i : 8 * i + 8] = 0
    np.testing.assert_array_equal(RefinerCropCutter()(seen, 10).rows, np.arange(2, 10))


def test_depth_is_said_from_the_mask_s_own_on() -> None:
    crops = RefinerCropCutter()(view(), 2)
    depth, own = crops.appearance[1, DEPTH], crops.appearance[1, OWN] > 0
    np.testing.assert_allclose(depth[own], 0, atol=1e-5)
    wall = (crops.appearance[1, INSIDE] > 0) & ~own
    np.testing.assert_allclose(depth[wall], 0.6, atol=1e-5)  # 0.3 m of half a metre


def test_without_depth_nothing_is_said_of_it() -> None:
    crops = RefinerCropCutter()(view(depth=False), 2)
    assert not crops.appearance[:, DEPTH].any()


def test_unknown_depth_says_nothing() -> None:
    seen = view()
    seen.depth[:] = np.nan
    assert not RefinerCropCutter()(seen, 2).appearance[:, DEPTH].any()


def test_motion_is_that_beside_the_mask_s_mean() -> None:
    seen = view()
    seen.back[:] = (3, -2)
    seen.back[:, :8] += (2, 0)  # beside the first mask
    crops = RefinerCropCutter()(seen, 1)
    width = (crops.boxes[0, 2] - crops.boxes[0, 0]) / SIDE
    x = whole_pixels(sample_points(crops.boxes))[0, :, 0].reshape(SIDE, SIDE)
    beside = (x >= 0) & (x < 8) & (crops.appearance[0, INSIDE] > 0)
    expected = min(2 / (2 * width), 1.27)
    np.testing.assert_allclose(crops.motion[0, 0][beside], expected, rtol=1e-5)
    np.testing.assert_allclose(crops.motion[0, 2][beside], expected, rtol=1e-5)
    np.testing.assert_allclose(crops.motion[0, :3][:, crops.appearance[0, OWN] > 0], 0, atol=1e-5)


def test_memory_that_is_used_again_says_nothing_of_the_last_frame() -> None:
    cut, seen = RefinerCropCutter(), view()
    cut(view(), 2)
    again, fresh = cut(seen, 1), RefinerCropCutter()(seen, 1)
    assert len(again.rows) == 1
    np.testing.assert_array_equal(again.appearance, fresh.appearance)
    np.testing.assert_array_equal(again.motion, fresh.motion)


@pytest.mark.parametrize("count", [0, 3])
def test_no_masks_are_no_crops(count: int) -> None:
    empty = np.zeros((H, W), np.uint16)
    seen = view()
    nothing = CarriedView(seen.colour, empty, empty, seen.trusted, seen.back, seen.depth)
    crops = RefinerCropCutter()(nothing, count)
    assert crops.appearance.shape == (0, 9, SIDE, SIDE) and crops.motion.shape == (0, 6, SIDE, SIDE)
