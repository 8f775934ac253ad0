from __future__ import annotations

import pytest
import torch
from torch import nn

from reobj.encoding.folding import fold_normalisation
from reobj.encoding.network_small import Small, SmallConfig
from reobj.encoding.synthetic import synthetic_crops

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def settled(network: nn.Module) -> nn.Module:
    """In evaluation mode, with normalisations that do something."""
    for module in network.modules():
        if isinstance(module, NORMS) and module.running_mean is not None:
            for value in (module.running_mean, module.running_var, module.weight, module.bias):
                nn.init.uniform_(value, 0.5, 2.0)  # type: ignore[arg-type]
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, NORMS) for module in network.modules())


def test_a_folded_network_gives_the_same_without_its_normalisations() -> None:
    config = SmallConfig(widths=(4, 8), blocks=(1,), layout_channels=2, layout_grid=2, dim=12)
    network, crops = settled(Small(config)), synthetic_crops(3, 32, 0)
    before = network(crops)
    fold_normalisation(network)
    assert norms(network) == 0
    torch.testing.assert_close(network(crops), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)],
        [nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)],
        [nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4)],
        [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)],
    ],
    ids=["not next to it", "before it", "another layer", "statistics of the batch"],
)
def test_a_normalisation_that_cannot_be_folded_stays(layers: list[nn.Module]) -> None:
    network, images = settled(nn.Sequential(*layers)), torch.rand(2, 3, 8, 8)
    before = network(images)
    fold_normalisation(network)
    assert norms(network) == 1
    torch.testing.assert_close(network(images), before, rtol=0, atol=0)


def test_layers_that_run_in_an_order_of_their_own_stay() -> None:
    class Backwards(nn.Sequential):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self[0](self[1](images))

    network, images = settled(Backwards(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3))), torch.rand(2, 3, 8, 8)
    before = network(images)
    fold_normalisation(network)
    torch.testing.assert_close(network(images), before, rtol=0, atol=0)
