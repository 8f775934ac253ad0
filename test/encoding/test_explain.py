from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.explain import attention_maps, explain
from reobj.encoding.networks import NETWORKS, network_entry
from reobj.encoding.synthetic import synthetic_crops
from reobj.errors import InputError, ModelError

SIZE = 4
ONE, OTHER = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
#: A 2 x 2 map enlarged to 4 x 4: what a 1 in the first row or column becomes.
EDGE = torch.tensor([1.0, 0.75, 0.25, 0.0])
SMALL_OPTIONS: dict[str, dict[str, object]] = {
    "reobj": {"backbone": "resnet18", "reduced": 4, "widths": (4, 4, 4)},
    "attention": {"backbone": "vit_tiny_patch16_224", "pooling": "attention"},
    "maskreid": {"width": 4},
    "osnet": {"width": 0.125},
}


class Summing(nn.Module):
    """Streams of fixed maps (C, 2, 2); the embedding is their sum over places, and over streams."""

    def __init__(self, **maps: Tensor) -> None:
        super().__init__()
        self.maps = maps
        self.dim = len(next(iter(maps.values())))
        self.taps = nn.ModuleDict({name: nn.Identity() for name in maps})
        self.factor = nn.Parameter(torch.tensor(1.0))

    def forward(self, crops: Crops) -> Tensor:
        maps = (self.taps[name](part.repeat(len(crops), 1, 1, 1)) for name, part in self.maps.items())
        return self.factor * sum(part.sum(dim=(2, 3)) for part in maps)

    def explain_layers(self) -> dict[str, nn.Module]:
        return dict(self.taps)

    def attention_weights(self, crops: Crops) -> dict[str, Tensor]:
        return {name: part[0].repeat(len(crops), 1, 1) for name, part in self.maps.items()}


def crops_with(mask: Tensor, inside: Tensor | None = None) -> Crops:
    """One crop of black images with a mask (S, S)."""
    colour, mask = torch.zeros(1, 3, SIZE, SIZE), mask.float()[None, None]
    seen = torch.ones_like(mask, dtype=torch.bool) if inside is None else inside[None, None]
    return Crops(colour, colour, mask, seen)


def corner(row: int, column: int, value: float = 1.0) -> Tensor:
    """(2, 2), one value in a corner."""
    maps = torch.zeros(2, 2)
    maps[row, column] = value
    return maps


EVERYWHERE = crops_with(torch.ones(SIZE, SIZE))
NOWHERE = torch.zeros(2, 2)


def test_the_place_that_makes_the_target_similar_is_bright() -> None:
    """By hand: e = (1, 1), s = e1 / |e|, so ds/de = (1, -1) / 2^1.5: channel 0 counts, channel 1 against."""
    network = Summing(full=torch.stack([corner(0, 0), corner(1, 1)]))
    torch.testing.assert_close(explain(network, EVERYWHERE, ONE)["full"], torch.outer(EDGE, EDGE)[None])
    flipped = EDGE.flip(0)
    torch.testing.assert_close(
        explain(network, EVERYWHERE, OTHER)["full"], torch.outer(flipped, flipped)[None]
    )


def test_all_streams_of_a_crop_have_one_scale() -> None:
    """Channel 0 is 1 in the foreground and 1/4 in the background; channel 1 keeps s below 1."""
    mask = torch.zeros(SIZE, SIZE)
    mask[0, 0] = 1
    foreground = torch.stack([corner(0, 0), corner(1, 1)])
    background = torch.stack([corner(1, 0, 0.25), NOWHERE])
    found = explain(Summing(foreground=foreground, background=background), crops_with(mask), ONE)
    torch.testing.assert_close(found["foreground"], mask[None])
    torch.testing.assert_close(found["background"], torch.outer(EDGE.flip(0), EDGE)[None] / 4 * (1 - mask))


def test_nothing_is_bright_where_a_stream_does_not_look() -> None:
    mask, inside = torch.zeros(SIZE, SIZE), torch.ones(SIZE, SIZE, dtype=torch.bool)
    mask[:, :2], inside[0] = 1, False
    maps = torch.stack([torch.ones(2, 2), corner(1, 1)])
    found = explain(Summing(foreground=maps, background=maps, full=maps), crops_with(mask, inside), ONE)
    bright = {name: part[0] > 0 for name, part in found.items()}
    assert torch.equal(bright["foreground"], (mask > 0) & inside)
    assert not (bright["background"] & ((mask > 0) | ~inside)).any()
    assert torch.equal(bright["full"].any(dim=1), inside.any(dim=1))


def test_a_crop_that_nothing_speaks_for_is_dark() -> None:
    network = Summing(full=torch.stack([NOWHERE, corner(0, 0)]))
    assert not explain(network, EVERYWHERE, -OTHER)["full"].any()


def test_a_foreground_without_a_pixel_is_dark() -> None:
    maps = torch.stack([corner(0, 0), corner(1, 1)])
    found = explain(Summing(foreground=maps), crops_with(torch.zeros(SIZE, SIZE)), ONE)
    assert torch.equal(found["foreground"], torch.zeros(1, SIZE, SIZE))


def test_each_row_has_its_own_target() -> None:
    network = Summing(full=torch.stack([corner(0, 0), corner(1, 1)]))
    twice = Crops(*(torch.cat([part, part]) for part in vars_of(EVERYWHERE)))
    found = explain(network, twice, torch.cat([ONE, OTHER]))["full"]
    for row, target in enumerate((ONE, OTHER)):
        torch.testing.assert_close(found[row : row + 1], explain(network, EVERYWHERE, target)["full"])


def vars_of(crops: Crops) -> tuple[Tensor, ...]:
    return crops.foreground, crops.background, crops.mask, crops.inside


def test_the_network_is_left_as_it_was() -> None:
    network = Summing(full=torch.stack([corner(0, 0), corner(1, 1)])).train()
    network.taps.eval()
    explain(network, EVERYWHERE, ONE)
    assert network.training
    assert not network.taps.training
    assert network.factor.grad is None
    assert not network.taps["full"]._forward_hooks


def test_no_crops_give_no_maps() -> None:
    found = explain(Summing(full=torch.zeros(2, 2, 2)), EVERYWHERE.first(0), torch.zeros(0, 2))
    assert found["full"].shape == (0, SIZE, SIZE)


@pytest.mark.parametrize("shape", [(2, 2), (1, 3), (2,)])
def test_targets_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"targets: expected \(1, 2\), one embedding per crop"):
        explain(Summing(full=torch.zeros(2, 2, 2)), EVERYWHERE, torch.zeros(shape))


@pytest.mark.parametrize("setup", ["concat", "no-train"])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_can_be_explained(name: str, setup: str) -> None:
    torch.manual_seed(0)
    entry = network_entry(name)
    options = {"weights": "none"} if hasattr(entry.config(), "weights") else {}
    network = entry.make(entry.config(setup=setup, **{**SMALL_OPTIONS.get(name, {}), **options}), 32)
    with torch.inference_mode():  # as an encoder runs
        crops = synthetic_crops(2, 32, 0)
        found = explain(network, crops, network.eval()(crops).flip(0))
    assert set(found) <= {"foreground", "background", "full"}
    for maps in found.values():
        assert maps.shape == (2, 32, 32)
        assert maps.dtype == torch.float32
        assert ((maps >= 0) & (maps <= 1)).all()
    assert any(maps.any() for maps in found.values())


def test_attention_is_enlarged_and_scaled() -> None:
    network = Summing(full=corner(0, 0, 0.2)[None])
    torch.testing.assert_close(attention_maps(network, EVERYWHERE)["full"], torch.outer(EDGE, EDGE)[None])
    assert attention_maps(network, EVERYWHERE.first(0))["full"].shape == (0, SIZE, SIZE)


def test_attention_maps_of_a_vision_transformer_cover_both_streams() -> None:
    entry = network_entry("attention")
    options = {"weights": "none", **SMALL_OPTIONS["attention"]}
    network, crops = entry.make(entry.config(**options), 32), synthetic_crops(2, 32, 0)
    found = attention_maps(network, crops)
    assert set(found) == {"foreground", "background"}
    greatest = torch.stack([maps.amax(dim=(1, 2)) for maps in found.values()]).amax(dim=0)
    torch.testing.assert_close(greatest, torch.ones(2))


def test_a_network_without_attention_says_so() -> None:
    network = network_entry("osnet").make(network_entry("osnet").config(width=0.125), 32)
    with pytest.raises(ModelError, match="attention maps: expected a network with attention, got OSNet"):
        attention_maps(network, synthetic_crops(1, 32, 0))
