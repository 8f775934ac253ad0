from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from reobj.encoding.network_osnet import Gate, OmniScaleBlock, OSNet, OSNetConfig, OSNetTrunk
from reobj.errors import InputError


@pytest.mark.parametrize(
    ("width", "parameters", "mult_adds"),
    [(1.0, 2.2, 978.9), (0.75, 1.3, 571.8), (0.5, 0.6, 272.9), (0.25, 0.2, 82.3)],
)
def test_sizes_are_those_of_the_paper(width: float, parameters: float, mult_adds: float) -> None:
    """Zhou et al. 2019, the table of width multipliers: millions, for an image of 256x128."""
    with torch.device("meta"):
        network = OSNet(OSNetConfig("full", width)).eval()
        image = torch.empty(1, 3, 256, 128)
    with FlopCounterMode(display=False) as counter:
        network.head(network.streams.trunk(image))
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == parameters
    assert round(counter.get_total_flops() / 2e6, 1) == mult_adds  # the counter has two for each


def test_maps_are_sixteen_times_smaller() -> None:
    trunk = OSNetTrunk(0.125).eval()
    assert trunk(torch.zeros(2, 3, 96, 64)).shape == (2, 64, 6, 4)


def test_the_streams_of_a_block_see_3_5_7_and_9_pixels() -> None:
    block = OmniScaleBlock(16, 16).eval()
    assert [_extent(stream) for stream in block.streams] == [(3, 3), (5, 5), (7, 7), (9, 9)]


def _extent(stream: torch.nn.Module) -> tuple[int, int]:
    """Height and width of what the centre of the output depends on."""
    with torch.no_grad():  # positive all through, so that nothing is cut off or cancels
        for parameter in stream.parameters():
            parameter.fill_(0.5)
    maps = torch.ones(1, 4, 15, 15, requires_grad=True)
    (slope,) = torch.autograd.grad(stream(maps)[0, :, 7, 7].sum(), maps)
    seen = slope[0].abs().sum(dim=0) > 0
    return int(seen.any(dim=1).sum()), int(seen.any(dim=0).sum())


def test_the_gate_gives_one_weight_per_image_and_channel() -> None:
    gate = Gate(32)
    maps = torch.rand(2, 32, 4, 4) + 0.1
    weights = gate(maps) / maps
    torch.testing.assert_close(weights, weights[:, :, :1, :1].expand_as(weights))
    assert ((weights > 0) & (weights < 1)).all()


def test_the_gate_without_a_hidden_answer_halves() -> None:
    gate = Gate(16)
    with torch.no_grad():
        for parameter in gate.parameters():
            parameter.zero_()
    maps = torch.randn(2, 16, 3, 3)
    torch.testing.assert_close(gate(maps), maps / 2)  # sigmoid(0)


def test_a_block_adds_its_streams_after_one_common_gate() -> None:
    block = OmniScaleBlock(16, 16).eval()
    maps = torch.randn(2, 16, 8, 8)
    mixed: Tensor = sum(block.gate(stream(block.reduce(maps))) for stream in block.streams)  # type: ignore[assignment]
    torch.testing.assert_close(block(maps), (maps + block.restore(mixed)).relu())


@pytest.mark.parametrize("width", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_widths_are_refused(width: float) -> None:
    with pytest.raises(InputError, match="width: expected a number > 0"):
        OSNetConfig(width=width)
