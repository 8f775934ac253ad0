"""The JSON file that says what a stored model is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from reobj.errors import ModelError, mismatch


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
