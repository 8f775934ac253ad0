from __future__ import annotations

import numpy as np
import pytest

from reobj.detection.registry import DETECTORS, make_detector
from reobj.errors import ConfigError, ModelError
from reobj.types import Frame, LabelImage


def test_a_detector_by_name_with_options() -> None:
    truth = LabelImage(np.ones((4, 4), np.uint16), {1: "chair"})
    detector = make_detector("label_image", "cpu", lambda stamp_ns: truth, exclude=["chair"])
    assert len(detector.detect(Frame(np.zeros((4, 4, 3), np.uint8), 0))) == 0


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="label_image, mask_rcnn"):
        make_detector("yolo")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"detector\.mask_rcnn\.treshold"):
        make_detector("mask_rcnn", "cpu", treshold=0.5)


def test_the_label_image_detector_needs_label_images() -> None:
    with pytest.raises(ConfigError, match="a source of label images"):
        make_detector("label_image", "cpu")


def test_every_entry_has_a_complete_default_configuration() -> None:
    for entry in DETECTORS.values():
        entry.config()
