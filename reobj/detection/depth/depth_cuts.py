"""Cuts a depth grid into connected surfaces, at depth edges and concave creases."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_grid import Bools, DepthGrid, Floats

Numbers = NDArray[np.int32]

#: grid pixels (down, right) to both sides of a crease, in four directions: corners have none in the first two
_REACHES = ((4, 0), (0, 4), (3, 3), (3, -3))
_GIVE_BACK = 3.0  #: grid pixels that a surface takes back of what was cut off around it


def concave_creases(grid: DepthGrid, tolerance: Floats, least_slope: float) -> Bools:
    """(h, w), pixels at the bottom of a valley: further away than the line between both sides.

    Args:
        grid: the depth.
        tolerance: (h, w), 1 / metres; what is not deeper than that is noise.
        least_slope: depth of the valley against half its width.
    """
    smooth = np.asarray(cv2.blur(grid.q, (3, 3)), np.float32)
    known, found = grid.known, np.zeros(smooth.shape, bool)
    for down, right in _REACHES:
        first, middle, last = _in_line(down, right)
        sag = 0.5 * (smooth[first] + smooth[last]) - smooth[middle]
        least = np.float32(least_slope * np.hypot(down, right) * grid.pixel**0.5) * smooth[middle]
        found[middle] |= (sag > tolerance[middle]) & (sag > least) & known[first] & known[last]
    return found


def _in_line(down: int, right: int) -> tuple[tuple[slice, slice], ...]:
    """Slices of an image: the pixels before, in the middle, and after, of each line of three."""
    rows, columns = _thirds(down), _thirds(abs(right))
    return tuple(zip(rows, columns if right >= 0 else columns[::-1], strict=True))


def _thirds(step: int) -> tuple[slice, slice, slice]:
    if step == 0:
        return (slice(None),) * 3
    return slice(None, -2 * step), slice(step, -step), slice(2 * step, None)


def connected_surfaces(grid: DepthGrid, core: Bools, step: Floats) -> Numbers:
    """(h, w), numbers from 1 of the connected surfaces of ``core``; 0 elsewhere.

    Each pixel is joined to the four beside it where the depth does not jump. The joints are drawn as
    pixels between the pixels, so that thin things lose nothing at their edges.

    Args:
        grid: the depth.
        core: (h, w), the pixels that count.
        step: (h, w), 1 / metres, from which a difference of two neighbours is a jump.
    """
    height, width = core.shape
    drawn = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    drawn[::2, ::2] = core
    q = grid.q
    drawn[1::2, ::2] = (np.abs(q[1:] - q[:-1]) < step[1:]) & core[1:] & core[:-1]
    drawn[::2, 1::2] = (np.abs(q[:, 1:] - q[:, :-1]) < step[:, 1:]) & core[:, 1:] & core[:, :-1]
    _, numbers = cv2.connectedComponents(drawn, connectivity=4, ltype=cv2.CV_32S)
    return np.asarray(numbers[::2, ::2])


def give_back(numbers: Numbers, cut: Bools) -> Numbers:
    """The pixels that were cut off go to the nearest surface, if one is near."""
    free = numbers == 0
    if not cut.any() or free.all():
        return numbers
    distance, nearest = cv2.distanceTransformWithLabels(
        free.view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(nearest.max()) + 1, np.int32)
    owner[nearest[~free]] = numbers[~free]
    return np.where(cut & (distance <= _GIVE_BACK), owner[nearest], numbers)


def larger_than(numbers: Numbers, least: int) -> NDArray[np.uint16]:
    """The surfaces of at least so many pixels, numbered anew from 1; the largest 65,535 if there are more."""
    area = np.bincount(numbers.ravel())
    area[0] = 0
    keep = np.flatnonzero(area >= max(least, 1))
    keep = keep[np.argsort(-area[keep], kind="stable")][: np.iinfo(np.uint16).max]
    table = np.zeros(len(area), np.uint16)
    table[keep] = np.arange(1, len(keep) + 1)
    return table[numbers]
