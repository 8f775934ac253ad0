"""Instances that are a piece of an object which is in view already: masks fall apart now and then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry

#: metres by which the box of an object is too small, as depth and pose are noisy
_MARGIN_M = 0.03
#: metres; a flat thing has at least this thickness
_LEAST_M = 0.02
#: share of the instance's box within the object's from which it counts as a piece
_MOST = 0.7


def pieces(
    seen: InstanceGeometry, labels: NDArray[np.str_], objects: InstanceGeometry, names: NDArray[np.str_]
) -> NDArray[np.bool_]:
    """Which instances lie within an object of their class that another instance of the frame is.

    Two things cannot be in one place, so such an instance is neither that object nor a new one.

    Args:
        seen: of N instances without an object.
        labels: (N,) their classes.
        objects: places of M objects in view, as the map holds them.
        names: (M,) their classes.

    Returns:
        (N,) True where most of the instance's box is within the object's; False where a place is unknown.
    """
    if not len(labels) or not len(names):
        return np.zeros(len(labels), bool)
    sides, room = np.maximum(seen.spans, _LEAST_M), objects.spans + 2 * _MARGIN_M
    low = np.maximum((seen.positions - sides / 2)[:, None], objects.positions - room / 2)
    high = np.minimum((seen.positions + sides / 2)[:, None], objects.positions + room / 2)
    share = np.clip(high - low, 0, None).prod(axis=2) / sides.prod(axis=1)[:, None]
    found: NDArray[np.bool_] = np.any((share >= _MOST) & (labels[:, None] == names), axis=1)
    return found
