"""Columns of equal length in contiguous arrays: what tracks and map objects are kept in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_CAPACITY = 16


class Table:
    """Named columns whose rows are added at the end and removed by filling the holes from the end.

    Adding a row costs constant time on average and removing one moves at most one row, so
    that the cost of a frame depends on how many rows there are and never on how many there were.

    Args:
        columns: name to (shape of one value, dtype).
    """

    def __init__(self, columns: dict[str, tuple[tuple[int, ...], DTypeLike]]) -> None:
        self._arrays: dict[str, NDArray[Any]] = {
            name: np.zeros((_FIRST_CAPACITY, *shape), dtype) for name, (shape, dtype) in columns.items()
        }
        self._capacity = _FIRST_CAPACITY
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The column, a writable view of length ``len(self)`` that is valid until rows are added."""
        return self._arrays[name][: self._size]

    def append(self, count: int, **values: Any) -> slice:
        """Adds ``count`` rows; a column without a value there is zero. Returns where they stand."""
        start, end = self._size, self._size + count
        if end > self._capacity:
            self._grow(end)
        for name, array in self._arrays.items():
            array[start:end] = values.get(name, 0)
        self._size = end
        return slice(start, end)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Removes the rows where ``mask`` (R,) is False; the last rows move into the holes."""
        size = int(np.count_nonzero(mask))
        if size == self._size:
            return
        holes = np.flatnonzero(~mask[:size])
        movers = size + np.flatnonzero(mask[size:])
        for array in self._arrays.values():
            array[holes] = array[movers]
        self._size = size

    def clear(self) -> None:
        """Removes all rows; the memory is kept for the next ones."""
        self._size = 0

    def _grow(self, needed: int) -> None:
        self._capacity = max(needed, 2 * self._capacity)
        for name, array in self._arrays.items():
            grown = np.zeros((self._capacity, *array.shape[1:]), array.dtype)
            grown[: self._size] = array[: self._size]
            self._arrays[name] = grown
