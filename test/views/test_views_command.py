"""``reobj views``: what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reobj.commands.views import app
from reobj.errors import InputError


def run(*arguments: object) -> str:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_build_and_info_print_the_counts(scan: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    scans = [scan("scene0001_00", 2), scan("scene0002_00", 2), tmp_path / "nowhere"]
    built = run("build", *scans, out, "--workers", 1, "--min-side", 4)
    told = run("info", out)
    for text in (built, told):
        rows = [line.replace("│", " ").split() for line in text.splitlines()]
        assert ["chair", "8", "8", "4"] in rows and ["all", "12", "12", "6"] in rows
        assert "12 views of 2 scenes" in text
        assert "1 recordings were skipped" in text and "nowhere: " in text
    assert "true masks" in told


def test_a_detector_is_named_or_configured_not_both(scan: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected --detector or --config, got both"):
        run("build", scan("scene0001_00", 1), tmp_path / "out", "--detector", "label_image", "--config", "x")


def test_a_configured_detector_is_taken(scan: Callable[..., Path], tmp_path: Path) -> None:
    config = tmp_path / "pipeline.yaml"
    config.write_text("detector: {name: label_image, min_area: 0.01}")
    out = tmp_path / "out"
    text = run("build", scan("scene0001_00", 1), out, "--config", config, "--min-side", 4, "--workers", 1)
    assert "detections" in text and "2 views of 1 scenes" in text
