"""Which recordings a build is asked for, and what tells one from another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from reobj.errors import InputError, mismatch

_FILES = (".sens", ".mcap", ".db3")


def is_recording(path: Path) -> bool:
    """Whether a file or folder looks like a scan or a bag."""
    if path.is_dir():
        return any(p.suffix in _FILES or p.name == "metadata.yaml" for p in path.iterdir())
    return path.suffix in _FILES


def find_recordings(paths: Iterable[Path]) -> list[Path]:
    """The recordings at ``paths``, and in those that are folders of recordings, these by name.

    A path that holds none stays, so that it is reported like any other that cannot be read.

    Raises:
        InputError: two of one name, whose views would overwrite each other.
    """
    found: list[Path] = []
    for path in (p.resolve() for p in paths):
        holds_none = not path.is_dir() or is_recording(path)
        inner = [] if holds_none else sorted(p for p in path.iterdir() if is_recording(p))
        found += inner or [path]
    _check_names([scene_name(path) for path in found])
    return found


def scene_name(path: Path) -> str:
    """Name of a recording: that of its folder, or of its file without the ending."""
    return path.stem if path.suffix in _FILES else path.name


def fingerprint(path: Path) -> dict[str, object]:
    """What changes when a recording does: how many bytes its files have, also when it was moved."""
    if path.is_dir():
        files = list(path.iterdir())
    else:  # beside a .sens file its companions, but not another recording whose name goes on
        files = [f for f in path.parent.iterdir() if f.name.startswith((f"{path.stem}.", f"{path.stem}_"))]
    return {"bytes": sum(file.stat().st_size for file in files if file.is_file())}


def _check_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(mismatch("recordings", "different names", f"{', '.join(twice)} twice"))
