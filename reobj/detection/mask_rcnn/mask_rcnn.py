"""torchvision's Mask R-CNN (He et al. 2017), trained on COCO, trained here, or untrained for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reobj.detection.batches import same_sizes
from reobj.detection.findings import SPARE, FindingLimits, Findings, check_labels, to_instances
from reobj.detection.mask_rcnn.mask_rcnn_weights import COCO_LABELS, load_network
from reobj.detection.mask_rcnn.torchvision_networks import network_entry, set_limits
from reobj.detection.warm_up import warm_up
from reobj.devices import describe_device, resolve_device
from reobj.errors import InputError, mismatch
from reobj.tensors import upload
from reobj.types import Frame, Instances

_WARM = 4  #: findings of the first pass, enough to go through all heads
_SMALL = 64  #: input size of the first pass on a CPU


@dataclass(frozen=True, slots=True)
class MaskRCNNConfig(FindingLimits):
    """Which network, and which of its findings count.

    Attributes:
        network: ``maskrcnn_resnet50_fpn``, ``maskrcnn_resnet50_fpn_v2`` (better, slower) or
            ``maskrcnn_mobilenet_v3_large_fpn`` (for CPUs; nobody publishes weights of it). A folder in
            ``weights`` says itself which one it is.
        weights: ``coco`` (torchvision's), a folder that ``reobj train-detector`` wrote, a local
            .safetensors, .pth or .pt file of the same network with COCO's classes, or ``random`` (for tests).
        input_size: shorter side in pixels that the network sees; 0 for the one it was trained with. More
            finds smaller objects, slower.
        half: half precision where the device is CUDA.
    """

    network: str = "maskrcnn_resnet50_fpn_v2"
    weights: str = "coco"
    input_size: int = 0
    half: bool = True

    def __post_init__(self) -> None:
        FindingLimits.__post_init__(self)  # a class with slots has no super() without arguments
        network_entry(self.network)
        if self.weights in ("coco", "random"):
            check_labels(self.labels, COCO_LABELS)
        if self.input_size < 0:
            raise InputError(mismatch("input_size", "an integer >= 0", self.input_size))


class MaskRCNNDetector:
    """Runs Mask R-CNN on each frame.

    Args:
        config: network and limits.
        device: as for ``resolve_device``.

    Raises:
        ModelError: the weights cannot be had, or belong to another network.
        InputError: ``labels`` has a name that the network does not know.
        DeviceError: no such device.
    """

    def __init__(self, config: MaskRCNNConfig | None = None, device: str = "auto") -> None:
        self._config = config or MaskRCNNConfig()
        self._device = resolve_device(device)
        loaded = load_network(self._config.network, self._config.weights)
        self._network, self._names = loaded.network.eval().to(self._device), loaded.names
        self._wanted = self._config.wanted(self._names).to(self._device)
        self._size = self._config.input_size or loaded.input_size
        self._warm_up(f"{loaded.architecture} ({self._config.weights})")

    def _warm_up(self, name: str) -> None:
        """One pass through all heads: without a least score there is something to find even in nothing."""
        gpu = self._device.type == "cuda"  # has to see the size that is to come, a CPU does not
        set_limits(self._network, 0.0, _WARM, self._size if gpu else _SMALL)
        warm_up(self.detect, name, describe_device(self._device))
        set_limits(self._network, self._config.min_score, SPARE * self._config.max_instances, self._size)

    def detect(self, frame: Frame) -> Instances:
        """Instances by descending score; a pixel that two of them claim goes to the better one."""
        return self.detect_batch([frame])[0]

    @torch.inference_mode()
    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        """Instances of each frame, as ``detect`` finds them. Frames of one size run together."""
        found: dict[int, Instances] = {}
        for places in same_sizes(frames):
            images = [self._image(frames[place]) for place in places]
            half = self._config.half and self._device.type == "cuda"
            with torch.autocast("cuda", torch.float16, enabled=half):
                outputs = self._network(images)
            for place, output in zip(places, outputs, strict=True):
                found[place] = self._instances(frames[place], output)
        return [found[place] for place in range(len(frames))]

    def _image(self, frame: Frame) -> Tensor:
        return upload(frame.colour, self._device).permute(2, 0, 1).to(torch.float32) / 255

    def _instances(self, frame: Frame, output: dict[str, Tensor]) -> Instances:
        found = Findings(output["boxes"], output["scores"], output["labels"], output["masks"][:, 0])
        return to_instances(found, self._names, self._wanted, self._config, frame.height, frame.width)
