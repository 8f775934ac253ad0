"""Which pixels of a crop make it similar to another one: Grad-CAM and attention, stream by stream.

Grad-CAM (Selvaraju et al. 2017, Eqs. 1 and 2) with the cosine similarity of two embeddings in the
place of a class score, as Stylianou et al. 2019 do for similarity networks. A stream's map is kept to
the pixels that the stream sees, and all streams of a crop are scaled by one number: where the
background counts for less than the foreground, it is darker. Attention is drawn in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reobj.encoding.crops import Crops
from reobj.errors import InputError, ModelError, mismatch


def explain(network: nn.Module, crops: Crops, targets: Tensor) -> dict[str, Tensor]:
    """Where each crop is similar to its target.

    Args:
        network: any network of the registry, on the device of the crops.
        crops: N crops of side S, the queries.
        targets: (N, dim) embeddings, the one that each query is compared with.

    Returns:
        For each stream of the network ("foreground", "background" or "full") an (N, S, S) float32
        tensor in [0, 1]: what raises the similarity. All zero where nothing does.

    Raises:
        InputError: targets of another shape.
    """
    expected = (len(crops), network.dim)
    if tuple(targets.shape) != expected:
        raise InputError(mismatch("targets", f"{expected}, one embedding per crop", tuple(targets.shape)))
    streams = {name: _seen(name, crops) for name in network.explain_layers()}  # type: ignore[operator]
    if not len(crops):
        return streams
    with torch.inference_mode(False), torch.enable_grad():
        cams = _grad_cams(network, _copied(crops), targets.detach().clone())
    return _scaled({name: cams[name] * seen for name, seen in streams.items()})


def attention_maps(network: nn.Module, crops: Crops) -> dict[str, Tensor]:
    """Where a network with attention looks, whatever a crop is compared with.

    Args:
        network: one with ``attention_weights``, on the device of the crops.
        crops: N crops of side S.

    Returns:
        As ``explain``: by stream (N, S, S) float32 in [0, 1].

    Raises:
        ModelError: the network has no attention.
    """
    if not hasattr(network, "attention_weights"):
        raise ModelError(mismatch("attention maps", "a network with attention", type(network).__name__))
    with torch.inference_mode(), _evaluating(network):
        weights: dict[str, Tensor] = network.attention_weights(crops)  # type: ignore[operator]
    size = crops.mask.shape[2:]
    if not len(crops):
        return {name: crops.mask.new_zeros(0, *size) for name in weights}
    return _scaled({name: _upscaled(w.float(), size) * _seen(name, crops) for name, w in weights.items()})


def _seen(stream: str, crops: Crops) -> Tensor:
    """(N, S, S) float32, 1 on the pixels that a stream sees: in the image, on its side of the mask."""
    inside, mask = crops.inside[:, 0].float(), crops.mask[:, 0].float()
    return {"foreground": mask * inside, "background": (1 - mask) * inside, "full": inside}[stream]


def _copied(crops: Crops) -> Crops:
    """Tensors made in inference mode do not take part in gradients; their copies do."""
    parts = (crops.foreground, crops.background, crops.mask, crops.inside)
    return Crops(*(part.clone() for part in parts))


def _grad_cams(network: nn.Module, crops: Crops, targets: Tensor) -> dict[str, Tensor]:
    """The rectified map of each stream, (N, S, S)."""
    layers: dict[str, nn.Module] = network.explain_layers()  # type: ignore[operator]
    with _evaluating(network), _recorded(layers) as maps:
        embeddings = network(crops)
    similarity = F.cosine_similarity(embeddings.float(), targets.float(), dim=1)
    # rows do not see each other, so that the gradient of the sum is that of each row's own similarity
    gradients = torch.autograd.grad(similarity.sum(), [maps[name] for name in layers])
    size = crops.mask.shape[2:]
    return {
        name: _upscaled(_rectified(maps[name].detach().float(), gradient.float()), size)
        for name, gradient in zip(layers, gradients, strict=True)
    }


def _rectified(maps: Tensor, gradients: Tensor) -> Tensor:
    """Eqs. 1 and 2: (N, h, w), the channels of maps (N, C, h, w) weighed by their mean gradient."""
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return (weights * maps).sum(dim=1).relu()


def _upscaled(cams: Tensor, size: torch.Size) -> Tensor:
    """(N, h, w) at the size of the crops."""
    return F.interpolate(cams[:, None], size, mode="bilinear", align_corners=False)[:, 0]


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode, and as it was afterwards."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _recorded(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Keeps the maps that each stream's layer gives, and lets gradients begin there."""
    maps: dict[str, Tensor] = {}

    def keep(name: str, layer: nn.Module, inputs: object, output: Tensor) -> Tensor:
        maps[name] = output.detach().requires_grad_()
        return maps[name].clone()  # what follows may write into it

    handles = [layer.register_forward_hook(partial(keep, name)) for name, layer in layers.items()]
    try:
        yield maps
    finally:
        for handle in handles:
            handle.remove()


def _scaled(maps: dict[str, Tensor]) -> dict[str, Tensor]:
    """Divided by the greatest value of each crop in any stream."""
    greatest = torch.stack([part.amax(dim=(1, 2)) for part in maps.values()]).amax(dim=0)
    greatest = greatest.clamp(min=torch.finfo(torch.float32).tiny)[:, None, None]
    return {name: part / greatest for name, part in maps.items()}
