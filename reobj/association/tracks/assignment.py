"""Which track gets which detection: the linear assignment problem as one pure function."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Indices = NDArray[np.intp]


class Assignment(NamedTuple):
    """Matched pairs (M, 2) of row and column, sorted by row, and what is left of both."""

    matches: Indices
    unmatched_rows: Indices
    unmatched_columns: Indices


def assign(cost: NDArray[np.float64], gate: float) -> Assignment:
    """The one-to-one assignment that costs least, where leaving a row or column alone costs ``gate``.

    Pairs above the gate are never matched. A pair takes part only as far as it saves something
    against staying alone: two good tracks are not torn apart so that one more bad pair fits in.

    Args:
        cost: (R, C) of matching row r with column c; infinity or NaN where that must not be.
        gate: the highest cost of a match.
    """
    admissible = cost <= gate
    rows, columns = np.flatnonzero(admissible.any(axis=1)), np.flatnonzero(admissible.any(axis=0))
    clipped = np.where(admissible, cost, gate)[rows[:, None], columns]
    r, c = linear_sum_assignment(clipped)
    r, c = rows[r], columns[c]
    taken = admissible[r, c]
    r, c = r[taken], c[taken]
    return Assignment(pairs(r, c), _left(cost.shape[0], r), _left(cost.shape[1], c))


def pairs(rows: Indices, columns: Indices) -> Indices:
    """(M, 2) of row and column."""
    both = np.empty((len(rows), 2), np.intp)
    both[:, 0], both[:, 1] = rows, columns
    return both


def _left(count: int, taken: Indices) -> Indices:
    free = np.ones(count, dtype=bool)
    free[taken] = False
    return np.flatnonzero(free)
