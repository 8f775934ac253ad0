"""Votes for class names, per object, as one matrix."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class LabelVotes:
    """A vocabulary that grows, and votes (R, L) for its words."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._votes: NDArray[np.float64] = np.zeros((16, 8))
        self._rows = 0

    @property
    def words(self) -> tuple[str, ...]:
        """The class names seen so far, in the order of the columns."""
        return tuple(self._codes)

    def histogram(self, labels: Iterable[str]) -> NDArray[np.float64]:
        """(L,) how often each word occurs; unknown words join the vocabulary."""
        codes = self.encode(labels)
        return np.bincount(codes, minlength=len(self._codes)).astype(np.float64)

    def encode(self, labels: Iterable[str]) -> NDArray[np.intp]:
        """Columns of the labels; unknown words join the vocabulary."""
        codes = [self._codes.setdefault(label, len(self._codes)) for label in labels]
        self._widen()
        return np.array(codes, dtype=np.intp)

    def append(self, histogram: NDArray[np.float64]) -> None:
        """A new row with these votes (at most L,)."""
        if self._rows == len(self._votes):
            self._votes = np.concatenate([self._votes, np.zeros_like(self._votes)])
        self._votes[self._rows] = 0
        self._votes[self._rows, : len(histogram)] = histogram
        self._rows += 1

    def add(self, rows: NDArray[np.intp], labels: Iterable[str]) -> None:
        """One vote for each row, which may occur once."""
        self._votes[rows, self.encode(labels)] += 1

    def shares(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(len(rows), L) votes as shares that sum to one."""
        votes = self._votes[rows, : len(self._codes)]
        return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)

    def _widen(self) -> None:
        missing = len(self._codes) - self._votes.shape[1]
        if missing > 0:
            extra = np.zeros((len(self._votes), max(missing, self._votes.shape[1])))
            self._votes = np.concatenate([self._votes, extra], axis=1)
