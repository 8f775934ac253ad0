from __future__ import annotations

import pytest
import torch
from crop_batches import crops_of, noise, noise_crops, rectangles
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from reobj.encoding.crops import Crops
from reobj.encoding.network_small import Small, SmallConfig, pool
from reobj.encoding.streams import Setup
from reobj.errors import InputError

TINY = {"widths": (8, 8, 16), "blocks": (1, 1), "layout_channels": 2, "layout_grid": 2, "dim": 12}


def network(setup: Setup) -> Small:
    torch.manual_seed(0)
    return Small(SmallConfig(setup, **TINY)).eval()  # type: ignore[arg-type]


def changed(part: Tensor) -> Crops:
    """Noise with other colours where ``part`` is 1; the mask stays."""
    mask = rectangles(3, 32)
    return crops_of(torch.where(part.bool(), noise(3, 32, seed=9), noise(3, 32)), mask)


def test_the_default_has_at_most_3_million_weights() -> None:
    assert sum(p.numel() for p in Small(SmallConfig()).parameters()) < 3e6


@pytest.mark.parametrize("setup", ["no-train", "full", "concat", "foreground", "background"])
@pytest.mark.parametrize("size", [32, 50])
def test_embeddings_have_length_1(setup: Setup, size: int) -> None:
    net = network(setup)
    embeddings = net(noise_crops(3, size))
    assert embeddings.shape == (3, net.dim)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("setup", ["no-train", "concat"])
def test_no_instances_give_no_embeddings(setup: Setup) -> None:
    net = network(setup)
    assert net(noise_crops(0, 32)).shape == (0, net.dim)


def test_foreground_does_not_see_the_background() -> None:
    net, mask = network("foreground"), rectangles(3, 32)
    before = net(noise_crops(3, 32))
    torch.testing.assert_close(net(changed(1 - mask)), before)
    assert (net(changed(mask)) - before).abs().max() > 1e-3


def test_background_does_not_see_the_foreground() -> None:
    net, mask = network("background"), rectangles(3, 32)
    before = net(noise_crops(3, 32))
    torch.testing.assert_close(net(changed(mask)), before)
    assert (net(changed(1 - mask)) - before).abs().max() > 1e-3


def test_full_does_not_know_the_mask() -> None:
    net = network("full")
    other = crops_of(noise(3, 32), torch.ones(3, 1, 32, 32))
    torch.testing.assert_close(net(other), net(crops_of(noise(3, 32), rectangles(3, 32))))


def test_concat_sees_both_and_the_mask() -> None:
    net, mask = network("concat"), rectangles(3, 32)
    before = net(noise_crops(3, 32))
    smaller = torch.zeros_like(mask)
    smaller[:, :, 12:20, 12:20] = 1
    for crops in (changed(mask), changed(1 - mask), crops_of(noise(3, 32), smaller)):
        assert (net(crops) - before).abs().max() > 1e-3


def test_instances_do_not_see_each_other() -> None:
    net, crops = network("concat"), noise_crops(4, 32)
    torch.testing.assert_close(net(crops)[:2], net(crops.first(2)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_mask_that_is_empty_or_fills_the_crop_gives_finite_embeddings(value: float) -> None:
    crops = crops_of(noise(2, 32), torch.full((2, 1, 32, 32), value))
    for setup in ("concat", "foreground", "background"):
        assert network(setup)(crops).isfinite().all()


def test_gradients_reach_every_weight() -> None:
    net = network("concat").train()
    net(noise_crops(4, 32))[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_no_train_has_no_head_and_nothing_to_train() -> None:
    parameters = dict(network("no-train").named_parameters())
    assert not any("head" in name or "layout" in name for name in parameters)
    assert not any(parameter.requires_grad for parameter in parameters.values())


def test_pooling_counts_only_the_region() -> None:
    maps = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    region = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    mean, generalised = pool(maps, region)
    assert mean.item() == pytest.approx(2.5)
    assert generalised.item() == pytest.approx(((1 + 64) / 2) ** (1 / 3))


def test_a_region_without_pixels_gives_nothing() -> None:
    mean, generalised = pool(torch.rand(1, 3, 2, 2), torch.zeros(1, 1, 8, 8))
    assert mean.abs().max() == 0
    assert generalised.max() < 1e-3


@given(st.integers(1, 4), st.integers(0, 3))
def test_each_level_needs_a_width(levels: int, widths: int) -> None:
    if widths == levels + 1:
        return
    with pytest.raises(InputError, match="widths"):
        SmallConfig(widths=(8,) * widths, blocks=(1,) * levels)


@pytest.mark.parametrize(
    "wrong", [{"dim": 0}, {"layout_grid": 0}, {"layout_channels": -1}, {"blocks": (0, 1, 1)}]
)
def test_sizes_are_positive(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        SmallConfig(**wrong)  # type: ignore[arg-type]
