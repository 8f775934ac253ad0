from __future__ import annotations

import torch

from reobj.encoding.colour import colour_bins


def pixel(*rgb: float) -> torch.Tensor:
    return torch.tensor(rgb).view(1, 3, 1, 1)


def test_each_axis_shares_a_pixel_between_two_bins() -> None:
    images = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    bins = colour_bins(images, 6).unflatten(1, (3, 6))
    torch.testing.assert_close(bins.sum(dim=2), torch.ones(2, 3, 5, 7))
    assert (bins > 1e-6).sum(dim=2).max() <= 2


def test_grey_falls_into_the_middle_of_both_colour_axes() -> None:
    bins = colour_bins(pixel(0.25, 0.25, 0.25), 5).flatten().unflatten(0, (3, 5))
    torch.testing.assert_close(bins, torch.tensor([[0, 1, 0, 0, 0.0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]]))


def test_red_and_green_lie_on_opposite_sides() -> None:
    red, green = (
        colour_bins(pixel(*rgb), 5).flatten()[5:10].argmax() for rgb in ((0.8, 0.2, 0.2), (0.2, 0.8, 0.2))
    )
    assert green < 2 < red


def test_exposure_moves_colour_less_than_lightness() -> None:
    bright, dark = (colour_bins(factor * pixel(0.8, 0.5, 0.3), 6).flatten() for factor in (1.0, 0.8))
    change = (bright - dark).abs().unflatten(0, (3, 6)).sum(dim=1)
    assert change[1:].max() < 0.5 * change[0]
