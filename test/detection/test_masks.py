from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reobj.detection.masks import areas_of, boxes_of, instances_from_label_image, renumber, touches_border
from reobj.errors import InputError

label_images = hnp.arrays(
    np.uint16,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.sampled_from([0, 1, 2, 3, 7, 65535]),
)


@settings(max_examples=60, deadline=None)
@given(label_images)
def test_instances_agree_with_a_loop_over_ids(image: np.ndarray) -> None:
    keep = np.array([i for i in np.unique(image) if i], dtype=np.int64)[::-1]
    found = instances_from_label_image(image, keep, [str(i) for i in keep])
    for row, value in enumerate(keep):
        y, x = np.nonzero(image == value)
        np.testing.assert_array_equal(found.boxes[row], [x.min(), y.min(), x.max() + 1, y.max() + 1])
        np.testing.assert_array_equal(found.label_image == row + 1, image == value)
    np.testing.assert_array_equal(found.label_image == 0, image == 0)


def test_areas_count_pixels() -> None:
    image = np.array([[0, 3, 3], [3, 0, 1]], np.uint16)
    assert areas_of(image).tolist() == [2, 1, 0, 3]


def test_values_that_are_not_kept_become_background() -> None:
    image = np.array([[5, 6], [7, 0]], np.uint16)
    assert renumber(image, np.array([7, 5])).tolist() == [[2, 0], [1, 0]]


def test_a_value_without_pixels_has_a_box_of_zeros() -> None:
    image = np.array([[0, 2]], np.uint16)
    assert boxes_of(image, 3).tolist() == [[0, 0, 0, 0], [1, 0, 2, 1], [0, 0, 0, 0]]


def test_no_instances_at_all() -> None:
    found = instances_from_label_image(np.zeros((3, 4), np.uint16), np.zeros(0, np.int64), [])
    assert len(found) == 0
    assert found.label_image.shape == (3, 4)


def test_more_instances_than_a_label_image_holds_are_refused() -> None:
    with pytest.raises(InputError, match="65535"):
        renumber(np.zeros((1, 1), np.uint16), np.arange(65536))


def test_touching_the_border() -> None:
    boxes = np.array([[0, 2, 3, 4], [1, 1, 9, 7], [1, 1, 10, 4], [1, 1, 4, 8], [1, 0, 2, 2]], np.float32)
    assert touches_border(boxes, height=8, width=10).tolist() == [True, False, True, True, True]
