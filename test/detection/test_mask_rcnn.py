from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models
from torchvision.models import detection
from torchvision.ops import FrozenBatchNorm2d

from reobj.detection.mask_rcnn.detector_file import DetectorSpec, save_detector
from reobj.detection.mask_rcnn.mask_rcnn import MaskRCNNConfig, MaskRCNNDetector
from reobj.detection.mask_rcnn.mask_rcnn_weights import COCO_LABELS, load_network
from reobj.detection.mask_rcnn.torchvision_networks import build_network
from reobj.errors import InputError, ModelError
from reobj.types import Frame

SMALL = {"network": "maskrcnn_mobilenet_v3_large_fpn", "weights": "random", "input_size": 96}


@pytest.fixture(scope="module")
def random_detector() -> MaskRCNNDetector:
    torch.manual_seed(0)
    return MaskRCNNDetector(MaskRCNNConfig(**SMALL, min_score=0.0, max_instances=5), "cpu")  # type: ignore[arg-type]


def frame(height: int = 32, width: int = 48, seed: int = 0) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8), 0)


def test_an_untrained_network_gives_valid_instances(random_detector: MaskRCNNDetector) -> None:
    found = random_detector.detect(frame())
    found.check_size(32, 48)
    assert len(found) <= 5
    assert set(np.unique(found.label_image)) == set(range(len(found) + 1)) or len(found) == 0


def test_a_batch_finds_what_each_frame_alone_shows(random_detector: MaskRCNNDetector) -> None:
    frames = [frame(), frame(seed=1), frame(48, 32), frame(seed=2)]
    batch = random_detector.detect_batch(frames)
    assert sum(map(len, batch)) > 0
    for each, found in zip(frames, batch, strict=True):
        alone = random_detector.detect(each)
        assert found.labels == alone.labels
        np.testing.assert_allclose(found.boxes, alone.boxes, atol=1e-2)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-4)
        assert (found.label_image == alone.label_image).mean() > 0.999
    assert random_detector.detect_batch([]) == []


def test_the_network_is_warm_before_the_first_frame(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "reobj"):
        detector = MaskRCNNDetector(MaskRCNNConfig(**SMALL, min_score=0.9), "cpu")  # type: ignore[arg-type]
    assert re.search(
        r"detector maskrcnn_mobilenet_v3_large_fpn \(random\) on cpu \(\d+ threads\), ready after \d+\.\d s",
        caplog.text,
    )
    assert detector._network.roi_heads.score_thresh == 0.9


def test_a_trained_folder_says_itself_what_it_is(tmp_path: Path) -> None:
    torch.manual_seed(0)
    spec = DetectorSpec("maskrcnn_mobilenet_v3_large_fpn", ("mug",), 96)
    network = build_network(spec.network, 1, 96)
    torch.nn.init.constant_(network.roi_heads.mask_predictor.mask_fcn_logits.bias, 5.0)  # else empty masks
    save_detector(tmp_path / "mugs", network, spec)
    config = MaskRCNNConfig(weights=str(tmp_path / "mugs"), min_score=0.0, min_area=0.0, max_instances=3)
    found = MaskRCNNDetector(config, "cpu").detect(frame())
    assert len(found) and set(found.labels) == {"mug"}
    with pytest.raises(InputError, match=r"classes of the network \(.*mug\), got \['chair'\]"):
        MaskRCNNDetector(MaskRCNNConfig(weights=str(tmp_path / "mugs"), labels=("chair",)), "cpu")


def test_the_light_network_has_no_published_weights() -> None:
    with pytest.raises(ModelError, match=r"only of maskrcnn_resnet50_fpn, .*reobj train-detector"):
        MaskRCNNDetector(MaskRCNNConfig(network="maskrcnn_mobilenet_v3_large_fpn"), "cpu")


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
    ours = load_network("maskrcnn_resnet50_fpn", str(path)).network.eval()
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
