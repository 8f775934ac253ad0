from __future__ import annotations

import numpy as np
import pytest

from reobj.detection.depth.depth_segments import DepthSegmentsDetector
from reobj.detection.registry import DETECTORS, choose_detector, make_detector
from reobj.errors import ConfigError, ModelError
from reobj.types import Frame, LabelImage


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(weights: object) -> None:
        raise ModelError("no network")

    monkeypatch.setattr("reobj.detection.registry.fetch_weights", fails)


def test_a_detector_by_name_with_options() -> None:
    truth = LabelImage(np.ones((4, 4), np.uint16), {1: "chair"})
    detector = make_detector("label_image", "cpu", lambda stamp_ns: truth, exclude=["chair"])
    assert len(detector.detect(Frame(np.zeros((4, 4, 3), np.uint8), 0))) == 0


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=", ".join(("auto", *sorted(DETECTORS)))):
        make_detector("yolo")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"detector\.mask_rcnn\.treshold"):
        make_detector("mask_rcnn", "cpu", treshold=0.5)


def test_the_label_image_detector_needs_label_images() -> None:
    with pytest.raises(ConfigError, match="a source of label images"):
        make_detector("label_image", "cpu")


def test_auto_is_mask_rcnn_where_its_weights_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reobj.detection.registry.fetch_weights", lambda weights: None)
    assert choose_detector("auto") == "mask_rcnn"


def test_auto_is_depth_segments_without_weights_and_says_why(
    no_weights: None, caplog: pytest.LogCaptureFixture
) -> None:
    detector = make_detector("auto", "cpu")
    assert isinstance(detector, DepthSegmentsDetector)
    assert "depth_segments, from depth alone" in caplog.text and "no network" in caplog.text


def test_a_name_is_taken_as_it_is_even_without_its_weights(no_weights: None) -> None:
    assert choose_detector("mask_rcnn") == "mask_rcnn"


def test_every_entry_has_a_complete_default_configuration() -> None:
    for entry in DETECTORS.values():
        entry.config()
