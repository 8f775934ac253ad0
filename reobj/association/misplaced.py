"""Tracks that have slid from their object to another one, as their places show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.association.evidence import PositionEvidence
from reobj.association.geometry import InstanceGeometry

#: 0.9999 quantile of chi-square with 3 degrees of freedom: an object is not where its track is
_FAR_OFF = 21.108
#: with fewer tracks in view, one of them far off can still be doubted
_FEW = 2
#: natural-log likelihood ratio from which another object of the class fits the place better
_BETTER = 3.0


def misplaced(
    position: PositionEvidence,
    seen: InstanceGeometry,
    own: NDArray[np.intp],
    objects: InstanceGeometry,
    labels: NDArray[np.str_],
) -> NDArray[np.bool_]:
    """Which tracks are not where their objects are, or fit another object of the class better.

    If most tracks are off, it is the pose that is wrong, and none of them is doubted.

    Args:
        position: how places are compared.
        seen: of N instances whose tracks hold an object.
        own: (N,) row of that object among the M.
        objects: of M objects near them, these included.
        labels: (M,) their classes.

    Returns:
        (N,) bool; False where a place is unknown.
    """
    if not len(own):
        return np.zeros(0, bool)
    rows = np.arange(len(own))
    off = position.distance(seen, objects.select(own)) > _FAR_OFF
    density = np.nan_to_num(position.log_density(seen, objects), nan=-np.inf)
    rivals = np.where(labels[own][:, None] == labels, density, -np.inf)
    rivals[rows, own] = -np.inf
    known = np.isfinite(density[rows, own])
    off[known] |= rivals.max(axis=1)[known] - density[rows, own][known] > _BETTER
    if 2 * np.count_nonzero(off) > max(len(own), _FEW):
        off[:] = False
    return off
