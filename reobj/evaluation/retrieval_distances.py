"""Distances between embeddings, as the papers compare them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch


def squared_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared Euclidean distances; for embeddings of length 1, twice the cosine distance.

    Args:
        a: (N, D) float32.
        b: (M, D) float32.

    Returns:
        (N, M) float32, >= 0.

    Raises:
        InputError: the lengths D differ, or a distance is too large for float32.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise InputError(mismatch("embeddings", "(N, D) and (M, D)", f"{a.shape} and {b.shape}"))
    result = a @ b.T
    result *= -2.0
    result += np.einsum("nd,nd->n", a, a)[:, None]
    result += np.einsum("md,md->m", b, b)
    np.maximum(result, 0.0, out=result)
    if result.size and not np.isfinite(result.max()):
        raise InputError(mismatch("squared distances", "finite values in float32", "infinity or NaN"))
    return result
