"""Small folders of views and scans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from view_room import write_scan, write_views

from reobj.encoding.context import ContextSpec
from reobj.views.settings import ViewSettings


@pytest.fixture
def settings() -> ViewSettings:
    """As the default, for small images."""
    return ViewSettings(min_side=4)


@pytest.fixture
def views_folder(tmp_path: Path, settings: ViewSettings) -> Path:
    """Scene a with two frames, b with one; 9 views."""
    return write_views(tmp_path / "views", settings, {"a": 2, "b": 1})


@pytest.fixture
def narrow_folder(tmp_path: Path) -> Path:
    """Scene c, stored with less context."""
    settings = ViewSettings(min_side=4, context=ContextSpec(ratio=1.5, square=True))
    return write_views(tmp_path / "narrow", settings, {"c": 1})


@pytest.fixture
def scan(tmp_path: Path) -> Callable[..., Path]:
    """``scan("scene0001_00", frames=3)`` writes one."""
    return lambda name, frames=3: write_scan(tmp_path / "scans" / name, frames)


@pytest.fixture
def files_of() -> Callable[[Path], dict[str, bytes]]:
    """The bytes of every file of a folder, by its path in it."""

    def read(folder: Path) -> dict[str, bytes]:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    return read
