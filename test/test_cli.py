"""The command line: help, and errors that are one line and not a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reobj import __version__


def reobj(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reobj.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    folder = tmp_path / "scene0003_00"
    done = reobj("scan", "simulate", str(folder), "--seed", "3", "--frames", "2", "--size", "64x48")
    assert done.returncode == 0, done.stderr
    return folder


def test_help_names_every_command() -> None:
    text = reobj("--help").stdout
    commands = ("scan", "run", "demo", "views", "train", "train-detector", "evaluate", "reproduce")
    assert all(command in text for command in commands)


def test_help_does_not_wait_for_torch() -> None:
    program = "import sys, reobj.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0


def test_version() -> None:
    assert reobj("--version").stdout.strip() == f"reobj {__version__}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "nowhere"), "expected a scan folder, a .sens file or a bag, got nothing there"),
        (("scan", "info", "nowhere"), "got nothing there"),
        (("scan", "info", "[/]"), "[/]"),
        (("scan", "to-bag", "nowhere", "bag"), "nowhere"),
        (("scan", "simulate", "out", "--size", "640"), "expected WIDTHxHEIGHT, such as 640x480, got 640"),
    ],
)
def test_what_goes_wrong_is_one_line(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = reobj(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_unknown_device_is_named(tmp_path: Path) -> None:
    scan = tmp_path / "scene0003_00"
    assert (
        reobj("scan", "simulate", str(scan), "--seed", "3", "--frames", "2", "--size", "64x48").returncode
        == 0
    )
    done = reobj("run", str(scan), "--device", "tpu", cwd=tmp_path)
    assert done.returncode == 1
    assert "device: expected auto, cpu, cuda or cuda:N, got 'tpu'" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_configuration_with_an_unknown_key_is_named(tmp_path: Path) -> None:
    scan, config = tmp_path / "scene0003_00", tmp_path / "config.yaml"
    assert (
        reobj("scan", "simulate", str(scan), "--seed", "3", "--frames", "2", "--size", "64x48").returncode
        == 0
    )
    config.write_text("encoder: {nmae: backbone}")
    done = reobj("run", str(scan), "--config", str(config), cwd=tmp_path)
    assert done.returncode == 1
    assert "encoder.nmae: unknown key" in done.stderr.replace("\n", " ")


def test_a_run_says_which_detector_it_has_and_a_wrong_key_which_ones_there_are(
    scan: Path, tmp_path: Path
) -> None:
    network = "name: mask_rcnn, network: maskrcnn_mobilenet_v3_large_fpn, weights: random, input_size: 32"
    (tmp_path / "right.yaml").write_text(f"detector: {{{network}}}")
    done = reobj("run", str(scan), "--config", "right.yaml", "--out", "out", "--device", "cpu", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "detector maskrcnn_mobilenet_v3_large_fpn (random) on cpu" in done.stderr
    (tmp_path / "wrong.yaml").write_text("detector: {name: label_image, propagate: true}")
    done = reobj("run", str(scan), "--config", "wrong.yaml", "--out", "other", cwd=tmp_path)
    assert "detector.propagate: unknown key, expected one of name, imperfections, propagation" in done.stderr
