"""The trained models that come with the package."""

from __future__ import annotations

from pathlib import Path

from reobj.card_file import CARD_FILE
from reobj.errors import ModelError, mismatch

MODELS = Path(__file__).parent.parent / "models"
"""One folder per model that ships."""


def shipped_models() -> tuple[str, ...]:
    """Their names."""
    return tuple(sorted(path.parent.name for path in MODELS.glob(f"*/{CARD_FILE}")))


def model_folder(model: Path | str) -> Path:
    """Where a model lies: the name of one that ships, or else the path of a folder.

    A folder of the same name as a shipped model is meant when written with a slash: ``./small``.

    Raises:
        ModelError: neither.
    """
    names = shipped_models()
    if str(model) in names:
        return MODELS / str(model)
    if not (Path(model) / CARD_FILE).is_file():
        known = ", ".join([*names, f"a folder with {CARD_FILE}"])
        raise ModelError(mismatch("model", f"one of {known}", repr(str(model))))
    return Path(model)
