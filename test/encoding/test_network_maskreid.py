from __future__ import annotations

import pytest
import torch

from reobj.encoding.crops import Crops
from reobj.encoding.gem import GeM
from reobj.encoding.network_maskreid import (
    FusingLayer,
    Inception,
    InceptionHalving,
    MaskReID,
    MaskReIDConfig,
    MaskReIDTrunk,
)
from reobj.encoding.synthetic import synthetic_crops
from reobj.errors import InputError


def test_an_inception_module_joins_four_branches() -> None:
    maps = torch.randn(2, 6, 8, 8)
    module = Inception(6, 5).eval()
    joined = module(maps)
    assert joined.shape == (2, 20, 8, 8)
    torch.testing.assert_close(joined[:, 5:10], module.branches[1](maps))


def test_the_halving_module_keeps_its_input_pooled() -> None:
    maps = torch.randn(2, 6, 8, 8)
    joined = InceptionHalving(6, 5).eval()(maps)
    assert joined.shape == (2, 16, 4, 4)
    torch.testing.assert_close(joined[:, 10:], torch.nn.functional.max_pool2d(maps, 3, 2, 1))


def test_three_levels_halve_the_map_and_widen_it() -> None:
    trunk = MaskReIDTrunk(width=4, images=2).eval()
    images = [torch.zeros(1, 3, 64, 64) for _ in range(2)]
    assert [tuple(level.shape) for level in trunk(images)] == [(1, 24, 16, 16), (1, 48, 8, 8), (1, 96, 4, 4)]
    assert trunk.channels == [24, 48, 96]


@pytest.mark.parametrize(("setup", "images"), [("concat", 2), ("full", 1), ("foreground", 1)])
def test_each_image_has_first_layers_of_its_own(setup: str, images: int) -> None:
    network = MaskReID(MaskReIDConfig(setup, width=4))
    assert len(network.trunk.first) == images
    kernels = [next(layers.parameters()) for layers in network.trunk.first]
    assert len({id(kernel) for kernel in kernels}) == images


def test_concat_sees_the_masked_and_the_original_image() -> None:
    network = MaskReID(MaskReIDConfig(width=4)).eval()
    seen: list[torch.Tensor] = []
    for layers in network.trunk.first:
        layers.register_forward_hook(lambda m, inputs, output: seen.append(inputs[0]))
    colour = torch.rand(2, 3, 32, 32)
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:24] = 1
    network(Crops(colour * mask, colour * (1 - mask), mask, mask.bool()))
    torch.testing.assert_close(seen[0], colour * mask)
    torch.testing.assert_close(seen[1], colour)


@pytest.mark.parametrize("pooling", ["average", "gem"])
def test_the_fusing_layer_sees_all_three_levels(pooling: str) -> None:
    fuse = FusingLayer([2, 3, 4], MaskReIDConfig(pooling=pooling, dim=5)).eval()  # type: ignore[arg-type]
    levels = [torch.rand(2, c, side, side) for c, side in ((2, 8), (3, 4), (4, 2))]
    before = fuse(levels)
    assert before.shape == (2, 5)
    for index in range(3):
        other = [level + (0.5 if i == index else 0) for i, level in enumerate(levels)]
        assert (fuse(other) - before).abs().max() > 1e-4


def test_average_pooling_and_a_plain_dense_layer_are_the_papers() -> None:
    fuse = FusingLayer([1, 1, 1], MaskReIDConfig(dim=1))
    with torch.no_grad():
        fuse.dense[0].weight.copy_(torch.tensor([[1.0, 10.0, 100.0]]))
        fuse.dense[0].bias.zero_()
    levels = [torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[5.0]]]]), torch.tensor([[[[7.0]]]])]
    assert fuse(levels).item() == pytest.approx(1 * 2 + 10 * 5 + 100 * 7)


def test_ours_pools_by_gem_and_normalises_the_batch() -> None:
    network = MaskReID(MaskReIDConfig(width=4, pooling="gem", dim=16, batch_norm=True))
    assert network.fuse is not None
    assert all(isinstance(pool, GeM) for pool in network.fuse.pools)
    network.normalise = False
    embeddings = network(synthetic_crops(16, 32, 0))
    torch.testing.assert_close(embeddings.mean(dim=0), torch.zeros(16), atol=1e-5, rtol=0)


@pytest.mark.parametrize("options", [{"width": 0}, {"dim": 0}])
def test_impossible_sizes_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected an integer >= 1, got 0"):
        MaskReIDConfig(**options)  # type: ignore[arg-type]
