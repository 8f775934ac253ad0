import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchvision.ops import box_iou

from reobj.association.tracks.boxes import iou, to_centre, to_corners

corners = arrays(np.float64, (3, 4), elements=st.floats(0, 500)).map(
    lambda a: np.concatenate([a[:, :2], a[:, :2] + a[:, 2:] + 1.5], axis=1)
)


def test_centre_form_of_a_box_by_hand():
    assert to_centre(np.array([[10, 20, 30, 60]], np.float32))[0] == pytest.approx([20, 40, 0.5, 40])


def test_a_box_without_area_gets_sides_of_one_pixel():
    assert to_centre(np.array([[10, 20, 10, 5]], np.float32))[0, 2:] == pytest.approx([1, 1])


@given(corners)
def test_corners_of_the_centre_form_are_the_box(boxes):
    np.testing.assert_allclose(to_corners(to_centre(boxes.astype(np.float32))), boxes, atol=1e-3, rtol=1e-5)


@given(corners, corners)
def test_iou_equals_that_of_torchvision(a, b):
    expected = box_iou(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(iou(a, b), expected, atol=1e-9)


def test_iou_of_boxes_without_area_is_zero():
    empty = np.array([[5.0, 5, 5, 5]])
    assert iou(empty, empty)[0, 0] == 0
