"""Tables as columns of equal length: how rows travel between the object map and its file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

Ids = NDArray[np.int64]
Array = NDArray[np.float64]
#: name to type and shape of a row of each column
Columns = dict[str, tuple[type[np.generic], tuple[int, ...]]]


def check(rows: Any, what: str, columns: Columns, count: int) -> None:
    """Raises InputError unless each column of ``rows`` has its type and ``count`` rows of its shape."""
    for name, (kind, shape) in columns.items():
        column = getattr(rows, name)
        if column.shape != (count, *shape) or column.dtype != kind:
            expected = f"{(count, *shape)} {np.dtype(kind)}"
            raise InputError(mismatch(f"{what}: {name}", expected, f"{column.shape} {column.dtype}"))


def empty(columns: Columns) -> dict[str, NDArray[Any]]:
    """All columns without a row."""
    return {name: np.zeros((0, *shape), kind) for name, (kind, shape) in columns.items()}


def joined(parts: Sequence[Any], columns: Columns) -> dict[str, NDArray[Any]]:
    """The rows of all parts, column by column."""
    return {
        name: np.concatenate([getattr(part, name) for part in parts] or [np.zeros((0, *shape), kind)])
        for name, (kind, shape) in columns.items()
    }


def joined_votes(parts: Sequence[tuple[Array, tuple[str, ...]]]) -> tuple[Array, tuple[str, ...]]:
    """Votes (N, L) over the class names of all parts, and these names.

    Args:
        parts: votes and the names of their columns.
    """
    words = tuple(dict.fromkeys(word for _, own in parts for word in own))
    places = {word: column for column, word in enumerate(words)}
    votes = np.zeros((sum(len(part) for part, _ in parts), len(words)))
    start = 0
    for part, own in parts:
        votes[start : start + len(part), [places[word] for word in own]] = part
        start += len(part)
    return votes, words


def votes_of(votes: Array, words: tuple[str, ...]) -> dict[str, float]:
    """Class names of one row of votes (L,), the most first."""
    found = [(words[i], float(votes[i])) for i in np.flatnonzero(votes).tolist()]
    return dict(sorted(found, key=lambda entry: -entry[1]))
