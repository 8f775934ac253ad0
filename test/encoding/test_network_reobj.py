from __future__ import annotations

import pytest
import torch
from crop_batches import noise_crops
from torch.nn import functional as F

from reobj.encoding.network_reobj import ReobjConfig, conv_block, make_reobj
from reobj.errors import InputError

_SMALL = {"backbone": "test_resnet", "weights": "none", "widths": (8, 16, 12)}


def _sides(side: int) -> list[int]:
    """Sides of the maps that the ConvBlock's convolutions see, and of its result."""
    block = conv_block(4, (4, 4, 4), batch_norm=False)
    sides = []
    for layer in block:
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_pre_hook(lambda _layer, inputs: sides.append(inputs[0].shape[2]))
    result = block(torch.zeros(1, 4, side, side))
    return [*sides, result.shape[2]]


def test_the_papers_network_has_the_papers_shapes() -> None:
    with torch.device("meta"):  # shapes only
        block = conv_block(1024, ReobjConfig().widths, batch_norm=False)
        assert block(torch.empty(1, 1024, 7, 7)).shape == (1, 2048, 2, 2)
    network = make_reobj(ReobjConfig(weights="none"), 224)
    assert network.features.grid == (7, 7)
    assert network.reduce[0].weight.shape == (512, 2048, 1, 1)
    assert network.dim == 2048


@pytest.mark.parametrize(
    ("side", "sides"), [(7, [7, 4, 2, 2]), (3, [3, 2, 1, 1]), (14, [14, 7, 4, 4]), (1, [1, 1, 1, 1])]
)
def test_the_first_two_pools_halve_the_grid_rounded_up(side, sides) -> None:
    assert _sides(side) == sides


def test_the_papers_head_is_convolutions_and_max_pools_alone() -> None:
    network = make_reobj(ReobjConfig(**_SMALL, reduced=6), 224).eval()
    crops = noise_crops(1, 224)
    first, second, third = (layer for layer in network.block if isinstance(layer, torch.nn.Conv2d))
    with torch.no_grad():
        streams = [network.features.backbones[0](image) for image in (crops.foreground, crops.background)]
        reduced = [F.conv2d(maps, network.reduce[0].weight, network.reduce[0].bias) for maps in streams]
        x = F.conv2d(torch.cat(reduced, dim=1), first.weight, first.bias, padding=1)
        assert x.shape == (1, 8, 7, 7)
        # padded to 8 x 8 by values that no maximum takes
        x = F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 2)
        x = F.max_pool2d(F.conv2d(x, second.weight, second.bias, padding=1), 2)
        x = F.max_pool2d(F.conv2d(x, third.weight, third.bias, padding=1), 2)
        assert x.shape == (1, 12, 1, 1)
        torch.testing.assert_close(network(crops), x.flatten(1), rtol=1e-3, atol=1e-4)


def test_without_the_reduction_the_backbones_channels_are_joined() -> None:
    network = make_reobj(ReobjConfig(**_SMALL, reduced=0), 64)
    assert network.block[0].in_channels == 2 * network.features.channels


def test_streams_that_do_not_share_have_a_reduction_each() -> None:
    network = make_reobj(ReobjConfig(**_SMALL, shared=False), 64)
    assert (len(network.reduce), len(network.features.backbones)) == (2, 2)


def test_our_head_gives_short_embeddings_of_length_one() -> None:
    config = ReobjConfig(**_SMALL, batch_norm=True, pooling="gem", projection=10, normalise=True)
    with torch.no_grad():
        embeddings = make_reobj(config, 96).eval()(noise_crops(2, 96))
    assert embeddings.shape == (2, 10)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))


def test_no_train_is_the_mean_of_the_backbones_map() -> None:
    network = make_reobj(ReobjConfig("no-train", **_SMALL), 64).eval()
    crops = noise_crops(2, 64)
    [layer] = network.explain_layers().values()
    maps = []
    layer.register_forward_hook(lambda _layer, _inputs, out: maps.append(out))
    torch.testing.assert_close(network(crops), maps[0].flatten(2).mean(dim=2))


@pytest.mark.parametrize("options", [{"widths": (0, 1, 1)}, {"reduced": -1}, {"projection": -1}])
def test_impossible_sizes_are_refused(options) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        ReobjConfig(**options)
