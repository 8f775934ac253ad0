"""Crops of stored views, against the crops of whole frames and against coordinates written as colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from view_room import make_truth

from reobj.detection.masks import instances_from_label_image
from reobj.encoding.context import ContextSpec
from reobj.encoding.crops import CropCutter, denormalised
from reobj.errors import InputError
from reobj.types import Frame
from reobj.views.cutting import StoredView, cut_view
from reobj.views.storing import stored_regions

STORED = ContextSpec(ratio=3.0, square=True)


def stored(
    frame: Frame, box: tuple[int, int, int, int], context: ContextSpec = STORED, mask: bool = True
) -> StoredView:
    """A view of a filled box at the frame's own resolution, as it was before JPEG."""
    row = np.array([box], np.float32)
    region = stored_regions(row, context, frame.width, frame.height)[0]
    x0, y0, x1, y1 = region.astype(int)
    whole = np.zeros((frame.height, frame.width), bool)
    whole[box[1] : box[3], box[0] : box[2]] = mask
    return StoredView(
        frame.colour[y0:y1, x0:x1], whole[y0:y1, x0:x1], row[0], region, (frame.width, frame.height)
    )


def gentle_frame() -> Frame:
    """A frame without detail finer than 20 pixels, so that the phase of shrinking does not matter."""
    coarse = np.random.default_rng(1).integers(0, 255, (3, 4, 3), np.uint8)
    return Frame(cv2.resize(coarse, (80, 60), interpolation=cv2.INTER_CUBIC), 0)


def coordinates(height: int = 60, width: int = 80) -> Frame:
    """Red is 2 x, green is 2 y, blue is 200."""
    y, x = np.mgrid[:height, :width]
    return Frame(np.stack([2 * x, 2 * y, np.full_like(x, 200)], axis=-1).astype(np.uint8), 0)


@pytest.mark.parametrize("size", [8, 24, 96])
@pytest.mark.parametrize(
    "context", [ContextSpec(), ContextSpec(pixels=10), ContextSpec(2.0, square=True), STORED]
)
@pytest.mark.parametrize(
    "box", [(30, 20, 50, 40), (20, 10, 60, 40), (0, 0, 20, 30), (60, 40, 80, 60), (0, 0, 80, 60)]
)
def test_a_crop_is_that_of_the_whole_frame(
    box: tuple[int, int, int, int], context: ContextSpec, size: int
) -> None:
    frame = gentle_frame()
    instances = instances_from_label_image(make_truth({1: ("chair", box)}).ids, np.array([1]), ["chair"])
    whole = CropCutter(size, context, torch.device("cpu"))(frame, instances)
    colour = denormalised(whole.foreground) + denormalised(whole.background)
    crop = cut_view(stored(frame, box), context, size)
    np.testing.assert_array_equal(crop.inside, whole.inside[0, 0].numpy())
    assert (crop.mask != whole.mask[0, 0].numpy().astype(bool)).mean() < 0.02  # a pixel on the box's edge
    difference = np.abs(crop.colour - 255 * colour[0].permute(1, 2, 0).numpy())[crop.inside]
    assert difference.mean() < 3 and np.quantile(difference, 0.99) < 12


def test_a_pixel_shows_its_place_in_the_frame() -> None:
    """The box grows to 20..60 x 10..50: a crop pixel of 40 / 20 covers 2 pixels of the frame."""
    crop = cut_view(stored(coordinates(), (30, 20, 50, 40)), ContextSpec(2.0, square=True), 20)
    # Pixel (5, 3) of the crop covers x 30..32 and y 16..18, which is pixels 30, 31 and 16, 17.
    np.testing.assert_allclose(crop.colour[3, 5], [2 * 30.5, 2 * 16.5, 200], atol=1)
    assert crop.mask.nonzero()[0].min() == crop.mask.nonzero()[1].min() == 5
    assert crop.mask.sum() == 100


def test_a_shift_is_in_sides_of_the_crop() -> None:
    view, context = stored(coordinates(), (30, 20, 50, 40)), ContextSpec()
    straight, shifted = (cut_view(view, context, 20, shift=s) for s in ((0.0, 0.0), (0.25, -0.1)))
    np.testing.assert_allclose(straight.colour[10, 10], [2 * 40, 2 * 30, 200], atol=1)
    np.testing.assert_allclose(shifted.colour[10, 10], [2 * 45, 2 * 28, 200], atol=1)
    assert shifted.mask.sum() == 15 * 18


def test_a_zoom_shows_less_and_larger() -> None:
    """The crop's pixel 2 of 20 covers 13.33 + [2, 3) * 0.666... of what is twice the box."""
    view = stored(coordinates(), (30, 20, 50, 40))
    crop = cut_view(view, ContextSpec(2.0, square=True), 20, zoom=2.0)
    np.testing.assert_array_equal(crop.colour, cut_view(view, ContextSpec(), 20).colour)


def test_what_a_shift_shows_beyond_the_stored_part_is_black() -> None:
    """Stored is 20..60; the box moved by its side shows 50..70."""
    view = stored(coordinates(), (30, 20, 50, 40), ContextSpec(2.0, square=True))
    crop = cut_view(view, ContextSpec(), 20, shift=(1.0, 0.0))
    assert crop.inside[:, :10].all() and not crop.inside[:, 10:].any()
    assert (crop.colour[:, 10:] == 0).all() and (crop.colour[:, :10] != 0).any()


def test_a_crop_beyond_all_that_is_stored_is_black() -> None:
    crop = cut_view(stored(coordinates(), (30, 20, 50, 40)), ContextSpec(), 16, shift=(9.0, 0.0))
    assert not crop.inside.any() and not crop.mask.any() and not crop.colour.any()


def test_beyond_the_frame_is_black_and_not_inside() -> None:
    """A box in the corner grown to twice its side: a quarter of it before x = 0, a quarter above y = 0."""
    crop = cut_view(stored(coordinates(), (0, 0, 20, 20)), ContextSpec(2.0, square=True), 40)
    assert not crop.inside[:10].any() and not crop.inside[:, :10].any() and crop.inside[10:, 10:].all()
    assert not crop.colour[~crop.inside].any()
    assert crop.mask.sum() == 400


def test_a_mask_that_fills_the_crop_stays_full() -> None:
    assert cut_view(stored(coordinates(), (30, 20, 50, 40)), ContextSpec(), 16).mask.all()


def test_an_empty_mask_stays_empty() -> None:
    crop = cut_view(stored(coordinates(), (30, 20, 50, 40), mask=False), STORED, 16)
    assert not crop.mask.any() and crop.colour.any()


def test_a_context_wider_than_stored_is_refused_with_both_figures() -> None:
    """The box grows to 10..70 x 0..60; 20..60 x 10..50 are stored."""
    view = stored(coordinates(), (30, 20, 50, 40), ContextSpec(2.0, square=True))
    with pytest.raises(InputError, match=r"pixels 20, 10, 60, 50 of the frame, got 10, 0, 70, 60"):
        cut_view(view, STORED, 16)


def test_a_context_wider_than_stored_is_fine_where_the_frame_ends() -> None:
    view = stored(coordinates(), (0, 0, 80, 60))
    assert cut_view(view, ContextSpec(9.0, square=True), 16).inside.any()


def test_a_shrunk_store_has_the_same_geometry() -> None:
    frame = coordinates()
    view = stored(frame, (30, 20, 50, 40))
    half = StoredView(
        view.colour.reshape(30, 2, 30, 2, 3).mean((1, 3)).astype(np.uint8),
        view.mask[::2, ::2],
        view.box,
        view.region,
        view.frame_size,
    )
    context = ContextSpec(2.0, square=True)
    crops = [cut_view(v, context, 16) for v in (view, half)]
    assert np.abs(crops[0].colour.astype(int) - crops[1].colour).max() <= 3
    np.testing.assert_array_equal(crops[0].inside, crops[1].inside)


@pytest.mark.parametrize(("size", "zoom"), [(0, 1.0), (16, 0.0), (16, float("nan"))])
def test_sizes_and_zooms_out_of_range_are_refused(size: int, zoom: float) -> None:
    with pytest.raises(InputError, match="expected a size >= 1 and a zoom > 0"):
        cut_view(stored(coordinates(), (30, 20, 50, 40)), ContextSpec(), size, zoom=zoom)
