"""Builds on Ray: the same bytes as without it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reobj.errors import ConfigError, ReobjError, StorageError
from reobj.views.build import ViewBuildConfig, build_views
from reobj.views.settings import ViewSettings
from reobj.views.workers import _result


def test_a_missing_ray_is_one_clear_line(
    scan: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="--ray needs the package ray, which is not installed"):
        build_views([scan("scene0001_00", 1)], tmp_path / "out", ray="local")


@pytest.mark.slow
def test_two_workers_of_ray_write_what_one_process_does(
    scan: Callable[..., Path],
    tmp_path: Path,
    settings: ViewSettings,
    files_of: Callable[[Path], dict[str, bytes]],
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    config = ViewBuildConfig(settings)
    scans = [scan("scene0001_00"), scan("scene0002_00", 2), tmp_path / "nowhere"]
    build_views(scans, tmp_path / "a", config, workers=1)
    try:
        report = build_views(scans, tmp_path / "b", config, workers=2, ray="local")
    except ConfigError as error:
        if "timed out during startup" not in str(error):
            raise
        pytest.skip("Ray did not start within its 30 seconds on this busy machine")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert len(report.skipped) == 1


class FakeRay:
    """Its answer to every task is an error of the worker."""

    class exceptions:
        """As Ray's module of that name."""

        class RayError(Exception):
            """Any failure of Ray."""

        class RayTaskError(RayError):
            """What the task itself raised."""

            cause: Exception

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get(self, _: object) -> None:
        raise self._error


def test_what_a_task_raised_on_purpose_is_raised_here() -> None:
    error = FakeRay.exceptions.RayTaskError()
    error.cause = StorageError("cannot write there")
    with pytest.raises(StorageError, match="cannot write there"):
        _result(FakeRay(error), None)


def test_a_worker_that_died_is_an_error_that_says_so() -> None:
    with pytest.raises(ReobjError, match="a worker of Ray failed, run it again: out of memory"):
        _result(FakeRay(FakeRay.exceptions.RayError("out of memory")), None)
