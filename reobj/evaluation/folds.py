"""folds.json of a cross-validation: which scenes each of its models has not seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from reobj.errors import InputError, StorageError, mismatch

FOLDS_FILE = "folds.json"


@dataclass(frozen=True, slots=True)
class Folds:
    """A cross-validation.

    Attributes:
        scenes: of each fold, the names of the scenes that are held out; no scene twice.
    """

    scenes: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        names = [name for part in self.scenes for name in part]
        if not names or len(set(names)) != len(names):
            raise InputError(mismatch("scenes of the folds", "each scene in one fold", names))


def read_folds(path: Path | str) -> Folds:
    """Reads a folds.json as ``reobj train --folds`` writes it, or that of a folder.

    Raises:
        StorageError: it cannot be read, or is none.
    """
    path = Path(path)
    path = path / FOLDS_FILE if path.is_dir() else path
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Folds(tuple(tuple(str(name) for name in fold["scenes"]) for fold in content["folds"]))
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:  # InputError is a ValueError
        expected = "the folds of a cross-validation with their scenes"
        raise StorageError(mismatch(str(path), expected, f"{type(error).__name__}: {error}")) from error


def fold_model(folder: Path, number: int) -> Path:
    """Where the model of a fold lies in the folder of a cross-validation."""
    return folder / f"fold{number}"
