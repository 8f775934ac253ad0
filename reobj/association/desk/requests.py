"""What people hand in with a request: checked before anything is done."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from reobj.errors import InputError, MapFileError, mismatch

#: characters of a name
LONGEST_NAME = 200
#: bytes of a path, as on Linux
_LONGEST_PATH = 4096


def checked_name(name: str) -> str:
    """A name as it is. Raises InputError when it is too long or holds line breaks and the like."""
    if len(name) > LONGEST_NAME:
        raise InputError(mismatch("name", f"at most {LONGEST_NAME} characters", len(name)))
    return _printable("name", name)


def existing_map(path: str, in_use: Path | None) -> Path:
    """A file to read a map from.

    Args:
        path: as given.
        in_use: the file that the present map is written to.

    Raises:
        InputError: it is no path, or that of the file in use.
        MapFileError: there is no file.
    """
    file = _checked_path(path)
    if not file.is_file():
        raise MapFileError(
            mismatch(str(file), "a map file", "a folder" if file.is_dir() else "nothing there")
        )
    if in_use is not None and in_use.exists() and file.samefile(in_use):
        raise InputError(mismatch("path", "another file than the one in use", file))
    return file


def place_for_map(path: str, overwrite: bool, in_use: Path | None) -> Path:
    """Where a copy of the map may be written.

    Args:
        path: as given.
        overwrite: a file may be there.
        in_use: the file that the present map is written to.

    Raises:
        InputError: it is no path, something is there that is no file, or a file that must not be overwritten.
    """
    file = _checked_path(path)
    if not file.exists():
        return file
    if not file.is_file():
        raise InputError(mismatch("path", "a file, or nothing there", f"{file}, which is none"))
    if in_use is not None and in_use.exists() and file.samefile(in_use):
        raise InputError(mismatch("path", "another file than the one in use, or none to save that", file))
    if not overwrite:
        raise InputError(mismatch("path", "no file there, or overwrite", f"{file}, which exists"))
    return file


def _checked_path(path: str) -> Path:
    size = len(path.encode("utf-8", "surrogateescape"))
    if not 0 < size <= _LONGEST_PATH:
        raise InputError(mismatch("path", f"1 to {_LONGEST_PATH} bytes", size))
    try:
        return Path(_printable("path", path)).expanduser().absolute()
    except RuntimeError as error:  # ~somebody who is not known here
        raise InputError(f"path: {error}") from error


def _printable(what: str, text: str) -> str:
    """Raises InputError for control characters and halves of characters."""
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs")), None)
    if bad is not None:
        raise InputError(mismatch(what, "no control characters", f"U+{ord(bad):04X}"))
    return text
