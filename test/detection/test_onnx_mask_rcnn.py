from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from reobj.detection.mask_rcnn.detector_file import DetectorSpec, save_detector
from reobj.detection.mask_rcnn.mask_rcnn import MaskRCNNConfig, MaskRCNNDetector
from reobj.detection.mask_rcnn.torchvision_networks import build_network, set_limits
from reobj.detection.onnx.onnx_detector import OnnxConfig, OnnxDetector
from reobj.types import Frame

pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
pytest.importorskip("onnx", reason="the package onnx is not installed, which writes the model")

SPEC = DetectorSpec("maskrcnn_mobilenet_v3_large_fpn", ("chair", "cup", "tv"), 96)
LIMITS = {"min_score": 0.0, "mask_threshold": 0.48, "min_area": 0.0, "max_instances": 4}


@pytest.mark.filterwarnings("ignore")  # the exporter's, of which torchvision knows
def test_torchvisions_own_export_finds_what_torchvision_finds(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network(SPEC.network, len(SPEC.labels), SPEC.input_size).eval()
    save_detector(tmp_path / "folder", network, SPEC)
    set_limits(network, 0.0, 8, SPEC.input_size)
    path = tmp_path / "exported.onnx"
    torch.onnx.export(network, ([torch.rand(3, 96, 128)],), str(path), dynamo=False, opset_version=17)
    (tmp_path / "names.txt").write_text("\n".join(("background", *SPEC.labels)))
    config = OnnxConfig(model=str(path), label_file=str(tmp_path / "names.txt"), **LIMITS)  # type: ignore[arg-type]
    exported = OnnxDetector(config, "cpu")
    config = MaskRCNNConfig(weights=str(tmp_path / "folder"), **LIMITS)  # type: ignore[arg-type]
    original = MaskRCNNDetector(config, "cpu")
    colour = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    expected, found = (detector.detect(Frame(colour, 0)) for detector in (original, exported))
    assert len(expected) and found.labels == expected.labels
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=0.1)
    assert (found.label_image == expected.label_image).mean() > 0.99
