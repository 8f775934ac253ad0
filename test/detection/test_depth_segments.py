from __future__ import annotations

import re

import numpy as np
import pytest
from depth_scenes import CAMERA, FLOOR, TABLE, Box, draw, frame
from numpy.typing import NDArray

from reobj.detection.depth.depth_segments import DepthSegmentsConfig, DepthSegmentsDetector
from reobj.distortion import Distortion
from reobj.errors import InputError
from reobj.types import Frame, Instances, Intrinsics

BOX = ((-0.2, 0, 1.6), (0.2, 0.4, 2.0))


def detect(depth: NDArray[np.float32], **config: float) -> Instances:
    found = DepthSegmentsDetector(DepthSegmentsConfig(**config)).detect(frame(depth))
    found.check_size(480, 640)
    return found


def overlap(found: Instances, row: int, true: NDArray[np.bool_]) -> float:
    """Intersection over union of an instance and a true mask."""
    mask = found.label_image == row + 1
    return float((mask & true).sum() / (mask | true).sum())


def noisy(depth: NDArray[np.float32], relative: float = 0.002) -> NDArray[np.float32]:
    """With noise that grows with the distance squared, as that of stereo does."""
    noise = np.random.default_rng(0).standard_normal(depth.shape)
    return (depth + relative * depth**2 * noise).astype(np.float32)


def test_a_box_on_a_floor_is_one_instance_with_its_mask_box_and_label() -> None:
    depth, which = draw(FLOOR, BOX)
    found = detect(noisy(depth))
    assert found.labels == ("object",)
    assert overlap(found, 0, which == 2) > 0.9
    rows, columns = np.nonzero(which == 2)
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(found.boxes[0], expected, atol=8)  # 2 cm at the floor count as the floor


def test_a_box_on_a_table_is_found_and_the_table_top_is_not() -> None:
    depth, which = draw(FLOOR, TABLE, ((-0.1, 0.75, 1.4), (0.1, 0.95, 1.6)))
    found = detect(noisy(depth))
    assert len(found) == 1
    assert overlap(found, 0, which == 3) > 0.85  # 2 cm above the table count as the table


@pytest.mark.parametrize(
    "other",
    [((-0.3, 0.25, 1.75), (-0.1, 0.45, 1.95)), ((0.0, 0, 1.8), (0.3, 0.6, 2.0))],
    ids=["on top", "beside"],
)
def test_two_boxes_that_touch_are_cut_at_the_crease_between_them(other: Box) -> None:
    depth, which = draw(FLOOR, ((-0.4, 0, 1.6), (0.0, 0.25, 2.0)), other)
    found = detect(depth)
    assert len(found) == 2
    for number in (2, 3):
        assert max(overlap(found, row, which == number) for row in range(2)) > 0.8


def test_boxes_one_behind_the_other_are_cut_at_the_jump_in_depth() -> None:
    depth, which = draw(FLOOR, BOX, ((-0.1, 0, 2.4), (0.5, 0.6, 2.7)))
    found = detect(depth)
    assert len(found) == 2
    for number in (2, 3):
        assert max(overlap(found, row, which == number) for row in range(2)) > 0.8


def test_what_is_hidden_in_part_is_less_sure_than_what_hides_it() -> None:
    depth, which = draw(FLOOR, BOX, ((-0.1, 0, 2.4), (0.5, 0.6, 2.7)))
    found = detect(depth, min_score=0)
    assert overlap(found, 0, which == 2) > 0.8
    assert found.scores[0] > found.scores[1] + 0.1


@pytest.mark.parametrize("fill", [0.0, np.nan, np.inf, -1.0, 50.0], ids=str)
def test_an_image_without_usable_depth_has_no_instances(fill: float) -> None:
    assert len(detect(np.full((480, 640), fill, np.float32))) == 0


def test_a_floor_alone_has_no_instances() -> None:
    assert len(detect(noisy(draw(FLOOR)[0]))) == 0


@pytest.mark.parametrize("distance", [0.4, 1.0, 4.0])
def test_a_wall_that_fills_the_image_is_no_instance(distance: float) -> None:
    assert len(detect(noisy(np.full((480, 640), distance, np.float32)))) == 0


def test_pure_noise_is_no_instance() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 4.0, (480, 640)).astype(np.float32)
    assert len(detect(depth)) == 0


def test_a_box_is_too_large_or_too_thin_by_its_size_in_metres() -> None:
    depth, _ = draw(FLOOR, BOX)  # half a side: 0.2 m
    assert len(detect(depth, max_size=0.3)) == 0
    assert len(detect(depth, min_thickness=0.3)) == 0
    assert len(detect(depth, max_size=0.8, min_thickness=0.1)) == 1


def test_holes_in_a_surface_do_not_cut_it() -> None:
    depth, which = draw(FLOOR, BOX)
    random = np.random.default_rng(1)
    for row, column in zip(random.integers(0, 476, 300), random.integers(0, 636, 300), strict=True):
        depth[row : row + 4, column : column + 4] = 0
    found = detect(depth)
    assert len(found) == 1
    assert overlap(found, 0, which == 2) > 0.9


def test_a_bent_lens_bends_no_floor() -> None:
    lens = Distortion("plumb_bob", (-0.3, 0.1, 0.0, 0.0, 0.0))
    bent = Intrinsics(500.0, 500.0, 319.5, 239.5, 640, 480, lens)
    x, y = bent.rays(*np.meshgrid(np.arange(640), np.arange(480)))
    depth = (1 / (0.3 + 0.2 * x + 0.4 * y).clip(0.2)).astype(np.float32)
    assert len(DepthSegmentsDetector().detect(frame(depth, bent))) == 0


@pytest.mark.parametrize(("width", "height"), [(641, 481), (323, 241), (97, 53), (8, 6), (1280, 720)])
def test_masks_have_the_size_of_the_image_whatever_that_is(width: int, height: int) -> None:
    rows, columns = (np.arange(n) * m // n for n, m in ((height, 480), (width, 640)))
    depth = draw(FLOOR, BOX)[0][np.ix_(rows, columns)]
    image = np.zeros((height, width, 3), np.uint8)
    camera = CAMERA.resized(width, height)
    found = DepthSegmentsDetector().detect(Frame(image, 0, depth=depth, intrinsics=camera))
    found.check_size(height, width)
    assert len(found) == (1 if width > 100 else len(found))


def test_a_frame_without_depth_is_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match=r"depth_segments: expected depth .*topic depth.*mask_rcnn"):
        DepthSegmentsDetector().detect(frame(None))


def test_a_frame_without_intrinsics_is_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match=r"expected the intrinsics of the image.*camera_info"):
        DepthSegmentsDetector().detect(frame(draw(FLOOR)[0], None))


def test_intrinsics_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match=re.escape("of 640x480 pixels as the image, got of 320x240")):
        DepthSegmentsDetector().detect(frame(draw(FLOOR)[0], CAMERA.resized(320, 240)))


@pytest.mark.parametrize(
    ("name", "value"), [("edge", 0.0), ("noise", np.nan), ("min_thickness", -1.0), ("max_area", 2.0)]
)
def test_limits_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        DepthSegmentsConfig(**{name: value})
