"""Nested values as JSON can say them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reobj.errors import InputError, mismatch


def plain_data(value: object, path: str) -> Any:
    """Mappings, sequences, texts, numbers and None as JSON reads them back.

    A tuple becomes a list, a numpy number Python's, a path a text, and NaN or infinity None.

    Args:
        value: what to convert.
        path: its name for messages.

    Raises:
        InputError: anything else, or a key that is no text.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {_text(key, path): plain_data(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain_data(item, f"{path}[{i}]") for i, item in enumerate(value)]
    raise InputError(mismatch(path, "plain data: numbers, texts, lists, mappings", type(value).__name__))


def _text(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise InputError(mismatch(path, "keys that are texts", repr(key)))
    return key
