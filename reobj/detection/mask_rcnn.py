"""torchvision's Mask R-CNN (He et al. 2017), trained on COCO, from a file, or untrained for tests."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models import WeightsEnum, detection

from reobj.devices import resolve_device
from reobj.errors import InputError, ModelError, mismatch
from reobj.tensors import upload
from reobj.types import Frame, Instances
from reobj.weights import State, download_weights, load_into, read_weights

_BUILDERS = {
    "maskrcnn_resnet50_fpn": (
        detection.maskrcnn_resnet50_fpn,
        detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1,
    ),
    "maskrcnn_resnet50_fpn_v2": (
        detection.maskrcnn_resnet50_fpn_v2,
        detection.MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
    ),
}

#: Names of COCO's classes by the network's class index, as torchvision publishes them with its weights.
COCO_LABELS: tuple[str, ...] = tuple(detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"])


@dataclass(frozen=True, slots=True)
class MaskRCNNConfig:
    """Which network, and which of its findings count.

    Attributes:
        network: ``maskrcnn_resnet50_fpn`` or ``maskrcnn_resnet50_fpn_v2`` (better, slower).
        weights: ``coco`` (torchvision's), a local .safetensors, .pth or .pt file of the same network, or
            ``random`` (for tests).
        labels: COCO classes to keep; all when empty.
        min_score: in [0, 1]. More finds fewer objects and fewer wrong ones.
        mask_threshold: in (0, 1), from which probability on a pixel belongs to the mask.
        min_area: least part of the image in [0, 1] that a mask covers where no better one hides it.
        max_instances: those with the highest score stay.
        input_size: shorter side in pixels that the network sees. More finds smaller objects, slower.
        half: half precision where the device is CUDA.
    """

    network: str = "maskrcnn_resnet50_fpn_v2"
    weights: str = "coco"
    labels: tuple[str, ...] = ()
    min_score: float = 0.5
    mask_threshold: float = 0.5
    min_area: float = 5e-4
    max_instances: int = 100
    input_size: int = 800
    half: bool = True

    def __post_init__(self) -> None:
        if self.network not in _BUILDERS:
            raise ModelError(mismatch("network", f"one of {', '.join(_BUILDERS)}", repr(self.network)))
        unknown = sorted(set(self.labels) - set(COCO_LABELS))
        if unknown:
            raise InputError(mismatch("labels", "names of COCO classes", unknown))
        for name in ("min_score", "mask_threshold", "min_area"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(mismatch(name, "a number in [0, 1]", getattr(self, name)))
        for name in ("max_instances", "input_size"):
            if getattr(self, name) < 1:
                raise InputError(mismatch(name, "an integer >= 1", getattr(self, name)))


def published_weights(network: str) -> WeightsEnum:
    """The weights that torchvision publishes of one of the networks that ``MaskRCNNConfig`` knows."""
    return _BUILDERS[network][1]


class MaskRCNNDetector:
    """Runs Mask R-CNN on each frame.

    Args:
        config: network and limits.
        device: as for ``resolve_device``.

    Raises:
        ModelError: the weights cannot be had, or belong to another network.
        DeviceError: no such device.
    """

    def __init__(self, config: MaskRCNNConfig | None = None, device: str = "auto") -> None:
        self._config = config or MaskRCNNConfig()
        self._device = resolve_device(device)
        self._network = _build(self._config).eval().to(self._device)
        wanted = self._config.labels or COCO_LABELS
        self._wanted = torch.tensor([name in wanted for name in COCO_LABELS], device=self._device)

    @torch.inference_mode()
    def detect(self, frame: Frame) -> Instances:
        """Instances by descending score; a pixel that two of them claim goes to the better one."""
        image = upload(frame.colour, self._device).permute(2, 0, 1).to(torch.float32) / 255
        with torch.autocast("cuda", torch.float16, enabled=self._config.half and self._device.type == "cuda"):
            found = self._network([image])[0]
        keep = self._wanted[found["labels"]] & torch.isfinite(found["scores"])
        order = torch.argsort(found["scores"][keep], descending=True, stable=True)
        rows = torch.nonzero(keep)[:, 0][order][: self._config.max_instances]
        masks = found["masks"][rows, 0] >= self._config.mask_threshold
        label_image, areas = resolve_overlaps(masks)
        large = areas >= max(1, self._config.min_area * frame.height * frame.width)
        kept = {name: found[name][rows[large]] for name in ("boxes", "scores", "labels")}
        return self._instances(kept, label_image, large)

    def _instances(self, found: dict[str, Tensor], label_image: Tensor, large: Tensor) -> Instances:
        """Numbers the instances that stay from 1 and takes everything to the host."""
        number = torch.zeros(len(large) + 1, dtype=torch.int32, device=self._device)
        number[1:][large] = torch.arange(1, int(large.sum()) + 1, dtype=torch.int32, device=self._device)
        return Instances(
            found["boxes"].float().cpu().numpy(),
            number[label_image].cpu().numpy().astype("uint16"),
            tuple(COCO_LABELS[i] for i in found["labels"].tolist()),
            found["scores"].float().clamp(0, 1).cpu().numpy(),
        )


def resolve_overlaps(masks: Tensor) -> tuple[Tensor, Tensor]:
    """One label image of masks that overlap: each pixel goes to the first mask that has it.

    Args:
        masks: (N, H, W) bool, best first.

    Returns:
        label image (H, W) int64, 0 = none, i = mask i - 1; and the pixels that each mask kept, (N,) int64.
    """
    count = len(masks)
    if count == 0:
        return masks.new_zeros(masks.shape[1:], dtype=torch.int64), masks.new_zeros(0, dtype=torch.int64)
    rank = torch.arange(count, 0, -1, dtype=torch.int16, device=masks.device)
    best = (masks * rank[:, None, None]).amax(dim=0).to(torch.int64)
    label_image = torch.where(best > 0, count + 1 - best, 0)
    return label_image, torch.bincount(label_image.flatten(), minlength=count + 1)[1:]


def _build(config: MaskRCNNConfig) -> nn.Module:
    """The network with its weights."""
    builder, published = _BUILDERS[config.network]
    network = builder(
        weights=None,
        weights_backbone=None,
        num_classes=len(COCO_LABELS),
        min_size=config.input_size,
        box_score_thresh=config.min_score,
        box_detections_per_img=2 * config.max_instances,
    )
    if config.weights == "coco":
        _load(network, download_weights(published), str(published))
    elif config.weights != "random":
        _load(network, read_weights(config.weights), config.weights)
    return network


def _load(network: nn.Module, state: State, origin: str) -> None:
    """Loads weights whose batch normalisation may have been frozen when they were trained.

    Those (torchvision's first version) lack the counters of batches, and were made with an epsilon of 0.
    """
    counters = {k: v for k, v in network.state_dict().items() if k.endswith("num_batches_tracked")}
    load_into(network, {**counters, **state}, origin)
    if counters and not counters.keys() & state.keys():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 0.0
