"""The files of a stored model, of whatever kind: a card that says what it is, and its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from safetensors.torch import save

from reobj.errors import ModelError, mismatch
from reobj.files import atomic_path
from reobj.weights import State

CARD_FILE, WEIGHTS_FILE = "model.json", "model.safetensors"


def write_model_files(folder: Path | str, card: Mapping[str, Any], state: State) -> None:
    """Writes both. Those that stood there before are replaced when both are complete, not earlier.

    Args:
        folder: made if it is not there; other files in it stay.
        card: what JSON can say.
        state: the weights, contiguous.

    Raises:
        StorageError: the files cannot be written.
    """
    text = json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    folder = Path(folder)
    # The inner one is renamed first: the card never names weights that are not there yet.
    with atomic_path(folder / CARD_FILE) as card_path, atomic_path(folder / WEIGHTS_FILE) as weights_path:
        weights_path.write_bytes(save(dict(state), metadata={"format": "pt"}))
        card_path.write_text(text, encoding="utf-8")


def read_card_file(path: Path, form: str, version: int) -> dict[str, Any]:
    """The mapping that a card holds.

    Args:
        path: of the file.
        form, version: what its keys ``format`` and ``version`` must say.

    Raises:
        ModelError: no such file, no JSON, or a card of something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise ModelError(f"model {path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ModelError(f"model {path}: expected JSON, got {error}") from error
    if not isinstance(data, dict) or data.get("format") != form:
        got = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise ModelError(mismatch(f"model {path}: format", repr(form), repr(got)))
    if data.get("version") != version:
        raise ModelError(mismatch(f"model {path}: version", version, repr(data.get("version"))))
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which JSON does not have")
