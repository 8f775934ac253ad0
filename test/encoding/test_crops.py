from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from reobj.encoding.context import ContextSpec
from reobj.encoding.crops import IMAGENET_MEAN, IMAGENET_STD, CropCutter, Crops, denormalised, normalised
from reobj.errors import InputError
from reobj.types import Frame, Instances

MakeInstances = Callable[..., Instances]
MakeFrame = Callable[[int, int], Frame]
CPU = torch.device("cpu")
MEAN, STD = np.array(IMAGENET_MEAN), np.array(IMAGENET_STD)


def one_by_one(frame: Frame, instances: Instances, spec: ContextSpec, size: int) -> dict[str, np.ndarray]:
    """The same crops by scipy, one instance and one channel at a time."""
    found: dict[str, list[np.ndarray]] = {"foreground": [], "background": [], "mask": []}
    for row, (x0, y0, x1, y1) in enumerate(spec.grow(instances.boxes).astype(np.float64)):
        steps = (np.arange(size) + 0.5) / size
        y, x = np.meshgrid(y0 + steps * (y1 - y0) - 0.5, x0 + steps * (x1 - x0) - 0.5, indexing="ij")
        crop = np.stack([_at(frame.colour[..., c] / 255, y, x, order=1) for c in range(3)], axis=-1)
        mask = _at((instances.label_image == row + 1).astype(float), y, x, order=0)
        found["mask"].append(mask)
        found["foreground"].append((crop * mask[..., None] - MEAN) / STD)
        found["background"].append((crop * (1 - mask[..., None]) - MEAN) / STD)
    return {name: np.stack(images) for name, images in found.items()}


def _at(image: np.ndarray, y: np.ndarray, x: np.ndarray, order: int) -> np.ndarray:
    return ndimage.map_coordinates(image, [y, x], order=order, mode="grid-constant", cval=0)


def assert_like(crops: Crops, expected: dict[str, np.ndarray]) -> None:
    """Equal but for pixels whose centre lies on a mask's border, where rounding decides."""
    agree = crops.mask[:, 0].numpy() == expected["mask"]
    assert agree.mean() > 0.97
    for name in ("foreground", "background"):
        found = getattr(crops, name).numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(found[agree], expected[name][agree], atol=2e-3)


@pytest.mark.parametrize(
    "spec", [ContextSpec(pixels=10), ContextSpec(ratio=2.0), ContextSpec(1.5, square=True)]
)
def test_equal_to_a_loop_also_beyond_the_border(
    spec: ContextSpec, frame: Frame, rectangles: MakeInstances
) -> None:
    instances = rectangles(60, 80, (20, 20, 40, 45), (0, 0, 15, 30), (60, 40, 80, 60), (35, 30, 50, 50))
    crops = CropCutter(64, spec, CPU)(frame, instances)
    assert_like(crops, one_by_one(frame, instances, spec, 64))


@settings(max_examples=40, deadline=None)
@given(
    x=st.integers(0, 70),
    y=st.integers(0, 50),
    w=st.integers(1, 60),
    h=st.integers(1, 60),
    ratio=st.floats(1, 2),
    pixels=st.floats(0, 12),
    square=st.booleans(),
)
def test_any_box_is_cut_as_the_loop_does(
    x: int,
    y: int,
    w: int,
    h: int,
    ratio: float,
    pixels: float,
    square: bool,
    rectangles: MakeInstances,
    smooth_frame: MakeFrame,
) -> None:
    frame, spec = smooth_frame(60, 80), ContextSpec(ratio, pixels, square)
    instances = rectangles(60, 80, (x, y, min(x + w, 80), min(y + h, 60)))
    # the crops are never smaller than the box, so that they come from the full image
    crops = CropCutter(130, spec, CPU)(frame, instances)
    assert_like(crops, one_by_one(frame, instances, spec, 130))


def test_many_instances_are_cut_like_single_ones(frame: Frame, rectangles: MakeInstances) -> None:
    boxes = [(i, i // 2, i + 9, i // 2 + 9) for i in range(45)]
    instances = rectangles(60, 80, *boxes)
    cut = CropCutter(128, ContextSpec(ratio=2), CPU)
    together = cut(frame, instances)  # more than are sampled at a time
    for row in (0, 31, 32, 44):
        alone = Instances(
            instances.boxes[[row]],
            (instances.label_image == row + 1).astype(np.uint16),
            ("chair",),
            instances.scores[[row]],
        )
        torch.testing.assert_close(together.background[[row]], cut(frame, alone).background)
        torch.testing.assert_close(together.mask[[row]], cut(frame, alone).mask)


def test_shrinking_averages_instead_of_picking_pixels(rectangles: MakeInstances) -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    crops = CropCutter(32, ContextSpec(), CPU)(Frame(stripes, 0), rectangles(256, 256, (0, 0, 256, 256)))
    inner = denormalised(crops.foreground)[..., 2:-2, 2:-2] * 255
    torch.testing.assert_close(inner, torch.full_like(inner, 100.0), atol=1e-2, rtol=0)


def test_shrunk_crops_are_near_area_averages(rectangles: MakeInstances, smooth_frame: MakeFrame) -> None:
    frame = smooth_frame(240, 320)
    crops = CropCutter(48, ContextSpec(), CPU)(frame, rectangles(240, 320, (16, 24, 208, 216)))
    area = cv2.resize(frame.colour[24:216, 16:208], (48, 48), interpolation=cv2.INTER_AREA)
    difference = np.abs(denormalised(crops.foreground)[0].numpy().transpose(1, 2, 0) * 255 - area)
    assert difference.mean() < 1
    assert difference.max() < 8


def test_foreground_and_background_share_the_crops_pixels(frame: Frame, rectangles: MakeInstances) -> None:
    crops = CropCutter(32, ContextSpec(ratio=2), CPU)(frame, rectangles(60, 80, (20, 20, 40, 45)))
    mask = crops.mask.expand(-1, 3, -1, -1) > 0
    assert denormalised(crops.foreground)[~mask].abs().max() < 1e-6
    assert denormalised(crops.background)[mask].abs().max() < 1e-6
    assert 0.2 < mask.float().mean() < 0.3  # a quarter of a crop of twice the box


def test_beyond_the_image_is_black_and_marked(frame: Frame, rectangles: MakeInstances) -> None:
    crops = CropCutter(40, ContextSpec(ratio=2), CPU)(frame, rectangles(60, 80, (0, 0, 20, 20)))
    inside = crops.inside[0, 0]
    assert inside[10:, 10:].all()
    assert not inside[:10].any()
    assert not inside[:, :10].any()
    assert denormalised(crops.background)[0, :, :9].abs().max() < 1e-6


def test_a_mask_that_fills_the_crop_leaves_a_black_background(
    frame: Frame, rectangles: MakeInstances
) -> None:
    crops = CropCutter(32, ContextSpec(), CPU)(frame, rectangles(60, 80, (20, 20, 40, 45)))
    assert (crops.mask == 1).all()
    assert denormalised(crops.background).abs().max() < 1e-6


def test_an_empty_mask_leaves_a_black_foreground(frame: Frame, rectangles: MakeInstances) -> None:
    seen = rectangles(60, 80, (20, 20, 40, 45))
    hidden = Instances(seen.boxes, np.zeros_like(seen.label_image), seen.labels, seen.scores)
    crops = CropCutter(32, ContextSpec(), CPU)(frame, hidden)
    assert (crops.mask == 0).all()
    assert denormalised(crops.foreground).abs().max() < 1e-6


def test_no_instances_give_empty_crops(frame: Frame) -> None:
    crops = CropCutter(32, ContextSpec(), CPU)(frame, Instances.empty(60, 80))
    assert crops.foreground.shape == (0, 3, 32, 32)


def test_reused_memory_holds_the_next_frame(frame: Frame, rectangles: MakeInstances) -> None:
    many = rectangles(60, 80, (20, 20, 40, 45), (50, 10, 70, 30))
    few = rectangles(60, 80, (20, 20, 40, 45))
    reusing, fresh = (CropCutter(32, ContextSpec(ratio=2), CPU, reuse=reuse) for reuse in (True, False))
    first = reusing(frame, many)
    second = reusing(frame, few)
    assert second.foreground.data_ptr() == first.foreground.data_ptr()
    torch.testing.assert_close(second.background, fresh(frame, few).background)


def test_memory_made_without_gradients_is_written_again_with_them(
    frame: Frame, rectangles: MakeInstances
) -> None:
    cut, instances = CropCutter(32, ContextSpec(), CPU, reuse=True), rectangles(60, 80, (20, 20, 40, 45))
    with torch.inference_mode():
        before = cut(frame, instances).foreground.clone()
    assert torch.equal(cut(frame, instances).foreground, before)


def test_a_frame_of_one_row_and_a_box_far_larger_are_cut(rectangles: MakeInstances) -> None:
    frame, instances = Frame(np.full((1, 300, 3), 255, np.uint8), 0), rectangles(1, 300, (0, 0, 300, 1))
    crops = CropCutter(16, ContextSpec(ratio=50, square=True), CPU)(frame, instances)
    assert torch.isfinite(crops.background).all()
    assert crops.inside.float().mean() < 0.1


def test_read_only_frames_are_taken_as_they_are(
    frame: Frame, recwarn: pytest.WarningsRecorder, rectangles: MakeInstances
) -> None:
    view = np.frombuffer(frame.colour.tobytes(), np.uint8).reshape(frame.colour.shape)
    instances = rectangles(60, 80, (20, 20, 40, 45))
    cut = CropCutter(32, ContextSpec(), CPU)
    torch.testing.assert_close(cut(Frame(view, 0), instances).foreground, cut(frame, instances).foreground)
    assert len(recwarn) == 0


def test_high_instance_numbers_keep_their_mask(frame: Frame) -> None:
    image = np.zeros((60, 80), np.uint16)
    image[10:30, 10:30] = 40_000
    n = 40_000
    boxes = np.tile(np.array([[10, 10, 30, 30]], np.float32), (n, 1))
    instances = Instances(boxes, image, ("chair",) * n, np.ones(n, np.float32))
    assert CropCutter(2, ContextSpec(), CPU)(frame, instances).mask.flatten(1).sum(dim=1)[-2:].tolist() == [
        0,
        4,
    ]


def test_masks_of_another_size_are_refused(frame: Frame) -> None:
    with pytest.raises(InputError, match="80x60"):
        CropCutter(32, ContextSpec(), CPU)(frame, Instances.empty(60, 81))


def test_normalisation_is_that_of_torchvision() -> None:
    from torchvision.transforms.functional import normalize

    images = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(normalised(images * 255), normalize(images, IMAGENET_MEAN, IMAGENET_STD))
    torch.testing.assert_close(denormalised(normalised(images * 255)), images)
