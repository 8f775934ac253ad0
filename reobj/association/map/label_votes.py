"""Votes for class names, by row, as one matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class LabelVotes:
    """Votes (R, L) for the words of a vocabulary that grows.

    Args:
        codes: word to column; tables that share it share the vocabulary.
    """

    def __init__(self, codes: dict[str, int] | None = None) -> None:
        self._codes: dict[str, int] = {} if codes is None else codes
        self._votes: NDArray[np.float64] = np.zeros((16, 8))
        self._rows = 0

    @property
    def words(self) -> tuple[str, ...]:
        """The class names seen so far, in the order of the columns."""
        return tuple(self._codes)

    def histogram(self, labels: Iterable[str]) -> NDArray[np.float64]:
        """(L,) how often each word occurs, in a ``Counter`` too; unknown words join the vocabulary."""
        votes = Counter(labels)
        codes, counts = self.encode(votes), np.array(list(votes.values()), np.float64)
        histogram: NDArray[np.float64] = np.zeros(len(self._codes))
        histogram[codes] = counts
        return histogram

    def encode(self, labels: Iterable[str]) -> NDArray[np.intp]:
        """Columns of the labels; unknown words join the vocabulary."""
        codes = [self._codes.setdefault(label, len(self._codes)) for label in labels]
        self._widen()
        return np.array(codes, dtype=np.intp)

    def append(self, histogram: NDArray[np.float64]) -> None:
        """A new row with these votes (at most L,)."""
        if self._rows == len(self._votes):
            self._votes = np.concatenate([self._votes, np.zeros_like(self._votes)])
        self._rows += 1
        self.put(self._rows - 1, histogram)

    def add(self, rows: NDArray[np.intp], labels: Iterable[str]) -> None:
        """One vote for each row, which may occur once."""
        columns = self.encode(labels)  # which may replace the matrix by a wider one
        self._votes[rows, columns] += 1

    def put(self, row: int, histogram: NDArray[np.float64]) -> None:
        """The row has these votes (at most L,) and no others."""
        self._widen()
        self._votes[row] = 0
        self._votes[row, : len(histogram)] = histogram

    def counts(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(len(rows), L) votes."""
        self._widen()
        return self._votes[rows, : len(self._codes)]

    def shares(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(len(rows), L) votes as shares that sum to one."""
        votes = self.counts(rows)
        return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)

    def _widen(self) -> None:
        missing = len(self._codes) - self._votes.shape[1]
        if missing > 0:
            extra = np.zeros((len(self._votes), max(missing, self._votes.shape[1])))
            self._votes = np.concatenate([self._votes, extra], axis=1)
