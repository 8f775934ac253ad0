from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from reobj.card_file import WEIGHTS_FILE
from reobj.detection.label_image import LabelImageDetector
from reobj.detection.mask_rcnn import shipped_detectors as shipped
from reobj.detection.mask_rcnn.detector_file import DetectorSpec, load_detector, save_detector
from reobj.detection.mask_rcnn.mask_rcnn_weights import load_network
from reobj.detection.mask_rcnn.shipped_detectors import DETECTORS, detector_folder, shipped_detectors
from reobj.detection.mask_rcnn.torchvision_networks import build_network
from reobj.detection.registry import make_detector
from reobj.errors import ModelError
from reobj.scans.opening import open_source
from reobj.scans.simulator.simulate import simulate

LIGHT = "maskrcnn_mobilenet_v3_large_fpn"


def write(folder: Path, label: str) -> None:
    torch.manual_seed(0)
    save_detector(folder, build_network(LIGHT, 1, 96), DetectorSpec(LIGHT, (label,), 96))


@pytest.fixture
def shipping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that ships one detector, and a folder of the same name where one stands."""
    monkeypatch.setattr(shipped, "DETECTORS", tmp_path / "models")
    write(tmp_path / "models" / "ours", "mug")
    write(tmp_path / "here" / "ours", "bowl")
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.usefixtures("shipping")
def test_a_detector_that_ships_is_found_by_its_name_unless_a_path_is_written() -> None:
    assert shipped_detectors() == ("ours",)
    assert load_network("not looked at", "ours").names == ("__background__", "mug")
    assert load_network("not looked at", "./ours").names == ("__background__", "bowl")
    assert detector_folder("theirs") is None


@pytest.mark.usefixtures("shipping")
def test_an_unknown_name_is_an_error_that_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"weights: expected coco, ours, a folder .*, got 'theirs'"):
        load_network(LIGHT, "theirs")


@pytest.mark.parametrize("name", shipped_detectors())
def test_what_ships_loads_and_is_small(name: str) -> None:
    card, _ = load_detector(DETECTORS / name)
    assert card.scores["validation"]
    assert (DETECTORS / name / WEIGHTS_FILE).stat().st_size <= 20 * 2**20


def test_the_detector_of_rooms_finds_things_in_a_room_that_it_does_not_know(tmp_path: Path) -> None:
    simulate(tmp_path / "room", seed=902, frames=8, size=(320, 240), fps=0.5, workers=1)
    detector = make_detector("mask_rcnn", "cpu", weights="rooms")
    found = right = 0
    for frame, truth in open_source(tmp_path / "room"):
        objects = LabelImageDetector(lambda _, truth=truth: truth).detect(frame).label_image
        image = detector.detect(frame).label_image
        for number in range(1, image.max() + 1):
            shares = np.bincount(objects[image == number]) / (image == number).sum()
            found, right = found + 1, right + bool((shares[1:] > 0.5).any())  # [0] is wall and floor
    assert right >= 15  # 20 of 24, when it was trained; 35 objects are in view
    assert right > 0.7 * found
