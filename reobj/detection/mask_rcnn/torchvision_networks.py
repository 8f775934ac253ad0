"""torchvision's instance segmentation networks by name, built without fetching anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torchvision.models import (
    MobileNet_V3_Large_Weights,
    ResNet50_Weights,
    WeightsEnum,
    detection,
    mobilenet_v3_large,
)
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor

from reobj.errors import ModelError, mismatch

#: (H, W) of what the box head sees of each region, as everywhere in torchvision.
_REGION = 7

# The light network. A quarter of the channels of torchvision's feature pyramids, so that it runs and learns
# on a CPU; anchors of half their size, as its images are half as large.
_CHANNELS = 64
_BOX_FEATURES = 256
_ANCHORS = ((16,), (32,), (64,), (128,), (256,))
_RATIOS = ((0.5, 1.0, 2.0),) * len(_ANCHORS)
#: blocks of MobileNetV3's trunk whose outputs have strides of 4, 8, 16 and 32 pixels, and their channels
_STAGES = {"3": 24, "6": 40, "12": 112, "16": 960}


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """How a network is built, and which weights are published of it.

    Attributes:
        build: ``build(num_classes, min_size)``; one of the classes is the background.
        backbone: published weights of its trunk, trained on ImageNet.
        coco: published weights of the whole, trained on COCO; None where there are none.
        input_size: shorter side in pixels that it is made for.
    """

    build: Callable[[int, int], MaskRCNN]
    backbone: WeightsEnum
    coco: WeightsEnum | None
    input_size: int


def _resnet(builder: Callable[..., MaskRCNN]) -> Callable[[int, int], MaskRCNN]:
    def build(num_classes: int, min_size: int) -> MaskRCNN:
        return builder(weights=None, weights_backbone=None, num_classes=num_classes, min_size=min_size)

    return build


def _separable(channels: int) -> nn.Sequential:
    """A convolution of 3x3 in two steps, normalised: an eighth of the work, learned from nothing."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )


def _mobilenet(num_classes: int, min_size: int) -> MaskRCNN:
    """Mask R-CNN with narrow heads on MobileNetV3-Large (Howard et al. 2019) and a feature pyramid."""
    layers = {block: str(level) for level, block in enumerate(_STAGES)}
    trunk = mobilenet_v3_large(weights=None).features
    return MaskRCNN(
        BackboneWithFPN(trunk, layers, list(_STAGES.values()), _CHANNELS, norm_layer=nn.BatchNorm2d),
        min_size=min_size,
        rpn_anchor_generator=AnchorGenerator(_ANCHORS, _RATIOS),
        rpn_pre_nms_top_n_train=500,  # with these three a step takes half the time
        rpn_post_nms_top_n_train=300,
        box_batch_size_per_image=64,
        rpn_pre_nms_top_n_test=500,
        rpn_post_nms_top_n_test=200,
        box_head=TwoMLPHead(_CHANNELS * _REGION**2, _BOX_FEATURES),
        box_predictor=detection.faster_rcnn.FastRCNNPredictor(_BOX_FEATURES, num_classes),
        mask_head=nn.Sequential(*(_separable(_CHANNELS) for _ in range(4))),
        mask_predictor=MaskRCNNPredictor(_CHANNELS, _CHANNELS, num_classes),
    )


NETWORKS: Mapping[str, NetworkEntry] = {
    "maskrcnn_resnet50_fpn": NetworkEntry(
        _resnet(detection.maskrcnn_resnet50_fpn),
        ResNet50_Weights.IMAGENET1K_V1,
        detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1,
        800,
    ),
    "maskrcnn_resnet50_fpn_v2": NetworkEntry(
        _resnet(detection.maskrcnn_resnet50_fpn_v2),
        ResNet50_Weights.IMAGENET1K_V1,
        detection.MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
        800,
    ),
    "maskrcnn_mobilenet_v3_large_fpn": NetworkEntry(
        _mobilenet, MobileNet_V3_Large_Weights.IMAGENET1K_V1, None, 320
    ),
}


def network_entry(name: str) -> NetworkEntry:
    """Raises ModelError for an unknown name, with those that are known."""
    if name not in NETWORKS:
        raise ModelError(mismatch("network", f"one of {', '.join(NETWORKS)}", repr(name)))
    return NETWORKS[name]


def build_network(name: str, labels: int, input_size: int) -> MaskRCNN:
    """A network without trained weights, in training mode, in torchvision's form.

    In training it takes images, each (3, H, W) float32 in [0, 1], and targets (``boxes`` (N, 4),
    ``labels`` (N,) from 1, ``masks`` (N, H, W) uint8) and gives a mapping of losses; in evaluation it
    takes images and gives ``boxes``, ``labels``, ``scores`` and ``masks`` (N, 1, H, W) of each.

    Args:
        name: as in ``NETWORKS``.
        labels: number of classes without the background, >= 1.
        input_size: shorter side in pixels that images are scaled to.

    Raises:
        ModelError: unknown name.
    """
    return network_entry(name).build(labels + 1, input_size)


def load_backbone(network: MaskRCNN, state: Mapping[str, Tensor]) -> None:
    """Takes over the trunk of a classifier: what ``entry.backbone`` publishes, or a file of the same kind.

    Args:
        network: as ``build_network`` makes it.
        state: of the whole classifier.

    Raises:
        ModelError: a classifier of another architecture.
    """
    body = network.backbone.body
    given = {name.removeprefix("features."): value for name, value in state.items()}
    own = body.state_dict()
    taken = {name: given[name] for name in own.keys() & given.keys() if own[name].shape == given[name].shape}
    counters = {name for name in own if name.endswith("num_batches_tracked")}  # old files have none
    if missing := sorted(own.keys() - taken.keys() - counters):
        raise ModelError(
            f"weights of the backbone: expected those of its trunk, got no {missing[0]} that fits"
        )
    body.load_state_dict({**own, **taken})


def set_limits(network: MaskRCNN, min_score: float, most: int, input_size: int) -> None:
    """Bounds what a network gives in evaluation.

    Args:
        network: as ``build_network`` makes it.
        min_score: in [0, 1], least score of a finding.
        most: findings of one image, >= 1; those of the highest score stay.
        input_size: shorter side in pixels that images are scaled to.
    """
    network.roi_heads.score_thresh = min_score
    network.roi_heads.detections_per_img = most
    network.transform.min_size = (input_size,)
