"""The set-up says what the machine lacks, and does nothing twice."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools/bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "STAMPS", tmp_path / "stamps")
    return module


def test_this_machine_has_what_is_needed(bootstrap: ModuleType) -> None:
    assert list(bootstrap.missing()) == []


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 13, 0)])
def test_another_python_is_refused_with_the_cure(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=version, platform="linux"))
    (problem,) = bootstrap.missing()
    assert "Python 3.10, 3.11 or 3.12 is needed" in problem
    assert "make PYTHON=" in problem


@pytest.mark.parametrize(
    ("absent", "says"),
    [
        ({"c++", "g++", "clang++"}, "a C++ compiler is missing: sudo apt install g++"),
        ({"make"}, "make is missing: sudo apt install make"),
    ],
)
def test_a_missing_tool_is_named_with_the_cure(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, absent: set[str], says: str
) -> None:
    found = shutil.which
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None if name in absent else found(name))
    assert list(bootstrap.missing()) == [says]


def test_a_missing_venv_module_is_named(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert list(bootstrap.missing()) == ["Python's venv module is missing: sudo apt install python3-venv"]


def test_a_step_is_done_once_for_the_same_input(bootstrap: ModuleType) -> None:
    done = []
    for wanted in ("a", "a", "b", "b"):
        bootstrap.step("packages", wanted, lambda wanted=wanted: done.append(wanted))
    assert done == ["a", "b"]


def test_a_step_that_failed_is_done_again(bootstrap: ModuleType) -> None:
    def fail() -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        bootstrap.step("packages", "a", fail)
    done = []
    bootstrap.step("packages", "a", lambda: done.append(1))
    assert done == [1]


def test_the_digest_follows_the_contents(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "__file__", str(tmp_path / "bootstrap.py"))
    file = tmp_path / "requirements.txt"
    file.write_text("numpy")
    before = bootstrap.digest([file])
    assert bootstrap.digest([file]) == before
    file.write_text("scipy")
    assert bootstrap.digest([file]) != before
