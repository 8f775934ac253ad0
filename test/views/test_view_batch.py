"""Crops as a network takes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reobj.encoding.crops import IMAGENET_MEAN, IMAGENET_STD
from reobj.views.batch import collate, to_crops
from reobj.views.cutting import ViewCrop

CPU = torch.device("cpu")


def crop(seed: int, mask: np.ndarray) -> ViewCrop:
    colour = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    inside = np.ones((8, 8), bool)
    inside[:2] = False
    colour[~inside] = 0
    return ViewCrop(colour, mask & inside, inside)


@pytest.fixture
def crops() -> list[ViewCrop]:
    """A mask of the left half, one that fills the crop, and an empty one."""
    half = np.zeros((8, 8), bool)
    half[:, :4] = True
    return [crop(0, half), crop(1, np.ones((8, 8), bool)), crop(2, np.zeros((8, 8), bool))]


def expected(colour: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(3, S, S): the pixels of the mask, the others black, by ImageNet's statistics, one by one."""
    image = np.zeros((3, 8, 8))
    for row, column in np.ndindex(8, 8):
        pixel = colour[row, column] / 255 if mask[row, column] else np.zeros(3)
        image[:, row, column] = (pixel - IMAGENET_MEAN) / IMAGENET_STD
    return image


def test_images_are_masked_and_then_normalised(crops: list[ViewCrop]) -> None:
    result = to_crops(collate(crops), CPU)
    for row, one in enumerate(crops):
        np.testing.assert_allclose(result.foreground[row], expected(one.colour, one.mask), atol=1e-5)
        np.testing.assert_allclose(result.background[row], expected(one.colour, ~one.mask), atol=1e-5)


def test_masks_keep_their_form(crops: list[ViewCrop]) -> None:
    result = to_crops(collate(crops), CPU)
    assert result.mask.shape == result.inside.shape == (3, 1, 8, 8)
    assert result.mask.dtype == torch.float32 and result.inside.dtype == torch.bool
    np.testing.assert_array_equal(result.mask[:, 0].numpy(), [one.mask for one in crops])
    np.testing.assert_array_equal(result.inside[:, 0].numpy(), [one.inside for one in crops])


def test_one_view_does_not_depend_on_the_others(crops: list[ViewCrop]) -> None:
    together, alone = to_crops(collate(crops), CPU), to_crops(collate(crops[1:2]), CPU)
    torch.testing.assert_close(together.foreground[1:2], alone.foreground, rtol=0, atol=0)
    assert len(together) == 3 and len(collate(crops)) == 3
