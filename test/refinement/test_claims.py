"""Who gets the pixels: claims of carried masks beside what is there."""

from __future__ import annotations

import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.refinement.claims import Claims, settle
from reobj.refinement.frame_masks import FrameMasks

SIZE = (60, 80)
LEFT, RIGHT = np.s_[10:30, 10:30], np.s_[10:30, 40:60]


def masks(*given: tuple[tuple[slice, slice], int, float]) -> FrameMasks:
    """Instances of a region, an object (0 for none) and a confidence."""
    image, n = np.zeros(SIZE, np.uint16), len(given)
    for number, (region, _, _) in enumerate(given, start=1):
        image[region] = number
    sure = np.array([item[2] for item in given], np.float32)
    ids = np.array([item[1] for item in given], np.int64)
    return FrameMasks(
        image,
        ("seen",) * n,
        sure,
        np.ones((n, 1), np.float32),
        InstanceGeometry.unknown(n),
        ids,
        np.arange(1, n + 1),
        sure,
        np.zeros(n, dtype=bool),
        np.zeros(n, np.int64),
    )


def claims(*given: tuple[tuple[slice, slice], int, float]) -> Claims:
    image = np.zeros(SIZE, np.uint16)
    for number, (region, _, _) in enumerate(given, start=1):
        image[region] = number
    ids = np.array([item[1] for item in given], np.int64)
    sure = np.array([item[2] for item in given], np.float32)
    return Claims(image, ids, ids + 100, sure, ("carried",) * len(given))


def region_of(found: FrameMasks, object_id: int) -> np.ndarray:
    return found.label_image == found.row_of(object_id) + 1


def test_a_claim_on_free_pixels_becomes_a_mask_of_its_object() -> None:
    settled = settle(masks((LEFT, 1, 1.0)), claims((RIGHT, 2, 0.8)), 3)
    assert sorted(settled.masks.shown()) == [1, 2]
    row = settled.masks.row_of(2)
    assert settled.drawn.tolist() == [row]
    assert region_of(settled.masks, 2)[RIGHT].all()
    assert settled.masks.confidence[row] == pytest.approx(0.8)
    assert (settled.masks.labels[row], settled.masks.track_ids[row], settled.masks.rounds[row]) == (
        "carried",
        102,
        3,
    )


def test_a_claim_is_void_where_its_object_is_shown_as_surely() -> None:
    before = masks((LEFT, 1, 0.8))
    settled = settle(before, claims((RIGHT, 1, 0.8)), 1)
    assert not settled.changed
    np.testing.assert_array_equal(settled.masks.label_image, before.label_image)


def test_a_surer_claim_takes_the_place_of_the_objects_mask() -> None:
    settled = settle(masks((LEFT, 1, 0.6)), claims((RIGHT, 1, 0.8)), 1)
    assert settled.masks.shown() == [1]
    np.testing.assert_array_equal(region_of(settled.masks, 1), masks((RIGHT, 1, 1.0)).label_image > 0)


def test_a_claim_that_surer_objects_hide_is_void() -> None:
    assert not settle(masks((LEFT, 1, 1.0)), claims((LEFT, 2, 0.9)), 1).changed


def test_a_claim_keeps_out_of_surer_objects_and_takes_pixels_of_others() -> None:
    wide = np.s_[10:30, 22:50]  # 8 columns of LEFT, 10 of RIGHT
    settled = settle(masks((LEFT, 1, 1.0), (RIGHT, 2, 0.5)), claims((wide, 3, 0.9)), 1)
    assert region_of(settled.masks, 1)[LEFT].all()
    assert region_of(settled.masks, 3).sum() == 20 * 20
    assert region_of(settled.masks, 2).sum() == 20 * 10


def test_an_instance_without_an_object_that_has_the_outline_becomes_the_object() -> None:
    shifted = np.s_[10:30, 14:34]  # 16 of 24 columns in common: IoU 2/3
    settled = settle(masks((LEFT, 0, 0.4)), claims((shifted, 5, 0.7)), 2)
    assert settled.adopted == (5,)
    np.testing.assert_array_equal(region_of(settled.masks, 5), masks((LEFT, 1, 1.0)).label_image > 0)
    row = settled.masks.row_of(5)
    assert settled.masks.fresh[row]
    assert settled.masks.confidence[row] == 1.0


def test_without_adoption_the_claim_takes_the_pixels() -> None:
    settled = settle(masks((LEFT, 0, 0.4)), claims((LEFT, 5, 0.7)), 2, adopt=False)
    assert settled.adopted == ()
    assert settled.masks.labels == ("carried",)


def test_two_claims_on_the_same_pixels_go_to_the_surer_one() -> None:
    image = claims((LEFT, 1, 0.6), (RIGHT, 2, 0.9))
    assert set(settle(masks(), image, 1).masks.shown()) == {1, 2}


def test_a_claim_on_few_pixels_is_void() -> None:
    assert not settle(masks(), claims((np.s_[0:5, 0:6], 1, 1.0)), 1).changed
