from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import yaml
from toy_views import toy_config, write_toy_views
from typer.testing import CliRunner

from reobj.cli import app
from reobj.commands.train import set_values, stopped_by_signals
from reobj.errors import ConfigError
from reobj.training.config import config_mapping


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(config_mapping(toy_config())))
    views = write_toy_views(tmp_path / "views")
    files = ["--config", tmp_path / "toy.yaml", "--views", views, "--out", tmp_path / "out"]
    return ["train", *map(str, files), "--device", "cpu"]


def test_the_command_writes_a_model_by_its_options(arguments: list[str], tmp_path: Path) -> None:
    options = ["--steps", "3", "--seed", "5", "--setup", "foreground", "--context", "1.5"]
    result = CliRunner().invoke(app, [*arguments, *options])
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "out" / "model.json").read_text())
    assert card["options"]["setup"] == "foreground"
    assert card["context"]["ratio"] == 1.5
    told = card["training"]["configuration"]
    assert (told["budget"]["steps"], told["seed"]) == (3, 5)
    assert "same-scene same-class: rank-1" in result.output


def test_minutes_stand_in_place_of_steps(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments, "--minutes", "0.0001"])
    assert result.exit_code == 0, result.output
    budget = json.loads((tmp_path / "out" / "model.json").read_text())["training"]["configuration"]["budget"]
    assert (budget["steps"], budget["max_minutes"]) == (None, 0.0001)


def test_folds_print_mean_and_spread(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments, "--steps", "1", "--folds", "2"])
    assert result.exit_code == 0, result.output
    assert "±" in result.output
    assert (tmp_path / "out" / "folds.json").exists()


def test_folds_and_validation_views_exclude_each_other(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments, "--folds", "2", "--validation", str(tmp_path / "views")])
    assert isinstance(result.exception, ConfigError)


def test_an_option_that_the_network_does_not_have_is_named(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--backbone", "resnet18"])
    assert isinstance(result.exception, ConfigError)
    assert "model.options.backbone" in str(result.exception)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(number: int) -> None:
    before = signal.getsignal(number)
    with stopped_by_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_values_go_into_sections_that_are_not_there_yet() -> None:
    data: dict[str, object] = {"model": {"network": "small"}}
    set_values(data, "model.options", {"setup": "full", "backbone": None})
    set_values(data, "budget", {"steps": None})
    set_values(data, "", {"seed": 3})
    assert data == {"model": {"network": "small", "options": {"setup": "full"}}, "seed": 3}


def test_values_do_not_go_into_what_is_no_section() -> None:
    with pytest.raises(ConfigError, match=r"model\.options"):
        set_values({"model": 3}, "model.options", {"setup": "full"})
