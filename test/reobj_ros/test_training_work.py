"""Views, then training, as the trainer node does it; with a network of a few hundred weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from gathered import CHAIRS, CUPS, tiny_config, views

from reobj.encoding.model_file import load_model
from reobj.errors import ReobjError, ScanError, ViewsError
from reobj.training.config import load_train_config
from reobj.training.report import Report, TrainReport, TrainState, never, no_report
from reobj.views.build import ViewBuildConfig
from reobj_ros.training.training_work import TrainingPlan, bag_views, run_training


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    config = load_train_config(tiny_config(tmp_path / "tiny.yaml"))
    return TrainingPlan(config, (), tmp_path / "out", "cpu")


def states(reports: Sequence[TrainReport]) -> list[TrainState]:
    """Without repetitions."""
    said = [report.state for report in reports]
    return [state for i, state in enumerate(said) if said[i - 1 : i] != [state]]


@pytest.mark.parametrize("scenes", [(CHAIRS,), (CHAIRS, CUPS)], ids=["one scene", "two scenes"])
def test_a_model_comes_out_also_where_no_scene_can_be_held_out(
    plan: TrainingPlan, tmp_path: Path, scenes: tuple[dict[int, str], ...]
) -> None:
    folder = views(tmp_path / "views", *scenes)
    reports: list[TrainReport] = []
    run_training(plan, lambda *_: (folder,), False, reports.append, never)
    assert states(reports)[0] is TrainState.TRAINING
    assert states(reports)[-1] is TrainState.DONE
    assert reports[-1].checkpoint == str(plan.out)
    card, _ = load_model(plan.out)
    assert card.training["steps"] == 2


def test_told_to_stop_while_views_are_gathered_it_does_not_train(plan: TrainingPlan, tmp_path: Path) -> None:
    folder = views(tmp_path / "views", CHAIRS)
    reports: list[TrainReport] = []
    run_training(plan, lambda *_: (folder,), False, reports.append, lambda: True)
    assert [(report.state, report.views) for report in reports] == [(TrainState.STOPPED, 8)]
    assert not plan.out.exists()


def failing(report: Report, should_stop: Callable[[], bool]) -> Sequence[Path]:
    raise ScanError("the only scan is damaged")


def test_what_a_source_raises_after_a_stop_is_the_stop(plan: TrainingPlan) -> None:
    reports: list[TrainReport] = []
    run_training(plan, failing, False, reports.append, lambda: True)
    assert states(reports) == [TrainState.STOPPED]


def test_what_a_source_raises_otherwise_is_an_error(plan: TrainingPlan) -> None:
    with pytest.raises(ScanError, match="damaged"):
        run_training(plan, failing, False, no_report, never)


def test_a_damaged_bag_is_named(tmp_path: Path) -> None:
    bag = tmp_path / "bag.mcap"
    bag.write_bytes(b"no bag at all")
    with pytest.raises(ViewsError, match="bag"):
        bag_views([bag], tmp_path / "views", ViewBuildConfig(), no_report, never)
    assert not (tmp_path / "views" / "views.json").exists()


def test_a_build_that_is_told_to_stop_begins_nothing(tmp_path: Path) -> None:
    with pytest.raises(ReobjError, match="told to stop"):
        bag_views([tmp_path / "bag"], tmp_path / "views", ViewBuildConfig(), no_report, lambda: True)
    assert not (tmp_path / "views").exists()
