"""What maskreid, osnet and appearance, whose trunks are their own, have in common."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.network_appearance import AppearanceConfig
from reobj.encoding.network_maskreid import MaskReIDConfig
from reobj.encoding.network_osnet import Gate, OSNetConfig
from reobj.encoding.networks import network_entry
from reobj.encoding.streams import Setup
from reobj.encoding.synthetic import synthetic_crops
from reobj.errors import ModelError

SIZE = 32
CONFIGS = {
    "maskreid": MaskReIDConfig(width=4, dim=12),
    "osnet": OSNetConfig(width=0.125),
    "appearance": AppearanceConfig(),
}
SETUPS = get_args(Setup)
Make = Callable[..., nn.Module]


@pytest.fixture(params=list(CONFIGS))
def make(request: pytest.FixtureRequest) -> Make:
    """Makes the network with other options, its statistics those of some crops."""
    return lambda **options: copy.deepcopy(_build(request.param, **options))


@functools.cache
def _build(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    network = network_entry(name).make(replace(CONFIGS[name], **options), SIZE)
    for layer in network.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.momentum = 1.0
    with torch.no_grad():
        network.train()(synthetic_crops(8, SIZE, 1))
    return network.eval()


@pytest.fixture(scope="module")
def crops() -> Crops:
    return synthetic_crops(5, SIZE, 0)


@torch.no_grad()
def difference(network: nn.Module, one: Crops, other: Crops) -> Tensor:
    return (network(one) - network(other)).abs().amax()


@pytest.mark.parametrize("setup", ["full", "no-train"])
def test_a_full_crop_does_not_show_where_the_mask_is(make: Make, crops: Crops, setup: Setup) -> None:
    """Foreground and background of one colour picture, parted by another mask."""
    generator = torch.Generator().manual_seed(2)
    colour = torch.randn(5, 3, SIZE, SIZE, generator=generator)
    parted = []
    for mask in (crops.mask, 1 - crops.mask):
        parted.append(Crops(colour * mask, colour * (1 - mask), mask, crops.inside))
    assert difference(make(setup=setup), *parted) == 0


@pytest.mark.parametrize("setup", ["full", "concat", "foreground", "background"])
def test_gradients_reach_every_parameter(make: Make, crops: Crops, setup: Setup) -> None:
    network = make(setup=setup).train()
    for gate in (m for m in network.modules() if isinstance(m, Gate)):
        nn.init.ones_(gate.weigh[1].bias)  # a hidden unit that is off has none
    (network(crops) * torch.linspace(-1, 1, network.dim)).sum().backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_nothing_is_trained_without_training(make: Make) -> None:
    assert not any(parameter.requires_grad for parameter in make(setup="no-train").parameters())


def test_embeddings_have_length_one_unless_asked_otherwise(make: Make, crops: Crops) -> None:
    with torch.no_grad():
        plain, unit = (make(normalise=normalise)(crops) for normalise in (False, True))
    torch.testing.assert_close(unit, plain / plain.norm(dim=1, keepdim=True))
    assert not torch.allclose(plain.norm(dim=1), torch.ones(5), atol=1e-3)


def test_a_trunk_begins_with_that_of_a_saved_network(make: Make, tmp_path: Path) -> None:
    saved = {name: value + 1 for name, value in make(setup="full").state_dict().items()}
    save_file(saved, tmp_path / "model.safetensors")
    begun = make(setup="no-train", weights=str(tmp_path / "model.safetensors")).state_dict()
    kernels = [name for name, value in begun.items() if value.ndim == 4]
    assert kernels
    assert all(torch.equal(begun[name], saved[name]) for name in kernels)


def test_weights_of_another_network_are_refused(make: Make, tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="unknown"):
        make(weights=str(tmp_path / "other.safetensors"))


def test_published_weights_do_not_exist(make: Make) -> None:
    with pytest.raises(ModelError, match="weights"):
        make(weights="imagenet")


@pytest.mark.parametrize("setup", SETUPS)
def test_the_layers_to_explain_give_maps_of_one_stream(make: Make, crops: Crops, setup: Setup) -> None:
    network = make(setup=setup)
    found = {}
    for name, layer in network.explain_layers().items():
        layer.register_forward_hook(lambda m, i, output, name=name: found.update({name: output.shape}))
    network(crops)
    assert found.keys() == network.explain_layers().keys()
    assert all(len(shape) == 4 and shape[0] == 5 for shape in found.values())
