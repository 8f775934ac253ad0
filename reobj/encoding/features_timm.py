"""Any model of timm, DINOv2 among them, without its classifier."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from reobj.encoding.features_torchvision import torchvision_names
from reobj.encoding.weight_files import find_weights
from reobj.errors import ModelError
from reobj.weights import read_weights

Statistics = tuple[tuple[float, ...], tuple[float, ...]]


def timm_backbone(backbone: str, weights: str, image_size: int) -> tuple[nn.Module, int, Statistics]:
    """A network from images to features, its number of tokens without a place, and the images' statistics.

    Raises:
        ModelError: unknown model, weights that cannot be had or do not fit, or an impossible image size.
    """
    import timm  # takes a second, and most runs need no model of it

    published = timm.get_pretrained_cfg(backbone)
    if published is None or not timm.is_model(backbone):
        raise ModelError(_unknown(backbone, timm.list_models()))
    options: dict[str, Any] = {"num_classes": 0}
    if published.fixed_input_size:  # timm's mark of models whose parameters depend on it
        options["img_size"] = image_size
    if weights == "imagenet":
        network = _create_published(backbone, options)
    elif weights == "none":
        network = _create(backbone, options, f"images of {image_size} x {image_size} px")
    else:
        path = find_weights(weights, backbone)
        overlay = _as_published(dict(read_weights(path)), published.classifier)
        options |= {"pretrained": True, "pretrained_cfg_overlay": overlay}
        network = _create(backbone, options, f"weights {path}, images of {image_size} x {image_size} px")
    return _Features(network), getattr(network, "num_prefix_tokens", 0), (published.mean, published.std)


def _create(backbone: str, options: Mapping[str, Any], what: str) -> nn.Module:
    """The model, or ModelError that it cannot be made of ``what``."""
    import timm

    try:
        return timm.create_model(backbone, **options)
    except (AssertionError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"backbone {backbone}: cannot be made with {what}: {reason}") from error


def _create_published(backbone: str, options: Mapping[str, Any]) -> nn.Module:
    """The model with the weights that timm publishes, from the local cache if they were fetched before."""
    import timm

    try:
        return timm.create_model(backbone, pretrained=True, **options)
    except (OSError, RuntimeError, ValueError) as error:  # those of the Hugging Face Hub are OSErrors
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(
            f"weights imagenet for {backbone}: cannot be fetched by timm ({reason}). Without a network, give "
            f"weights as a path to a local file, or to a folder with {backbone}.safetensors in it"
        ) from error


def _as_published(state: dict[str, Tensor], classifier: str | tuple[str, ...] | None) -> dict[str, object]:
    """Local weights for timm's loader, which converts names and interpolates position embeddings.

    The classifier is left out here and said to have no classes, so that all that is left must fit: timm
    forgives missing tensors as soon as it has to drop a classifier itself.
    """
    heads = (classifier,) if isinstance(classifier, str) else classifier or ()
    kept = {k: v for k, v in state.items() if k.rpartition(".")[0] not in heads}
    return {"state_dict": kept, "num_classes": 0}


def _unknown(backbone: str, known: list[str]) -> str:
    near = difflib.get_close_matches(backbone, [*torchvision_names(), *known], n=4)
    hint = f", for instance {', '.join(near)}" if near else ""
    return f"backbone: expected a torchvision ResNet or ViT, or a timm model{hint}, got {backbone!r}"


class _Features(nn.Module):
    """A timm model up to its pooling."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, S, S) to (N, C, h, w) or (N, T, C)."""
        features: Tensor = self.network.forward_features(images)  # type: ignore[operator]
        channels = self.network.num_features
        if features.ndim == 4 and features.shape[1] != channels and features.shape[3] == channels:
            return features.permute(0, 3, 1, 2)  # some (Swin) keep channels last
        return features
