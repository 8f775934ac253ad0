from __future__ import annotations

import numpy as np
from scipy import ndimage

from reobj.detection.mask_edits import move_borders, shift_masks, split_masks


def disc(radius: int, size: int = 41, value: int = 1) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size // 2
    return np.where(x**2 + y**2 <= radius**2, value, 0).astype(np.uint16)


def test_a_mask_is_cut_along_the_line_through_its_centre() -> None:
    image = np.zeros((6, 12), np.uint16)
    image[1:5, 1:5], image[1:5, 6:10] = 1, 2
    cut = split_masks(image, np.array([np.nan, 0.0]))  # the normal points to +x
    expected = image.copy()
    expected[1:5, 8:10] = 4
    np.testing.assert_array_equal(cut, expected)


def test_without_a_split_nothing_changes() -> None:
    image = disc(8)
    np.testing.assert_array_equal(split_masks(image, np.array([np.nan])), image)


def test_shrinking_removes_the_ring_within_the_distance() -> None:
    image = disc(12)
    shrunk = move_borders(image, np.array([-3.0]))
    inside = ndimage.distance_transform_edt(image)
    assert not shrunk[inside < 3].any()
    assert shrunk[inside > 4.5].all()


def test_growing_adds_the_ring_within_the_distance() -> None:
    image = disc(8)
    grown = move_borders(image, np.array([4.0]))
    outside = ndimage.distance_transform_edt(image == 0)
    assert (grown[outside <= 3.8] == 1).all()
    assert not grown[outside > 4.2].any()


def test_each_mask_moves_by_its_own_distance() -> None:
    image = np.zeros((20, 40), np.uint16)
    image[5:15, 5:15], image[5:15, 25:35] = 1, 2
    moved = move_borders(image, np.array([-1.0, 2.0]))
    assert (moved == 1).sum() == 8 * 8
    assert (moved[5:15] == 2).any(axis=0).sum() == 14


def test_growing_never_takes_another_masks_pixels() -> None:
    image = np.zeros((10, 10), np.uint16)
    image[:, :5], image[:, 5:] = 1, 2
    np.testing.assert_array_equal(move_borders(image, np.array([3.0, 0.0])), image)


def test_an_image_without_masks_stays_empty() -> None:
    image = np.zeros((5, 5), np.uint16)
    assert not move_borders(image, np.zeros(0)).any()
    assert not shift_masks(image, np.zeros((0, 2))).any()


def test_masks_move_by_whole_pixels_and_are_cut_at_the_edge() -> None:
    image = np.zeros((8, 10), np.uint16)
    image[2:4, 2:4], image[5:7, 7:9] = 1, 2
    moved = shift_masks(image, np.array([[1.4, -1.0], [2.0, 0.0]]))
    expected = np.zeros_like(image)
    expected[1:3, 3:5], expected[5:7, 9] = 1, 2
    np.testing.assert_array_equal(moved, expected)
