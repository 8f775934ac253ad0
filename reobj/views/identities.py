"""Numbers for objects that are named by their scene and their instance in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def identities_of(scenes: NDArray[np.integer], instances: NDArray[np.integer]) -> NDArray[np.int64]:
    """(N,) int64: the same number for views of the same object, 0, 1, ... without gaps.

    Args:
        scenes: (N,) code of each view's scene, >= 0.
        instances: (N,) id of the object in its scene.
    """
    found, codes = np.unique(instances, return_inverse=True)
    return np.unique(scenes * max(len(found), 1) + codes, return_inverse=True)[1].astype(np.int64)
