from __future__ import annotations

import pytest
import torch
from torchvision.models import mobilenet_v3_large, resnet50

from reobj.detection.mask_rcnn.torchvision_networks import NETWORKS, build_network, load_backbone
from reobj.errors import ModelError

LIGHT = "maskrcnn_mobilenet_v3_large_fpn"
CLASSIFIERS = {LIGHT: mobilenet_v3_large, "maskrcnn_resnet50_fpn": resnet50}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_trunk_of_a_classifier_gives_the_same_features(name: str) -> None:
    torch.manual_seed(0)
    classifier = CLASSIFIERS[name](weights=None).eval()
    network = build_network(name, 2, 64).eval()
    load_backbone(network, classifier.state_dict())
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found = list(network.backbone.body(image).values())[-1]
        if name == LIGHT:
            expected = classifier.features(image)
        else:
            classifier.avgpool = classifier.fc = torch.nn.Identity()
            expected = classifier(image).reshape(found.shape)
    torch.testing.assert_close(found, expected)


def test_a_classifier_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="expected those of its trunk"):
        load_backbone(build_network(LIGHT, 2, 64), resnet50(weights=None).state_dict())


def test_the_light_network_learns_and_weighs_less_than_twenty_megabytes_in_half_precision() -> None:
    torch.manual_seed(0)
    network = build_network(LIGHT, 3, 96)
    assert 2 * sum(p.numel() for p in network.parameters()) < 20e6
    masks = torch.zeros(1, 96, 96, dtype=torch.uint8)
    masks[0, 20:60, 30:80] = 1
    target = {"boxes": torch.tensor([[30.0, 20, 80, 60]]), "labels": torch.tensor([2]), "masks": masks}
    losses = network([torch.rand(3, 96, 96)], [target])
    sum(losses.values()).backward()
    assert "loss_mask" in losses and all(torch.isfinite(value) for value in losses.values())
    assert network.roi_heads.mask_predictor.mask_fcn_logits.weight.grad.abs().sum() > 0


def test_an_unknown_network_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=", ".join(NETWORKS)):
        build_network("yolo", 2, 64)
