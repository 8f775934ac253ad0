"""The first layers of a torchvision classification network, trained or not."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from reobj.errors import ModelError, mismatch
from reobj.weights import State, download_weights, load_into, read_weights


def build_trunk(backbone: str, tap: str, weights: str, seed: int) -> tuple[nn.Module, State]:
    """A network that maps images (N, 3, H, W) to the feature map (N, C, h, w) of one of its layers.

    Args:
        backbone: name of a torchvision classification model, e.g. ``resnet18``.
        tap: name of the layer whose output counts; what follows is not computed.
        weights: ``imagenet`` (torchvision's best), ``random``, or a local file with the model's state dict.
        seed: of random weights.

    Returns:
        The trunk in evaluation mode, and the weights it was given.

    Raises:
        ModelError: unknown model or layer, or weights that cannot be had or do not fit.
    """
    known = models.list_models(module=models)
    if backbone not in known:
        raise ModelError(
            mismatch("backbone", "a torchvision classification model, e.g. resnet18", repr(backbone))
        )
    network = models.get_model(backbone, weights=None)
    if weights == "random":
        _draw_weights(network, seed)
    elif weights == "imagenet":
        published = models.get_model_weights(backbone).DEFAULT
        load_into(network, download_weights(published), str(published))
    else:
        load_into(network, read_weights(weights), weights)
    _, nodes = get_graph_node_names(network)
    if not any(node == tap or node.startswith(f"{tap}.") for node in nodes):
        raise ModelError(mismatch("tap", f"a layer of {backbone}, e.g. {nodes[len(nodes) // 2]}", repr(tap)))
    trunk = _Single(create_feature_extractor(network.eval(), {tap: "out"}))
    return trunk.eval(), {name: value.clone() for name, value in trunk.state_dict().items()}


class _Single(nn.Module):
    """A feature extractor with one output, without the dictionary around it."""

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        self.extractor = extractor

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.extractor(images)["out"]
        return out


def _draw_weights(network: nn.Module, seed: int) -> None:
    """He et al. 2015 initialisation, drawn by numpy: the same bits on every machine."""
    rng = np.random.default_rng(seed)
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            shape = module.weight.shape
            drawn = rng.standard_normal(tuple(shape), dtype=np.float32) * np.sqrt(2 / np.prod(shape[1:]))
            module.weight.data = torch.from_numpy(drawn.astype(np.float32))
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@torch.no_grad()
def set_batch_norm(trunk: nn.Module, images: Tensor, batch: int = 64) -> None:
    """Sets the statistics of all batch normalisations to those of images (N, 3, H, W)."""
    layers = [module for module in trunk.modules() if isinstance(module, nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain average over the batches
        layer.train()
    for part in images.split(batch):
        trunk(part)
    trunk.eval()
