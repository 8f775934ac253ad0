"""Whether probabilities mean what they say: reliability bins and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

#: Bins of equal width over [0, 1].
BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The predictions whose probability lies between two bounds.

    Attributes:
        low, high: bounds; the upper one belongs to the last bin only.
        count: predictions.
        confidence: their mean probability; None without any.
        accuracy: part of them that was right; None without any.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


def reliability(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """The reliability diagram (DeGroot and Fienberg 1983; Guo et al. 2017, "On Calibration of Modern
    Neural Networks", section 2).

    Args:
        probabilities: (N,) in [0, 1].
        right: (N,) what came of them.
        bins: of equal width; more show more and are noisier.

    Raises:
        InputError: lengths differ, or a probability is out of range.
    """
    if probabilities.shape != right.shape:
        raise InputError(mismatch("outcomes", f"one per probability, {len(probabilities)}", len(right)))
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise InputError(mismatch("probabilities", "values in [0, 1]", probabilities.tolist()))
    edges = np.linspace(0, 1, bins + 1)
    which = np.minimum((probabilities * bins).astype(np.intp), bins - 1)
    counts = np.bincount(which, minlength=bins)
    sums = np.bincount(which, weights=probabilities, minlength=bins)
    hits = np.bincount(which, weights=right, minlength=bins)
    return tuple(
        ReliabilityBin(
            float(edges[k]),
            float(edges[k + 1]),
            int(n),
            float(sums[k] / n) if n else None,
            float(hits[k] / n) if n else None,
        )
        for k, n in enumerate(counts.tolist())
    )


def calibration_error(bins: tuple[ReliabilityBin, ...]) -> float | None:
    """Expected calibration error: mean distance of accuracy and confidence over the bins, by their counts.

    Naeini et al. 2015; Guo et al. 2017, equation 3. None without predictions.
    """
    total = sum(item.count for item in bins)
    if not total:
        return None
    gaps = (
        item.count * abs(item.accuracy - item.confidence)
        for item in bins
        if item.accuracy is not None and item.confidence is not None
    )
    return sum(gaps) / total
