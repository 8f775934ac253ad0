"""The command `reobj train-detector`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_scenes import write_scene_scans
from typer.testing import CliRunner

from reobj.cli import app
from reobj.errors import ConfigError

LIGHT = ["--network", "maskrcnn_mobilenet_v3_large_fpn", "--weights", "random", "--input-size", "64"]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    write_scene_scans(tmp_path / "scans", 2, frames=2)
    return [
        "train-detector",
        str(tmp_path / "scans"),
        "--out",
        str(tmp_path / "out"),
        "--device",
        "cpu",
        *LIGHT,
    ]


def test_the_command_writes_a_detector_by_its_options(arguments: list[str], tmp_path: Path) -> None:
    options = ["--steps", "1", "--labels", "chair", "--every", "2", "--batch", "1", "--lr", "0.002"]
    result = CliRunner().invoke(app, [*arguments, *options])
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (card["labels"], card["input_size"]) == (["chair"], 64)
    told = card["training"]["configuration"]
    assert (told["every"], told["batch"], told["optimizer"]["lr"]) == (2, 1, 0.002)
    assert "recall" in result.output and "weights: " in result.output


def test_a_damaged_scan_is_said(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "scans" / "scene0000_00" / "scene0000_00.sens").write_bytes(b"nothing")
    result = CliRunner().invoke(app, [*arguments, "--minutes", "0.0001"])
    assert result.exit_code == 0, result.output
    assert "scene0000_00 is left out: " in result.output


def test_a_wrong_option_is_named(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--epochs", "-1"])
    assert isinstance(result.exception, ConfigError)
    assert "epochs" in str(result.exception)
