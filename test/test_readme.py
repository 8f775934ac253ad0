"""The commands in README.md work as they stand there."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reobj.cli import app

ROOT = Path(__file__).parent.parent
COMMANDS = [
    line.strip().split("  #")[0]
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for line in path.read_text().splitlines()
    if line.startswith("    ")
]

DRIVERS = {"depthai_ros_driver", "realsense2_camera", "rtabmap_launch", "zed_wrapper"}
"""Packages of others whose launch files the documents name, too."""


def starting_with(*words: str) -> list[list[str]]:
    """The commands, and parts of commands, that begin with these words."""
    parts = (shlex.split(part) for command in COMMANDS for part in command.split("&&"))
    return [part for part in parts if part[: len(words)] == list(words)]


def is_example(command: list[str]) -> bool:
    """Whether it stands as it is typed; the others have words in capitals for what the reader puts there."""
    return not any(re.fullmatch(r"[A-Z_]{3,}(\.\.\.|/\*)?", word) for word in command)


@pytest.mark.timeout(600)
def test_the_reobj_commands_run_one_after_the_other(tmp_path: Path) -> None:
    commands = [command for command in starting_with("reobj") if is_example(command)]
    assert {command[1] for command in commands} >= {"scan", "run", "views", "train", "evaluate"}
    (tmp_path / "config").symlink_to(ROOT / "config")
    for command in commands:
        if command[1] == "demo":
            continue  # a test of its own would take minutes; `make demo` runs it
        done = subprocess.run(
            [sys.executable, "-m", "reobj.cli", *command[1:]], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
    assert (tmp_path / "out/run/report.html").stat().st_size > 10_000
    assert (tmp_path / "out/run/overlay.mp4").stat().st_size > 1_000
    assert (tmp_path / "out/encoder/model.safetensors").stat().st_size > 1_000_000
    assert (tmp_path / "out/retrieval/retrieval.html").stat().st_size > 10_000


def test_the_reobj_commands_with_placeholders_name_options_that_exist() -> None:
    commands = [command for command in starting_with("reobj") if not is_example(command)]
    assert commands
    for command in commands:
        names = list(itertools.takewhile(lambda word: re.fullmatch("[a-z]+(-[a-z]+)*", word), command[1:3]))
        help_text = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"}).output
        for option in (word for word in command if word.startswith("--")):
            assert option in help_text, shlex.join(command)


def test_the_make_commands_are_targets() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"demo", "test"} <= {command[1] for command in starting_with("make")} <= targets


def test_the_launch_commands_name_files_and_arguments_that_exist() -> None:
    commands = [command for command in starting_with("ros2", "launch") if command[2] not in DRIVERS]
    assert commands
    live = (ROOT / "launch/live.launch.py").read_text()
    for _, _, package, file, *arguments in commands:
        assert package == "reobj_ros"
        text = (ROOT / "launch" / file).read_text() + live
        for argument in arguments:
            assert f'"{argument.split(":=")[0]}"' in text, argument


def test_the_files_that_are_linked_exist() -> None:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_benchmarks_that_are_named_exist() -> None:
    names = [command[1] for command in starting_with("python") if command[1].startswith("benchmarks/")]
    assert names
    assert all((ROOT / name).exists() for name in names)
