"""Backbones: networks without their classifier, which turn images into feature maps or tokens.

torchvision's ResNets and vision transformers go by torchvision's names and weights (``resnet50``,
``vit_b_16``); every other name is timm's (``vit_small_patch14_dinov2``, ``convnext_tiny``, and with its
tag even ``resnet50.a1_in1k``). Weights are one of

    none            the architecture's own random initialisation, from torch's global generator
    imagenet        what torchvision or timm publish as default for that name (for a DINOv2: DINOv2's)
    IMAGENET1K_V1   or another of torchvision's entries, for torchvision's names
    a path          a .safetensors, .pth or .pt file with the model's state dict, or a folder that holds one

A classifier in the weights is left out. Position embeddings of another image size are interpolated.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from reobj.encoding.crops import IMAGENET_MEAN, IMAGENET_STD
from reobj.encoding.features_timm import timm_backbone
from reobj.encoding.features_torchvision import is_torchvision, torchvision_backbone
from reobj.errors import ModelError, mismatch


class FeatureNet(nn.Module):
    """A backbone without its classifier.

    Args:
        body: maps images (N, 3, S, S) to (N, C, h, w), or to tokens (N, T, C) with ``prefix`` tokens that
            belong to no place before those of the h x w patches.
        image_size: S, pixels.
        prefix: number of those tokens.
        statistics: mean and deviation (3,) each, of the RGB images in [0, 1] the weights expect.

    Attributes:
        kind: ``map`` or ``tokens``: what ``forward`` returns.
        channels: C.
        grid: h and w.
        prefix: 0 for maps.
        image_size: S.

    Raises:
        ModelError: the body cannot take images of that size, or returns something else.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        body: nn.Module,
        image_size: int,
        prefix: int = 0,
        statistics: tuple[tuple[float, ...], tuple[float, ...]] = (IMAGENET_MEAN, IMAGENET_STD),
    ) -> None:
        super().__init__()
        self.body, self.image_size = body, image_size
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in statistics)
        own_mean, own_std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
        self._renormalise = statistics != (IMAGENET_MEAN, IMAGENET_STD)
        self.register_buffer("scale", own_std / std, persistent=False)
        self.register_buffer("shift", (own_mean - mean) / std, persistent=False)
        shape = _output_shape(self, image_size)
        self.kind: Literal["map", "tokens"] = "map" if len(shape) == 4 else "tokens"
        self.prefix = prefix if self.kind == "tokens" else 0
        self.channels, self.grid = _layout(shape, self.prefix)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, S, S), normalised as ``Crops``, to (N, C, h, w) or (N, T, C)."""
        if self._renormalise:
            images = images * self.scale + self.shift
        out: Tensor = self.body(images)
        return out


def build_features(backbone: str, weights: str, image_size: int) -> FeatureNet:
    """A backbone for square images.

    Args:
        backbone: name of a torchvision ResNet or vision transformer, or of any timm model.
        weights: ``none``, ``imagenet``, one of torchvision's entries, or a file or folder.
        image_size: side of the images, pixels.

    Raises:
        ModelError: unknown backbone, weights that cannot be had or belong to another architecture, or an
            image size that the architecture cannot take.
    """
    if image_size < 1:
        raise ModelError(mismatch("image size", "pixels > 0", image_size))
    if is_torchvision(backbone):
        body, prefix = torchvision_backbone(backbone, weights, image_size)
        return FeatureNet(body, image_size, prefix)
    body, prefix, statistics = timm_backbone(backbone, weights, image_size)
    return FeatureNet(body, image_size, prefix, statistics)


def split_places(features: Tensor, prefix: int, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """What a ``FeatureNet`` returns as tokens without a place (N, P, C), and a map (N, C, h, w)."""
    if features.ndim == 4:
        return features.new_zeros(len(features), 0, features.shape[1]), features
    return features[:, :prefix], features[:, prefix:].transpose(1, 2).unflatten(2, grid)


@torch.no_grad()
def _output_shape(network: FeatureNet, image_size: int) -> torch.Size:
    """Shape of the features of one image, without computing them: on the meta device."""
    state = {
        name: torch.empty_like(value, device="meta")
        for values in (network.named_parameters(), network.named_buffers())
        for name, value in values
    }
    image = torch.empty(1, 3, image_size, image_size, device="meta")
    was_training = network.training
    network.eval()
    try:
        out = functional_call(network, state, (image,))
    except (AssertionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"backbone: cannot take images of {image_size} x {image_size} px: {reason}"
        ) from error
    finally:
        network.train(was_training)
    if not isinstance(out, Tensor) or out.ndim not in (3, 4):
        raise ModelError(mismatch("backbone", "a feature map or tokens", type(out).__name__))
    return out.shape


def _layout(shape: torch.Size, prefix: int) -> tuple[int, tuple[int, int]]:
    """Channels and grid of features of that shape."""
    if len(shape) == 4:
        return shape[1], (shape[2], shape[3])
    side = round((shape[1] - prefix) ** 0.5)
    if side**2 != shape[1] - prefix:
        raise ModelError(
            mismatch(
                "backbone", "tokens of a square grid", f"{shape[1]} tokens, {prefix} of them without place"
            )
        )
    return shape[2], (side, side)
