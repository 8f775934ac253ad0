"""What builds and tests the project on each distribution of ROS 2: the files agree with each other."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
NAMES = ["humble", "jazzy", "kilted", "lyrical"]
REUSED = ".github/workflows/distribution.yaml"


def requirements() -> list[str]:
    lines = (ROOT / "requirements-ros.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def without_numpy(lines: list[str]) -> set[str]:
    return {line for line in lines if not line.startswith("numpy")}


def test_pip_installs_for_ros_what_setup_py_asks_for() -> None:
    setup = (ROOT / "setup.py").read_text()
    asked = ast.literal_eval(re.search(r"install_requires=(\[.*?\])", setup, re.S)[1])  # type: ignore[index]
    assert without_numpy(requirements()) == without_numpy(asked)


@pytest.mark.parametrize(("python", "numpy"), [("3.10", "1.26.4"), ("3.12", "1.26.4"), ("3.14", "2.3.4")])
def test_numpy_is_that_of_the_distribution(python: str, numpy: str) -> None:
    """The second is of Ubuntu 24.04 and 26.04; 22.04 has an older one, which the code does not run with."""
    requirement = pytest.importorskip("packaging.requirements").Requirement
    wanted = [requirement(line) for line in requirements() if line.startswith("numpy")]
    held = [one for one in wanted if one.marker.evaluate({"python_version": python})]
    assert len(held) == 1
    assert numpy in held[0].specifier
    other = "2.3.4" if numpy.startswith("1") else "1.26.4"
    assert other not in held[0].specifier


def test_every_distribution_has_a_dockerfile_and_a_workflow() -> None:
    assert sorted(path.name.split(".")[0] for path in ROOT.glob("docker/*.Dockerfile")) == NAMES
    workflows = {path.stem for path in ROOT.glob(".github/workflows/*.yaml")}
    assert workflows == {*NAMES, "distribution"}


def test_the_dockerfiles_differ_only_in_the_distribution() -> None:
    bodies = set()
    for name in NAMES:
        text = (ROOT / f"docker/{name}.Dockerfile").read_text()
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert lines[0] == f"FROM ros:{name}-ros-base"
        bodies.add("\n".join(lines[1:]))
    assert len(bodies) == 1


def test_the_dockerfiles_copy_and_run_what_is_there() -> None:
    text = (ROOT / "docker/humble.Dockerfile").read_text()
    copied = [name for line in re.findall(r"^COPY (.*)$", text, re.M) for name in line.split()[:-1]]
    run = re.findall(r"src/reobj/(docker/\w+\.sh)", text)
    assert {"package.xml", "docker/install.sh"} <= set(copied)
    assert {"docker/install.sh", "docker/build.sh", "docker/entrypoint.sh"} <= set(run)
    for name in copied:
        assert (ROOT / name).exists(), name
    for name in run:
        assert os.access(ROOT / name, os.X_OK), name


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("script", sorted(path.name for path in ROOT.glob("docker/*.sh")))
def test_the_scripts_are_bash(script: str) -> None:
    done = subprocess.run(["bash", "-n", str(ROOT / "docker" / script)], capture_output=True, text=True)
    assert done.stderr == ""


def test_the_scripts_find_both_packages() -> None:
    """Neither colcon nor rosdep looks for packages inside a package."""
    folders = {f"src/reobj/{path.parent.relative_to(ROOT)}".rstrip("/.") for path in packages()}
    for script, option in [("install", "--from-paths"), ("build", "--base-paths"), ("test", "--base-paths")]:
        text = (ROOT / f"docker/{script}.sh").read_text()
        given = re.search(rf"{option} ((?:src/\S+ )+)", text)
        assert given and set(given[1].split()) == folders, script


def packages() -> list[Path]:
    return [ROOT / "package.xml", ROOT / "reobj_msgs/package.xml"]


@pytest.mark.parametrize("name", NAMES)
def test_the_workflow_uses_the_dockerfile(name: str) -> None:
    workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yaml").read_text())
    assert workflow["jobs"][name] == {"uses": f"./{REUSED}", "with": {"distribution": name}}
    assert (ROOT / f"docker/{name}.Dockerfile").is_file()


def test_the_workflow_runs_what_is_there() -> None:
    workflow = yaml.safe_load((ROOT / REUSED).read_text())
    assert workflow[True]["workflow_call"]["inputs"]["distribution"]["required"]  # YAML reads "on" as true
    steps = workflow["jobs"]["build_and_test"]["steps"]
    commands = " ".join(step.get("run", "") for step in steps)
    assert "docker/${{ inputs.distribution }}.Dockerfile" in commands
    scripts = re.findall(r"src/reobj/(docker/\w+\.sh)", commands)
    assert scripts == ["docker/test.sh"]
    assert all((ROOT / script).is_file() for script in scripts)
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step)


def test_rosdep_is_asked_for_nothing_that_ubuntu_has_in_some_releases_only() -> None:
    """python3-torchvision, for one, is in 22.04 and not in 24.04: rosdep would fail there."""
    named = {element.text for element in ET.parse(ROOT / "package.xml").getroot()}
    assert not {name for name in named if name and re.search("torch|typer|rich", name)}


def test_colcon_finds_pytest() -> None:
    """Without it among the extra "test" `colcon test` runs unittest, finds nothing and is content."""
    setup = (ROOT / "setup.py").read_text()
    assert "pytest" in ast.literal_eval(re.search(r'"test": (\[.*?\])', setup)[1])  # type: ignore[index]


ELSEWHERE = {"rclpy.clock_type", "rclpy.event_handler", "rclpy.experimental", "rclpy.qos_event"}
"""Modules that some releases have not, or not any more. ClockType, for one, is in rclpy.clock of all."""


def test_what_only_some_distributions_have_is_imported_in_one_module() -> None:
    for path in (ROOT / "reobj_ros").rglob("*.py"):
        if path.name == "distribution.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ELSEWHERE, f"{path.name}: {node.module}"
