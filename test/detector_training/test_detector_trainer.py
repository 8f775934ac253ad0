"""Training a detector, from scans to a folder that the detector `mask_rcnn` loads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from toy_scenes import make_picture, short_config, write_scene_scans

from reobj.detection.mask_rcnn.detector_file import load_detector
from reobj.detection.registry import make_detector
from reobj.detector_training.config import DetectorTrainConfig
from reobj.detector_training.learner import DetectorLearner, norms
from reobj.detector_training.pictures import PictureScene
from reobj.detector_training.samples import make_sample
from reobj.detector_training.start import start_network
from reobj.detector_training.trainer import UNVALIDATED, as_one_label, train_detector, with_steps
from reobj.errors import ConfigError, InputError, StorageError
from reobj.training.hardware import make_fabric
from reobj.training.report import TrainReport, TrainState
from reobj.training.sections import BudgetConfig
from reobj.types import Frame


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_scene_scans(tmp_path_factory.mktemp("scans"), 3)


@pytest.fixture(scope="module")
def whole(scans: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without a break."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train_detector(short_config(), scans, None, out, device="cpu")
    return out


def weights_of(out: Path) -> dict[str, Tensor]:
    """The weights at the last step, not the best ones."""
    state = load_file(out / "checkpoint" / "state.safetensors")
    return {name: value for name, value in state.items() if name.startswith("module.")}


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_the_loss_falls_on_pictures_that_are_seen_again_and_again() -> None:
    learner = DetectorLearner(start_network(short_config(), ("chair", "cup")), keep_statistics=False)
    optimizer = torch.optim.AdamW(learner.parameters(), 1e-3)
    samples = (make_sample(*make_picture(seed), {"chair": 1, "cup": 2}, ("wall",)) for seed in (0, 1))
    images, targets = zip(*(sample.to(torch.device("cpu")) for sample in samples), strict=True)
    losses = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(6):
            optimizer.zero_grad()
            loss = learner(images, targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < 0.75 * losses[0]


def test_the_folder_is_a_detector_with_the_labels_of_the_scans(whole: Path) -> None:
    card, _ = load_detector(whole)
    assert card.spec.labels == ("chair", "cup")  # the wall is no object
    assert card.spec.input_size == 64
    detector = make_detector("mask_rcnn", "cpu", weights=str(whole), min_score=0.0)
    found = detector.detect(Frame(make_picture(7)[0], 0))
    assert found.label_image.shape == (64, 80)
    assert set(found.labels) <= {"chair", "cup"}


def test_labels_can_be_learned_as_one(scans: list[Path], tmp_path: Path) -> None:
    config = replace(short_config(), agnostic=True, labels=("cup",), budget=BudgetConfig(steps=1))
    card = train_detector(config, scans, None, tmp_path, device="cpu")
    assert card is not None and card.spec.labels == ("object",)
    assert set(card.scores["validation"]["labels"]) == {"object"}
    cups = json.loads((tmp_path / "model.json").read_text())["scores"]["validation"]["labels"]["object"]
    config = replace(config, labels=())
    card = train_detector(config, scans, None, tmp_path / "all", device="cpu")
    assert card is not None
    assert card.scores["validation"]["labels"]["object"]["truths"] > cups["truths"] > 0


def test_what_is_not_to_be_learned_is_no_object_even_if_it_is_called_so() -> None:
    scene = PictureScene(Path("a"), {}, (0,), {1: "cup", 2: "wall", 3: "object", 4: "chair"})
    (one,) = as_one_label([scene], ["cup", "chair"], ("wall",))
    assert one.labels == {1: "object", 2: "wall", 3: "", 4: "object"}


def test_model_json_says_how_it_was_made_and_how_good_it_is(whole: Path) -> None:
    card = json.loads((whole / "model.json").read_text())
    assert card["training"]["steps"] == 2
    assert card["training"]["data"] == {
        "train": {"scenes": 2, "pictures": 8},
        "validation": {"scenes": 1, "pictures": 4},
    }
    assert card["training"]["configuration"]["weights"] == "random"
    scores = card["scores"]["validation"]
    assert scores["images"] == 1  # no more are looked at
    assert scores["found"]["truths"] == scores["named"]["truths"] == 2
    assert set(scores["labels"]) == {"chair", "cup"}


class Killed(Exception):
    """In place of a signal that ends the process."""


def test_a_killed_run_goes_on_exactly(scans: list[Path], whole: Path, tmp_path: Path) -> None:
    def kill(report: TrainReport) -> None:
        if report.state == TrainState.VALIDATING and report.step == 2:
            raise Killed

    with pytest.raises(Killed):
        train_detector(short_config(), scans, None, tmp_path, device="cpu", report=kill)
    assert not (tmp_path / "model.json").exists()
    reports: list[TrainReport] = []
    train_detector(short_config(), scans, None, tmp_path, device="cpu", resume=True, report=reports.append)
    assert next(r.step for r in reports if r.state == TrainState.TRAINING) == 1
    assert equal(weights_of(whole), weights_of(tmp_path))
    assert load_detector(whole)[0].hash == load_detector(tmp_path)[0].hash


def test_a_stop_leaves_a_checkpoint_and_no_detector(scans: list[Path], tmp_path: Path) -> None:
    reports: list[TrainReport] = []

    def stop() -> bool:  # not while pictures are gathered
        return bool(reports) and reports[-1].state == TrainState.TRAINING and reports[-1].step >= 0

    card = train_detector(
        short_config(), scans, None, tmp_path, device="cpu", report=reports.append, should_stop=stop
    )
    assert card is None and reports[-1].state == TrainState.STOPPED
    assert (tmp_path / "checkpoint").exists() and not (tmp_path / "model.json").exists()


def test_a_stop_while_pictures_are_gathered_is_a_stop(scans: list[Path], tmp_path: Path) -> None:
    reports: list[TrainReport] = []
    card = train_detector(
        short_config(), scans, None, tmp_path, device="cpu", report=reports.append, should_stop=lambda: True
    )
    assert card is None and reports[-1].state == TrainState.STOPPED


def test_a_run_is_not_overwritten(scans: list[Path], whole: Path) -> None:
    with pytest.raises(StorageError, match="resume"):
        train_detector(short_config(), scans, None, whole, device="cpu")


def test_a_run_does_not_go_on_with_another_configuration(scans: list[Path], whole: Path) -> None:
    with pytest.raises(StorageError, match=r"config\.batch was 2, is 3"):
        train_detector(short_config(batch=3), scans, None, whole, device="cpu", resume=True)


def test_one_scene_alone_is_trained_on_without_validation(scans: list[Path], tmp_path: Path) -> None:
    reports: list[TrainReport] = []
    card = train_detector(
        short_config(steps=1), scans[:1], None, tmp_path, device="cpu", report=reports.append
    )
    assert card is not None and card.scores == {"validation": {}}
    assert reports[-1].message == UNVALIDATED


def test_epochs_become_steps_of_all_devices() -> None:
    told = with_steps(short_config(epochs=1.5, batch=4), pictures=100, devices=2)
    assert (told.budget.steps, told.epochs) == (19, None)  # 150 pictures, 8 at a time
    assert with_steps(short_config(steps=7), 100, 1).budget.steps == 7


def test_a_scene_may_not_be_trained_and_validated_on(scans: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scene0001_00"):
        train_detector(short_config(), scans[:2], scans[1:], tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"labels": ("sofa",)}, r"labels: expected some of .*chair, cup.*, got sofa"),
        ({"exclude": ("wall", "chair", "cup")}, "labels: expected at least one"),
        ({"weights": "maskrcnn"}, "maskrcnn"),
    ],
)
def test_what_cannot_be_trained_is_named(
    scans: list[Path], tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    reports: list[TrainReport] = []
    with pytest.raises(Exception, match=says) as raised:
        train_detector(short_config(**changes), scans, None, tmp_path, device="cpu", report=reports.append)
    assert type(raised.value).__module__ == "reobj.errors"
    assert reports[-1].state == TrainState.FAILED


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"network": "yolo"}, "network: expected one of"),
        ({"batch": 0}, "batch: expected a whole number >= 1"),
        ({"input_size": 8}, "input_size"),
        ({"labels": ("wall",)}, "labels: expected none of those in exclude"),
        ({"holdout": 1.0}, "holdout"),
    ],
)
def test_a_wrong_value_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        DetectorTrainConfig(**options)


def test_light_weights_start_from_imagenet_and_heavy_ones_from_coco() -> None:
    assert DetectorTrainConfig(network="maskrcnn_mobilenet_v3_large_fpn").start == "backbone"
    assert DetectorTrainConfig(network="maskrcnn_resnet50_fpn").start == "coco"


def test_a_run_goes_on_from_another_ones_weights(whole: Path) -> None:
    config = short_config(weights=str(whole))
    trained = load_detector(whole)[1].state_dict()
    same = start_network(config, ("chair", "cup")).state_dict()
    assert all(torch.equal(same[name], value) for name, value in trained.items())
    other = start_network(config, ("cup", "sofa")).state_dict()
    different = {name for name, value in trained.items() if not torch.equal(other[name], value)}
    assert {name.split(".")[1] for name in different} == {"box_predictor", "mask_predictor"}
    with pytest.raises(ConfigError, match="network: expected maskrcnn_mobilenet"):
        start_network(short_config(weights=str(whole), network="maskrcnn_resnet50_fpn"), ("cup",))


@pytest.mark.parametrize("kept", [True, False])
def test_statistics_of_a_trained_trunk_are_kept(kept: bool) -> None:
    learner = DetectorLearner(start_network(short_config(), ("chair",)), keep_statistics=kept)
    trunk = norms(learner.network.backbone.body)
    before = trunk[0].running_mean.clone()
    image = torch.randint(0, 256, (3, 64, 80), dtype=torch.uint8)
    target = {
        "boxes": torch.tensor([[8, 8, 40, 40]]),
        "labels": torch.tensor([1]),
        "masks": torch.ones(1, 64, 80, dtype=torch.uint8),
    }
    learner.eval()
    learner.train()
    learner([image], [target]).backward()
    assert torch.equal(trunk[0].running_mean, before) == kept
    assert (trunk[0].weight.grad is None) == kept


@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_boxes_reach_the_network_whole_in_any_precision(
    precision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bfloat16 has 8 bits: it would make 257 a 256."""
    fabric = make_fabric("cpu", 1, precision)
    learner = DetectorLearner(start_network(short_config(), ("chair",)), keep_statistics=False)
    seen: list[Any] = []

    def take(images: list[Tensor], targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        seen.extend([images[0], targets[0]["boxes"]])
        return {"loss": images[0].sum()}

    monkeypatch.setattr(learner.network, "forward", take)
    image = torch.full((3, 4, 4), 51, dtype=torch.uint8)
    fabric.setup(learner)([image], [{"boxes": torch.tensor([[1, 2, 257, 301]])}])
    assert seen[1].dtype == torch.float32 and seen[1].tolist() == [[1, 2, 257, 301]]
    assert torch.allclose(seen[0], torch.tensor(0.2))
