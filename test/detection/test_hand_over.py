"""Ids on a simulated walk, while late masks take the place of those that were carried."""

from __future__ import annotations

import numpy as np
import pytest
from test_late_detection import After

from reobj.config import PipelineConfig, build_associator, build_encoder
from reobj.detection.imperfections import ImperfectDetector, ImperfectionConfig
from reobj.detection.label_image import LabelImageConfig, LabelImageDetector
from reobj.detection.propagation import PropagatingDetector, PropagationConfig
from reobj.detection.truth import TruthBuffer
from reobj.evaluation.identity_truth import FrameTruth
from reobj.pipeline import Pipeline
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate

FRAMES = 36


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> ScanNetScan:
    folder = tmp_path_factory.mktemp("walk") / "scene0007_00"
    return ScanNetScan(simulate(folder, 7, FRAMES, (160, 120), "classroom", fps=30.0, workers=1))


def test_ids_stay_at_every_hand_over(walk: ScanNetScan) -> None:
    truth_buffer = TruthBuffer()
    large = LabelImageConfig(min_area=0.004, min_area_at_border=0.01)
    found = LabelImageDetector(truth_buffer, large)
    shaky = ImperfectDetector(found, ImperfectionConfig(miss=0.0, split=0.0, label_swap=0.0))
    late = After(shaky.detect, 5)
    propagation = PropagationConfig(flow="dis", every=1, max_age_s=100.0)
    detector = PropagatingDetector(shaky, propagation, detections=late)
    config = PipelineConfig()
    pipeline = Pipeline(detector, build_encoder(config, "cpu"), build_associator(config))
    given: dict[int, list[int]] = {}
    for frame, truth in walk:
        assert truth is not None
        truth_buffer.put(frame.stamp_ns, truth)
        result = pipeline.step(frame)
        shown = FrameTruth.of(result.instances, truth).matched
        for item in result.objects:
            if shown[item.index]:
                given.setdefault(int(shown[item.index]), []).append(item.object_id)
    assert len(late.asked) >= 5
    followed = {true_id: np.array(ids) for true_id, ids in given.items() if len(ids) > FRAMES // 3}
    assert len(followed) >= 3
    for ids in followed.values():
        known = ids[np.argmax(ids > 0) :]
        assert (known == known[0]).all() and known[0] > 0
