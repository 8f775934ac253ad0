"""What is written of a frame."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_room import make_frame, make_truth

from reobj.encoding.context import ContextSpec
from reobj.types import Frame
from reobj.views.selection import select_true
from reobj.views.settings import ViewSettings
from reobj.views.storing import FrameViews, stored_regions, views_of_frame

TRIPLE = ContextSpec(ratio=3.0, square=True)


def views_of(frame: Frame, settings: ViewSettings) -> FrameViews:
    return views_of_frame(7, frame, select_true(make_truth(), settings), settings)


def decoded(data: bytes, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def test_a_region_is_the_grown_box_within_the_frame() -> None:
    """12 x 10 grows to the square of 36 around (26, 25): 8..44 and 7..43; the other leaves the frame."""
    boxes = np.array([[20, 20, 32, 30], [70, 0, 80, 10]], np.float32)
    assert stored_regions(boxes, TRIPLE, 80, 60).tolist() == [[8, 7, 44, 43], [60, 0, 80, 20]]


@given(
    st.lists(st.floats(0, 80, width=32), min_size=4, max_size=4),
    st.sampled_from([ContextSpec(), TRIPLE, ContextSpec(pixels=10)]),
)
def test_a_region_holds_all_of_the_grown_box_that_is_in_the_frame(
    corners: list[float], context: ContextSpec
) -> None:
    (x0, x1), (y0, y1) = sorted(corners[:2]), sorted(corners[2:])
    box = np.array([[x0, y0, x1, y1]], np.float32)
    region, grown = stored_regions(box, context, 80, 80)[0], context.grow(box)[0].clip(0, 80)
    assert (region[:2] <= grown[:2]).all() and (region[2:] >= grown[2:]).all()
    assert (region == region.round()).all() and (region[2:] > region[:2]).all()
    assert region.min() >= 0 and region.max() <= 80


def test_a_view_keeps_the_frame_s_pixels(settings: ViewSettings) -> None:
    frame = make_frame(3)
    views = views_of(frame, settings)
    for row, (jpg, png) in zip(views.rows, views.images, strict=True):
        x0, y0, x1, y1 = row["region"].astype(int)
        colour, mask = decoded(jpg)[..., ::-1], decoded(png, cv2.IMREAD_GRAYSCALE)
        assert np.abs(colour.astype(int) - frame.colour[y0:y1, x0:x1]).mean() < 4
        np.testing.assert_array_equal(mask > 0, make_truth().ids[y0:y1, x0:x1] == row["instance"])


def test_a_large_view_is_shrunk_and_a_small_one_is_not_enlarged(settings: ViewSettings) -> None:
    views = views_of(make_frame(), dataclasses.replace(settings, max_side=30))
    sizes = [decoded(jpg).shape[:2] for jpg, _ in views.images]
    # Of squares of 72, 90 and 15 pixels the frame holds 64 x 60, 55 x 60 and 15 x 15.
    assert sizes == [(28, 30), (30, 28), (15, 15)]
    assert [decoded(png, cv2.IMREAD_GRAYSCALE).shape for _, png in views.images] == sizes


def test_a_row_says_where_and_when(settings: ViewSettings) -> None:
    row = views_of(make_frame(3), settings).rows[0]
    assert (row["frame"], row["stamp_ns"], row["instance"]) == (7, 3_000_000, 1)
    assert row["frame_size"].tolist() == [80, 60]
    assert row["pose"][0, 3] == 3


def test_the_direction_is_the_ray_through_the_middle_of_the_box(settings: ViewSettings) -> None:
    """The middle of (20, 20, 36, 44) is pixel (27.5, 31.5): 12 left of and 2 below the optical axis."""
    expected = np.array([-12 / 60, 2 / 60, 1])
    direction = views_of(make_frame(), settings).rows["direction"][0]
    np.testing.assert_allclose(direction, expected / np.linalg.norm(expected), atol=1e-6)


def test_without_a_pose_there_is_no_direction(settings: ViewSettings) -> None:
    rows = views_of(make_frame(posed=False), settings).rows
    assert np.isnan(rows["direction"]).all() and np.isnan(rows["pose"]).all()


def test_without_intrinsics_there_is_a_pose_and_no_direction(settings: ViewSettings) -> None:
    rows = views_of(dataclasses.replace(make_frame(), intrinsics=None), settings).rows
    assert np.isnan(rows["direction"]).all() and np.isfinite(rows["pose"]).all()


@pytest.mark.parametrize("quality", [10, 95])
def test_quality_decides_the_size(quality: int, settings: ViewSettings) -> None:
    sizes = [
        len(views_of(make_frame(), dataclasses.replace(settings, quality=q)).images[0][0])
        for q in (quality, quality - 5)
    ]
    assert sizes[0] > sizes[1]
