from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models

from reobj.encoding.trunk import build_trunk, set_batch_norm
from reobj.errors import ModelError


def test_a_trunk_gives_the_layers_own_output() -> None:
    trunk, _ = build_trunk("resnet18", "layer1", "random", 0)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    whole = models.resnet18(weights=None).eval()
    whole.load_state_dict(
        {**whole.state_dict(), **{k.removeprefix("extractor."): v for k, v in trunk.state_dict().items()}}
    )
    taken: list[torch.Tensor] = []
    whole.layer1.register_forward_hook(lambda module, inputs, output: taken.append(output))
    with torch.no_grad():
        whole(images)
        torch.testing.assert_close(trunk(images), taken[0])


def test_the_seed_decides_random_weights() -> None:
    first, again, other = (
        build_trunk("mobilenet_v3_small", "features.2", "random", seed)[1] for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_weights_from_a_local_file_are_used(tmp_path: Path) -> None:
    network = models.mobilenet_v3_small(weights=None)
    torch.save(network.state_dict(), tmp_path / "net.pth")
    _, state = build_trunk("mobilenet_v3_small", "features.0", str(tmp_path / "net.pth"), 0)
    torch.testing.assert_close(state["extractor.features.0.0.weight"], network.features[0][0].weight.detach())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(models.mobilenet_v3_small(weights=None).state_dict(), tmp_path / "net.pth")
    with pytest.raises(ModelError, match=r"expected those of ResNet, got \d+ missing \(bn1"):
        build_trunk("resnet18", "layer1", str(tmp_path / "net.pth"), 0)


@pytest.mark.parametrize(
    ("backbone", "tap", "message"),
    [
        ("resnet19", "layer1", "backbone: expected .* got 'resnet19'"),
        ("resnet18", "layer9", "tap: expected a layer of resnet18"),
    ],
)
def test_unknown_networks_and_layers_are_refused(backbone: str, tap: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build_trunk(backbone, tap, "random", 0)


def test_batch_norm_statistics_are_those_of_the_images() -> None:
    layer = nn.BatchNorm2d(3)
    images = 5 + 2 * torch.randn(200, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    set_batch_norm(nn.Sequential(layer), images, batch=50)
    torch.testing.assert_close(layer.running_mean, images.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(layer.running_var, images.var(dim=(0, 2, 3)), rtol=0.02, atol=0)
    assert not layer.training
