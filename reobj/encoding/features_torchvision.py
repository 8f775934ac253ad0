"""ResNets and vision transformers of torchvision, without their classifier."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import VisionTransformer, WeightsEnum
from torchvision.models.vision_transformer import interpolate_embeddings

from reobj.encoding.weight_files import find_weights
from reobj.errors import ModelError, mismatch
from reobj.weights import State, download_weights, load_into, read_weights

#: Where torchvision keeps the architectures that are taken from it; all others are taken from timm.
_MODULES = (models.resnet.__name__, models.vision_transformer.__name__)
#: The classifier's name in each of them.
_HEADS = ("fc.", "heads.")


def torchvision_names() -> list[str]:
    """Names of the backbones that are torchvision's."""
    names = models.list_models(module=models)
    return [name for name in names if models.get_model_builder(name).__module__ in _MODULES]


def is_torchvision(backbone: str) -> bool:
    """Whether a backbone is torchvision's."""
    return backbone in torchvision_names()


def torchvision_backbone(backbone: str, weights: str, image_size: int) -> tuple[nn.Module, int]:
    """A network from images to features, and its number of tokens without a place.

    Raises:
        ModelError: weights that cannot be had or do not fit, or an impossible image size.
    """
    network = _without_weights(backbone, image_size)
    transformer = isinstance(network, VisionTransformer)
    if weights != "none":
        state, origin = _find(backbone, weights)
        if transformer:
            state = _at_size(network, state, origin, image_size)
        load_into(network, state, f"{origin} for {backbone}")
    return (_Tokens(network), 1) if transformer else (_trunk(network), 0)


def _without_weights(backbone: str, image_size: int) -> nn.Module:
    """The network at its random initialisation, its classifier replaced by nothing."""
    if models.get_model_builder(backbone).__module__ == models.resnet.__name__:
        network = models.get_model(backbone, weights=None)
        network.fc = nn.Identity()
        return network
    try:
        network = models.get_model(backbone, weights=None, image_size=image_size)
    except AssertionError as error:
        patch = backbone.rpartition("_")[2]  # torchvision's names end in the patch's side
        raise ModelError(
            mismatch("image size", f"a multiple of {patch} px for backbone {backbone}", image_size)
        ) from error
    network.heads = nn.Identity()
    return network


def _find(backbone: str, weights: str) -> tuple[State, str]:
    """The tensors that ``weights`` names, without those of a classifier, and where they are from."""
    published: type[WeightsEnum] = models.get_model_weights(backbone)
    if weights == "imagenet" or weights in published.__members__:
        entry = published.DEFAULT if weights == "imagenet" else published[weights]
        state, origin = download_weights(entry), str(entry)
    else:
        names = [Path(entry.url).name for entry in published]
        path = find_weights(weights, backbone, names)
        state, origin = read_weights(path), str(path)
    return {name: value for name, value in state.items() if not name.startswith(_HEADS)}, origin


def _at_size(network: VisionTransformer, state: State, origin: str, image_size: int) -> State:
    """The weights with position embeddings for images of that size."""
    if "encoder.pos_embedding" not in state:
        return state  # of another architecture: loading says so
    try:
        return interpolate_embeddings(image_size, network.patch_size, OrderedDict(state))
    except ValueError as error:
        raise ModelError(f"weights {origin}: position embeddings cannot be interpolated: {error}") from error


def _trunk(network: nn.Module) -> nn.Sequential:
    """All layers of a ResNet before its global pooling, under their own names."""
    layers = OrderedDict(network.named_children())
    return nn.Sequential(OrderedDict((k, v) for k, v in layers.items() if k not in ("avgpool", "fc")))


class _Tokens(nn.Module):
    """All tokens that a vision transformer's encoder returns, the class token first."""

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self.conv_proj, self.class_token = network.conv_proj, network.class_token
        self.encoder = network.encoder

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) to (N, 1 + patches, C)."""
        patches = self.conv_proj(images).flatten(2).transpose(1, 2)
        tokens: Tensor = self.encoder(
            torch.cat([self.class_token.expand(len(patches), -1, -1), patches], dim=1)
        )
        return tokens
