from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models
from torchvision.models import detection
from torchvision.ops import FrozenBatchNorm2d

from reobj.detection.mask_rcnn import COCO_LABELS, MaskRCNNConfig, MaskRCNNDetector, resolve_overlaps
from reobj.errors import InputError, ModelError
from reobj.types import Frame

SMALL = {"network": "maskrcnn_resnet50_fpn", "weights": "random", "input_size": 96}


class FixedNetwork(nn.Module):
    """Finds the same three things in every image."""

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        masks = torch.zeros(4, 1, *images[0].shape[1:])
        masks[0, 0, 2:10, 2:10] = 0.9
        masks[1, 0, 6:14, 6:14] = 0.8  # overlaps the first
        masks[2, 0, 20:24, 20:24] = 0.6
        masks[3, 0, 7:9, 7:9] = 0.9  # hidden behind both
        boxes = torch.tensor([[2, 2, 10, 10], [6, 6, 14, 14], [20, 20, 24, 24], [7, 7, 9, 9]]).float()
        labels = torch.tensor([COCO_LABELS.index(name) for name in ("chair", "cup", "tv", "cup")])
        return [
            {"boxes": boxes, "labels": labels, "scores": torch.tensor([0.6, 0.9, 0.8, 0.5]), "masks": masks}
        ]


@pytest.fixture(scope="module")
def random_detector() -> MaskRCNNDetector:
    torch.manual_seed(0)
    return MaskRCNNDetector(MaskRCNNConfig(**SMALL, min_score=0.0, max_instances=5), "cpu")  # type: ignore[arg-type]


@pytest.fixture
def fixed(random_detector: MaskRCNNDetector, monkeypatch: pytest.MonkeyPatch):
    """Makes a detector with limits of its own around the fixed network."""

    def make(**options: object) -> MaskRCNNDetector:
        monkeypatch.setattr("reobj.detection.mask_rcnn._build", lambda config: FixedNetwork())
        return MaskRCNNDetector(MaskRCNNConfig(**{**SMALL, "min_area": 0.0, **options}), "cpu")  # type: ignore[arg-type]

    return make


def frame() -> Frame:
    return Frame(np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8), 0)


def test_an_untrained_network_gives_valid_instances(random_detector: MaskRCNNDetector) -> None:
    found = random_detector.detect(frame())
    found.check_size(32, 48)
    assert len(found) <= 5
    assert set(np.unique(found.label_image)) == set(range(len(found) + 1)) or len(found) == 0


def test_best_first_and_the_better_takes_the_overlap(fixed) -> None:
    found = fixed().detect(frame())
    assert found.labels == ("cup", "tv", "chair")
    np.testing.assert_allclose(found.scores, [0.9, 0.8, 0.6])
    assert (found.label_image[6:14, 6:14] == 1).all()
    assert (found.label_image == 3).sum() == 64 - 16
    assert found.boxes[2].tolist() == [2, 2, 10, 10]


def test_limits_on_class_count_and_area(fixed) -> None:
    assert fixed(labels=("tv", "chair")).detect(frame()).labels == ("tv", "chair")
    assert fixed(max_instances=1).detect(frame()).labels == ("cup",)
    assert fixed(min_area=40 / (32 * 48)).detect(frame()).labels == ("cup", "chair")
    assert len(fixed(min_area=1.0).detect(frame())) == 0


def test_dropped_masks_leave_no_pixels_behind(fixed) -> None:
    found = fixed(min_area=40 / (32 * 48)).detect(frame())
    assert not found.label_image[20:24, 20:24].any()
    assert (found.label_image == 2).sum() == 48


def test_overlaps_agree_with_painting_from_worst_to_best() -> None:
    masks = torch.rand(9, 11, 13, generator=torch.Generator().manual_seed(1)) > 0.7
    painted = np.zeros((11, 13), int)
    for i in reversed(range(9)):
        painted[masks[i].numpy()] = i + 1
    label_image, areas = resolve_overlaps(masks)
    np.testing.assert_array_equal(label_image, painted)
    np.testing.assert_array_equal(areas, np.bincount(painted.ravel(), minlength=10)[1:])


def test_no_masks_give_an_empty_label_image() -> None:
    label_image, areas = resolve_overlaps(torch.zeros(0, 4, 5, dtype=torch.bool))
    assert label_image.shape == (4, 5)
    assert len(areas) == 0


def test_weights_from_a_local_file_are_used(random_detector: MaskRCNNDetector, tmp_path: Path) -> None:
    path = tmp_path / "detector.safetensors"
    state = random_detector._network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    loaded = MaskRCNNDetector(
        MaskRCNNConfig(**{**SMALL, "weights": str(path)}, min_score=0.0, max_instances=5), "cpu"
    )  # type: ignore[arg-type]
    np.testing.assert_array_equal(loaded.detect(frame()).boxes, random_detector.detect(frame()).boxes)


def test_weights_trained_with_frozen_batch_norm_give_what_they_gave_there(tmp_path: Path) -> None:
    """The form of torchvision's own v1 file: no counters of batches, an epsilon of 0."""
    torch.manual_seed(1)
    trunk = models.resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    backbone = detection.backbone_utils._resnet_fpn_extractor(trunk, 5)
    theirs = detection.MaskRCNN(backbone, len(COCO_LABELS), min_size=96, box_score_thresh=0.0)
    for module in theirs.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = 0.0
            nn.init.uniform_(module.running_var, 1e-5, 1.0)
            nn.init.uniform_(module.weight, 0.1, 0.3)
    path = tmp_path / "frozen.safetensors"
    save_file(theirs.state_dict(), path)
    config = MaskRCNNConfig(**{**SMALL, "weights": str(path)}, min_score=0.0)  # type: ignore[arg-type]
    ours = MaskRCNNDetector(config, "cpu")._network
    image = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = theirs.eval().backbone(image[None]), ours.backbone(image[None])
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-3 * float(value.abs().max()))


def test_weights_that_cannot_be_fetched_name_the_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(ModelError, match=r"cannot fetch https://.*no route to host.*local file"):
        MaskRCNNDetector(MaskRCNNConfig(network="maskrcnn_resnet50_fpn", weights="coco"), "cpu")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ModelError, match="maskrcnn_resnet50_fpn_v2"):
        MaskRCNNConfig(network="yolo")
    with pytest.raises(InputError, match="sofa"):
        MaskRCNNConfig(labels=("couch", "sofa"))
