from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from depth_scenes import CAMERA, FLOOR, TABLE, draw, frame
from numpy.typing import NDArray

from reobj.detection.boxes.box_surfaces import BoxSurfaces, Owner
from reobj.detection.boxes.mask_from_box import masks_from_boxes
from reobj.detection.masks import boxes_of
from reobj.errors import InputError
from reobj.types import Frame

CUP = ((-0.1, 0.75, 1.4), (0.0, 0.9, 1.5))


def box_of(mask: NDArray[np.bool_]) -> list[float]:
    return boxes_of(mask.astype(np.uint16), 1)[0].tolist()


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def disc_frame() -> tuple[Frame, NDArray[np.bool_]]:
    """A red disc on noisy green."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:120, 0:160]
    disc = (rows - 60) ** 2 + (columns - 70) ** 2 < 30**2
    colour = np.where(disc[..., None], (200, 40, 40), (60, 160, 60)) + rng.integers(-20, 20, (120, 160, 3))
    return Frame(colour.astype(np.uint8), 0), disc


def test_colour_finds_the_object_in_its_box() -> None:
    image, disc = disc_frame()
    found = masks_from_boxes(image, np.array([box_of(disc)]))
    assert iou(found == 1, disc) > 0.93  # the filled box: pi / 4


def test_depth_finds_what_colour_cannot_see() -> None:
    depth, which = draw(FLOOR, TABLE, CUP)
    cup = which == 3
    box = np.array([box_of(cup)]) + np.array([-6, -6, 6, 6])
    rng = np.random.default_rng(0)
    black = replace(frame(depth), colour=rng.integers(0, 9, (480, 640, 3), dtype=np.uint8))
    by_depth = iou(masks_from_boxes(black, box) == 1, cup)
    assert by_depth > 0.75
    assert by_depth > iou(masks_from_boxes(replace(black, depth=None), box) == 1, cup) + 0.1


def test_surfaces_belong_to_the_box_they_lie_in() -> None:
    depth, which = draw(FLOOR, TABLE, CUP)
    surfaces = BoxSurfaces(depth, CAMERA)
    x0, y0, x1, y1 = (int(value) for value in box_of(which == 3))
    rows, columns = np.arange(480), np.arange(640)
    owners = surfaces.owners((x0 - 4, y0 - 4, x1 + 4, y1 + 4), rows, columns)
    assert (owners[which == 3] == Owner.BOX).mean() > 0.9
    assert (owners[which == 1] == Owner.OTHER).mean() > 0.9
    x0, y0, x1, y1 = (int(value) for value in box_of(which == 2))
    owners = surfaces.owners((x0, y0, x1, y1), rows, columns)  # a table top is a surface like others
    assert (owners[which == 2] == Owner.BOX).mean() > 0.9


def test_pixels_without_depth_are_nobodys() -> None:
    depth, _ = draw(FLOOR, CUP)
    depth[:100] = np.nan
    owners = BoxSurfaces(depth, CAMERA).owners((10, 10, 60, 60), np.arange(90), np.arange(640))
    assert (owners == Owner.UNKNOWN).all()


def test_the_smaller_of_two_boxes_has_the_pixels_of_both() -> None:
    image = Frame(np.full((60, 80, 3), 90, np.uint8), 0)
    found = masks_from_boxes(image, np.array([[20, 20, 30, 30], [10, 10, 50, 50]], np.float32))
    assert (found[20:30, 20:30] == 1).all()
    assert (found[10:20, 10:50] == 2).all()


@pytest.mark.parametrize(
    "box", [[0, 0, 80, 60], [-500, -500, 500, 500], [79, 59, 80, 60], [0, 0, 80, 1], [10.2, 10.2, 10.9, 40]]
)
def test_a_box_in_which_nothing_can_be_told_apart_is_filled(box: list[float]) -> None:
    found = masks_from_boxes(Frame(np.full((60, 80, 3), 90, np.uint8), 0), np.array([box]))
    x0, y0, x1, y1 = np.rint(np.clip(box, 0, [80, 60, 80, 60])).astype(int)
    expected = np.zeros((60, 80), bool)
    expected[y0:y1, x0:x1] = True
    np.testing.assert_array_equal(found == 1, expected)


def test_boxes_without_pixels_have_no_mask() -> None:
    image, disc = disc_frame()
    boxes = np.array([[200, 10, 220, 30], [5, 5, 5, 9], [9, 9, 5, 5], box_of(disc)])
    assert set(np.unique(masks_from_boxes(image, boxes))) == {0, 4}
    assert not masks_from_boxes(image, np.zeros((0, 4))).any()


def test_the_same_boxes_give_the_same_masks() -> None:
    image, disc = disc_frame()
    boxes = np.array([box_of(disc), [5, 5, 60, 60], [100, 20, 150, 100]])
    np.testing.assert_array_equal(masks_from_boxes(image, boxes), masks_from_boxes(image, boxes))


def test_depth_of_another_cameras_intrinsics_is_not_looked_at() -> None:
    depth, which = draw(FLOOR, CUP)
    image, boxes = frame(depth), np.array([box_of(which == 2)])
    other = replace(image, intrinsics=CAMERA.resized(320, 240))
    expected = masks_from_boxes(replace(image, depth=None), boxes)
    np.testing.assert_array_equal(masks_from_boxes(other, boxes), expected)


@pytest.mark.parametrize("boxes", [np.zeros(4), np.zeros((2, 5)), np.array([[0, 0, np.nan, 4]])])
def test_boxes_of_another_shape_or_value_are_refused(boxes: NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="boxes: expected"):
        masks_from_boxes(disc_frame()[0], boxes)
