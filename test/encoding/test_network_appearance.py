from __future__ import annotations

import pytest
import torch
from torch import nn

from reobj.encoding.network_appearance import AppearanceConfig, AppearanceNetwork, AppearanceTrunk
from reobj.encoding.synthetic import synthetic_crops
from reobj.errors import InputError


def _count(network: nn.Module) -> int:
    """Parameters but for the scales of batch normalisation, which the paper's has not."""
    scales = sum(
        m.weight.numel() for m in network.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))
    )
    return sum(p.numel() for p in network.parameters()) - scales


def test_the_trunk_has_the_parameters_of_the_paper() -> None:
    """Wojke et al. 2017, section 2.4: 2,800,864, with a dense layer over 16 x 8 places and its shifts."""
    dense = 16 * 8 * 128 * 128 + 128
    assert _count(AppearanceTrunk()) + dense == 2_800_864


def test_a_crop_of_64_has_half_the_papers_dense_layer() -> None:
    network = AppearanceNetwork(AppearanceConfig("full"), 64)
    assert _count(network.head) == 16 * 8 * 128 * 128 // 2 + 128


def test_maps_have_the_sizes_of_the_papers_table() -> None:
    trunk = AppearanceTrunk().eval()
    shapes: list[tuple[int, ...]] = []
    for layer in (trunk.stem, *trunk.blocks):
        layer.register_forward_hook(lambda m, i, output: shapes.append(tuple(output.shape[1:])))
    trunk(torch.zeros(1, 3, 128, 64))
    low, middle, high = (32, 64, 32), (64, 32, 16), (128, 16, 8)
    assert shapes == [low, low, low, middle, middle, high, high]


@pytest.mark.parametrize("size", [17, 30, 33])
def test_sizes_that_eight_does_not_divide_work(size: int) -> None:
    network = AppearanceNetwork(AppearanceConfig("foreground"), size).eval()
    assert network(synthetic_crops(2, size, 0)).shape == (2, 128)


def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match=r"crops: expected 32 pixels .* got 48"):
        AppearanceNetwork(AppearanceConfig(), 32)(synthetic_crops(1, 48, 0))
