from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from reobj.detection.mask_rcnn.detector_file import (
    DetectorSpec,
    load_detector,
    read_detector_card,
    save_detector,
)
from reobj.detection.mask_rcnn.torchvision_networks import build_network, set_limits
from reobj.errors import InputError, ModelError

SPEC = DetectorSpec("maskrcnn_mobilenet_v3_large_fpn", ("chair", "cup"), 96)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(SPEC.network, len(SPEC.labels), SPEC.input_size).eval()


@pytest.fixture
def folder(network: torch.nn.Module, tmp_path: Path) -> Path:
    save_detector(tmp_path / "model", network, SPEC, {"steps": 10}, {"recall": float("nan")})
    return tmp_path / "model"


def test_what_was_saved_finds_the_same_again(network: torch.nn.Module, folder: Path) -> None:
    card, loaded = load_detector(folder)
    assert card.spec == SPEC and card.training == {"steps": 10} and card.scores == {"recall": None}
    for each in (network, loaded):
        set_limits(each, 0.0, 5, 96)
    images = [torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(1))]
    with torch.no_grad():
        expected, found = network(images)[0], loaded(images)[0]
    assert len(expected["scores"])
    torch.testing.assert_close(found, expected)


def test_half_precision_is_half_as_large(network: torch.nn.Module, tmp_path: Path) -> None:
    for half in (False, True):
        save_detector(tmp_path / str(half), network, SPEC, half=half)
    full, half = ((tmp_path / name / "model.safetensors").stat().st_size for name in ("False", "True"))
    assert 0.5 <= half / full < 0.52
    assert next(load_detector(tmp_path / "True")[1].parameters()).dtype == torch.float32


def test_weights_of_another_training_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    save_file({name: value + 1 for name, value in state.items()}, path)
    with pytest.raises(ModelError, match=r"content hash of model\.json and model\.safetensors"):
        load_detector(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "yolo"}, "network: expected one of maskrcnn_resnet50_fpn.*'yolo'"),
        ({"labels": ["chair", "chair"]}, "labels: expected at least one name"),
        ({"version": 2}, "version: expected 1, got 2"),
        ({"format": "reobj model"}, "format: expected 'reobj detector', got 'reobj model'"),
        ({"input_size": "large"}, "input_size: expected int"),
        ({"labels": ["chair"]}, "of another shape"),
    ],
)
def test_a_card_that_is_wrong_names_the_key(folder: Path, change: dict[str, object], message: str) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelError, match=message):
        load_detector(folder)


def test_a_folder_without_a_detector_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json: cannot be read: No such file"):
        read_detector_card(tmp_path)


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    network = build_network(SPEC.network, 2, 96)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(ModelError, match="NaN or infinity"):
        save_detector(tmp_path / "model", network, SPEC)
    assert not (tmp_path / "model" / "model.json").exists()


def test_a_detector_needs_a_label() -> None:
    with pytest.raises(InputError, match="at least one name"):
        DetectorSpec(SPEC.network, (), 96)
