from __future__ import annotations

import json
import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from safetensors.torch import load_file
from torch import Tensor, nn
from toy_views import toy_config, write_toy_views

from reobj.encoding.model_file import load_model
from reobj.encoding.model_spec import build_network
from reobj.errors import InputError, StorageError, TrainingError
from reobj.training import encoder_task
from reobj.training.config import TrainConfig
from reobj.training.report import TrainReport, TrainState
from reobj.training.trainer import UNVALIDATED, open_data, train, train_on
from reobj.training.validation import Validator
from reobj.views.store import ViewStore


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_views(tmp_path_factory.mktemp("rooms") / "views")


def run(config: TrainConfig, rooms: Path, out: Path, **options: Any) -> dict[str, Tensor]:
    """Trains and gives the weights at the last step, not the best ones."""
    train(config, [rooms], None, out, device="cpu", **options)
    state = load_file(out / "checkpoint" / "state.safetensors")
    return {name: value for name, value in state.items() if name.startswith("module.")}


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_training_finds_what_tells_the_chairs_apart(tmp_path: Path) -> None:
    seen = write_toy_views(tmp_path / "seen", scenes=8, objects=6)
    unseen = write_toy_views(tmp_path / "unseen", scenes=4, objects=6, first=50)
    config = toy_config(budget={"steps": 80, "validate_every": 40}, sampler={"identities": 12, "scenes": 2})
    card = train(config, [seen], [unseen], tmp_path / "out", device="cpu")
    assert card is not None and card.calibration is not None
    store = ViewStore(unseen)
    validator = Validator(
        store, open_data(config, [unseen], [seen]).train, config.model, config.validation, 0
    )
    fabric = Fabric(accelerator="cpu", devices=1)
    before = validator.scores(validator.embed(build_network(config.model, 0), fabric)).rank1
    after = validator.scores(validator.embed(load_model(tmp_path / "out")[1], fabric)).rank1
    assert before is not None and after is not None
    assert after > before + 0.2
    assert card.scores["validation"]["same-scene same-class"]["rank-1"] == pytest.approx(after)


def test_two_runs_with_one_seed_have_equal_weights(rooms: Path, tmp_path: Path) -> None:
    config = toy_config(augment={"brightness": 0.3, "mask": 0.1, "erase": 0.5})
    threads = replace(config, workers=2)
    assert equal(run(config, rooms, tmp_path / "a"), run(threads, rooms, tmp_path / "b"))


def test_another_seed_gives_other_weights(rooms: Path, tmp_path: Path) -> None:
    first = run(toy_config(), rooms, tmp_path / "a")
    assert not equal(first, run(toy_config(seed=1), rooms, tmp_path / "b"))


class Killed(Exception):
    """In place of a signal that ends the process."""


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_killed_run_goes_on_exactly(rooms: Path, tmp_path: Path, optimizer: str) -> None:
    config = toy_config(
        optimizer={"name": optimizer}, budget={"steps": 10, "validate_every": 4}, loss={"name": "inherent"}
    )
    whole = run(config, rooms, tmp_path / "whole")

    def kill(report: TrainReport) -> None:
        if report.state == TrainState.VALIDATING and report.step == 8:
            raise Killed

    with pytest.raises(Killed):
        run(config, rooms, tmp_path / "killed", report=kill)
    assert not (tmp_path / "killed" / "model.json").exists()
    reports: list[TrainReport] = []
    resumed = run(config, rooms, tmp_path / "killed", resume=True, report=reports.append)
    assert reports[0].step == 4
    assert equal(whole, resumed)
    models = [json.loads((tmp_path / name / "model.json").read_text()) for name in ("whole", "killed")]
    assert models[0]["hash"] == models[1]["hash"]
    assert models[0]["calibration"] == models[1]["calibration"]


def test_a_stop_leaves_a_checkpoint_that_goes_on_exactly(rooms: Path, tmp_path: Path) -> None:
    whole = run(toy_config(), rooms, tmp_path / "whole")
    reports: list[TrainReport] = []
    asked = iter([False] * 3 + [True])
    train(
        toy_config(),
        [rooms],
        None,
        tmp_path / "stopped",
        device="cpu",
        report=reports.append,
        should_stop=lambda: next(asked),
    )
    assert (reports[-1].state, reports[-1].step) == (TrainState.STOPPED, 3)
    assert reports[-1].checkpoint == str(tmp_path / "stopped" / "checkpoint")
    assert not (tmp_path / "stopped" / "model.json").exists()
    assert equal(whole, run(toy_config(), rooms, tmp_path / "stopped", resume=True))


def test_a_run_does_not_go_on_with_another_configuration(rooms: Path, tmp_path: Path) -> None:
    run(toy_config(), rooms, tmp_path)
    with pytest.raises(StorageError, match=r"config\.optimizer\.lr was 0\.01, is 0\.02"):
        run(toy_config(optimizer={"lr": 0.02}), rooms, tmp_path, resume=True)


def test_a_run_does_not_go_on_with_other_views(rooms: Path, tmp_path: Path) -> None:
    run(toy_config(), rooms, tmp_path / "out")
    more = write_toy_views(tmp_path / "more", scenes=5)
    with pytest.raises(StorageError, match=r"views\.train"):
        run(toy_config(), more, tmp_path / "out", resume=True)


def test_a_run_is_not_overwritten(rooms: Path, tmp_path: Path) -> None:
    run(toy_config(), rooms, tmp_path)
    with pytest.raises(StorageError, match="resume"):
        run(toy_config(), rooms, tmp_path)


class Poisoned(nn.Module):
    """The mean of the embeddings, but NaN in chosen calls; running statistics are hit as well."""

    def __init__(self, bad: range) -> None:
        super().__init__()
        self.bad, self.calls = bad, 0
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, embeddings: Tensor, objects: Tensor) -> Tensor:
        factor = math.nan if self.calls in self.bad else 1.0
        self.calls += 1
        self.seen += factor
        return factor * embeddings.square().sum()


def poison(monkeypatch: pytest.MonkeyPatch, bad: range) -> None:
    make = encoder_task.make_learner

    def make_poisoned(config: TrainConfig, classes: int) -> nn.Module:
        learner = make(config, classes)
        learner.loss = Poisoned(bad)
        return learner

    monkeypatch.setattr(encoder_task, "make_learner", make_poisoned)


def test_steps_without_a_finite_loss_are_left_out(
    rooms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, range(2, 5))
    reports: list[TrainReport] = []
    weights = run(toy_config(), rooms, tmp_path, report=reports.append)
    assert all(value.isfinite().all() for value in weights.values())
    assert weights["module.loss.seen"] == 5  # of 8 steps
    assert any("3 steps" in report.message for report in reports)
    assert json.loads((tmp_path / "model.json").read_text())["training"]["skipped_steps"] == 3


def test_a_gradient_scaler_goes_on_after_steps_without_a_finite_loss(
    rooms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, range(2, 5))
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
    precision = MixedPrecision("16-mixed", "cpu", scaler)
    monkeypatch.setattr(precision, "forward_context", nullcontext)  # not every CPU has float16 layers
    monkeypatch.setattr(precision, "convert_input", lambda data: data)
    fabric = Fabric(accelerator="cpu", devices=1, plugins=[precision])
    config = toy_config()
    card = train_on(config, open_data(config, [rooms], None), tmp_path, fabric)
    assert card is not None and (card.training["steps"], card.training["skipped_steps"]) == (8, 3)
    assert scaler.get_scale() == 8.0  # halved by each of the three


def test_too_many_losses_that_are_not_finite_end_the_run_and_keep_the_checkpoint(
    rooms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, range(6, 1000))
    reports: list[TrainReport] = []
    with pytest.raises(TrainingError, match="20 steps in a row"):
        run(toy_config(budget={"steps": 60, "validate_every": 6}), rooms, tmp_path, report=reports.append)
    assert reports[-1].state == TrainState.FAILED
    state = load_file(tmp_path / "checkpoint" / "state.safetensors")
    assert all(value.isfinite().all() for value in state.values())


def test_training_ends_early_without_a_better_rank(
    rooms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranks = iter([0.5, 0.8, 0.7, 0.6, 0.9])

    class Fixed:
        same_scene = cross_scene = None

        def __init__(self, rank1: float) -> None:
            self.rank1 = rank1

        def figures(self) -> dict[str, Any]:
            return {}

    monkeypatch.setattr(Validator, "scores", lambda *_: Fixed(next(ranks)))
    reports: list[TrainReport] = []
    config = toy_config(budget={"steps": 50, "validate_every": 2, "patience": 2})
    run(config, rooms, tmp_path, report=reports.append)
    facts = json.loads((tmp_path / "model.json").read_text())["training"]
    assert (facts["steps"], facts["best_step"]) == (8, 4)


def test_the_model_has_the_weights_of_the_best_validation(rooms: Path, tmp_path: Path) -> None:
    card = train(toy_config(), [rooms], None, tmp_path, device="cpu")
    state = load_file(tmp_path / "checkpoint" / "state.safetensors")
    best = {name.removeprefix("best."): v for name, v in state.items() if name.startswith("best.")}
    network = load_model(tmp_path)[1]
    assert equal(best, dict(network.state_dict()))
    assert card is not None and card.training["steps"] == 8


def test_a_network_without_trained_parts_is_only_calibrated(rooms: Path, tmp_path: Path) -> None:
    frozen = toy_config(model={"network": "small", "crop_size": 16, "options": {"setup": "no-train"}})
    card = train(frozen, [rooms], None, tmp_path, device="cpu")
    assert card is not None and card.calibration is not None
    assert card.training["steps"] == 0
    assert equal(
        dict(build_network(frozen.model, 0).state_dict()), dict(load_model(tmp_path)[1].state_dict())
    )


def test_a_minute_that_is_over_ends_the_run(rooms: Path, tmp_path: Path) -> None:
    card = train(
        toy_config(budget={"steps": None, "max_minutes": 1e-9}), [rooms], None, tmp_path, device="cpu"
    )
    assert card is not None and card.training["steps"] == 1


def test_reports_count_up_and_end_with_the_model(rooms: Path, tmp_path: Path) -> None:
    reports: list[TrainReport] = []
    run(toy_config(), rooms, tmp_path, report=reports.append)
    steps = [report.step for report in reports]
    assert steps == sorted(steps) and steps[-1] == 8
    assert {report.steps for report in reports} == {8}
    assert reports[-1].state == TrainState.DONE and reports[-1].checkpoint == str(tmp_path)
    assert 0 <= reports[-1].score <= 1 and reports[-1].views == 72  # 3 of 4 rooms


def test_a_scene_with_one_instance_trains_without_questions(tmp_path: Path) -> None:
    views = write_toy_views(tmp_path / "views", scenes=3, objects=1)
    reports: list[TrainReport] = []
    card = train(toy_config(), [views], None, tmp_path / "out", device="cpu", report=reports.append)
    assert card is not None and card.calibration is None
    assert "not calibrated" in reports[-1].message


def test_a_class_with_one_view_cannot_be_trained_on(tmp_path: Path) -> None:
    views = write_toy_views(tmp_path / "views", scenes=3, views=1)
    with pytest.raises(InputError, match="two views of one object"):
        train(toy_config(), [views], None, tmp_path / "out", device="cpu")


def test_one_scene_is_trained_on_without_validation_and_that_is_said(tmp_path: Path) -> None:
    views = write_toy_views(tmp_path / "views", scenes=1)
    reports: list[TrainReport] = []
    card = train(toy_config(), [views], None, tmp_path / "out", device="cpu", report=reports.append)
    assert card is not None and card.calibration is None and card.scores == {"validation": {}}
    assert card.training["steps"] == 8 and card.training["data"]["validation"]["views"] == 0
    assert [reports[0].message, reports[-1].message] == [UNVALIDATED] * 2


def test_a_context_wider_than_stored_is_refused(rooms: Path, tmp_path: Path) -> None:
    config = toy_config(model={"network": "small", "crop_size": 16, "context": {"ratio": 9.0}})
    with pytest.raises(InputError, match="context"):
        run(config, rooms, tmp_path)
