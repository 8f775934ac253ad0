"""Writing files so that a half-written one never has the final name."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reobj.errors import StorageError


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yields a temporary name beside ``path``; renames it to ``path`` when the block ends well.

    The block may write a file or a folder there. When it fails, the temporary one is
    removed and ``path`` is untouched. An existing folder at ``path`` is replaced.

    Raises:
        StorageError: the operating system refused a write (disk full, read-only, no permission).
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _replace(temporary, path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        remove(temporary)


def _replace(source: Path, target: Path) -> None:
    """Renames ``source`` to ``target``; an old folder goes aside first, as rename(2) cannot replace one."""
    if not (target.is_dir() and source.is_dir()):
        os.replace(source, target)
        return
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    os.rename(target, aside)
    try:
        os.rename(source, target)
    except OSError:
        os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def write_bytes(path: Path | str, data: bytes) -> None:
    """Writes a whole file atomically. Raises StorageError."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Writes a whole UTF-8 text file atomically. Raises StorageError."""
    write_bytes(path, text.encode("utf-8"))
