"""What the small networks are made of."""

from __future__ import annotations

from torch import nn

from reobj.weights import load_into, read_weights


def convolution(before: int, after: int, kernel: int, stride: int = 1, relu: bool = True) -> nn.Module:
    """Convolution, batch normalisation, ReLU. Sides are divided by the stride, rounded up (odd kernels)."""
    layers: list[nn.Module] = [
        nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(after),
    ]
    return nn.Sequential(*layers, nn.ReLU()) if relu else nn.Sequential(*layers)


def average() -> nn.Module:
    """Global average pooling: (N, C, h, w) to (N, C)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def load_trunk(trunk: nn.Module, weights: str) -> None:
    """Gives a trunk its weights: ``none`` leaves it as it was drawn, else a local file.

    The file holds the trunk's tensors, or those of a whole network of its kind, whose trunk is then taken.

    Raises:
        ModelError: no such file, or the tensors of another network.
    """
    if weights != "none":
        state = read_weights(weights)
        inner = {name.partition("trunk.")[2]: value for name, value in state.items() if "trunk." in name}
        load_into(trunk, inner or state, weights)
