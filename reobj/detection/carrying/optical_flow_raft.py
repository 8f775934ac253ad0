"""Flow by RAFT (Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow", 2020)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.optical_flow import Raft_Small_Weights, raft_small

from reobj.detection.carrying.optical_flow import Flow, Image
from reobj.devices import resolve_device
from reobj.tensors import upload
from reobj.weights import download_weights, load_into, read_weights

#: sides are multiples of this, and
_STRIDE = 8
#: at least this: the pyramid of correlations has four levels
_LEAST_SIDE = 128


class RaftFlow:
    """Flow by a network, for GPUs. Both directions are one batch.

    Args:
        weights: ``torchvision`` (its own, fetched once), a local .safetensors, .pth or .pt file of
            ``raft_small``, or ``random`` (for tests).
        device: as for ``resolve_device``.

    Raises:
        ModelError: the weights cannot be had, or belong to another network.
        DeviceError: no such device.
    """

    def __init__(self, weights: str = "torchvision", device: str = "auto") -> None:
        self._device = resolve_device(device)
        network = raft_small(weights=None)
        if weights == "torchvision":
            published = Raft_Small_Weights.C_T_V2
            load_into(network, download_weights(published), str(published))
        elif weights != "random":
            load_into(network, read_weights(weights), weights)
        self._network = network.eval().to(self._device)

    @torch.inference_mode()
    def between(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """See ``OpticalFlow``."""
        height, width = a.shape[:2]
        images = torch.stack([upload(image, self._device) for image in (a, b)])
        padded = _padded(images.permute(0, 3, 1, 2).float() / 127.5 - 1)
        flow = self._network(padded, padded.flip(0))[-1][..., :height, :width]
        there, back = flow.permute(0, 2, 3, 1).float().cpu().contiguous().numpy()
        return there, back


def _padded(images: Tensor) -> Tensor:
    """Images (2, 3, H, W) with their last rows and columns repeated to a size that the network takes."""
    sides = (max(-(-side // _STRIDE) * _STRIDE, _LEAST_SIDE) for side in images.shape[-2:])
    more_y, more_x = (side - old for side, old in zip(sides, images.shape[-2:], strict=True))
    return functional.pad(images, (0, more_x, 0, more_y), mode="replicate")
