"""Large planes of a depth grid: floor, walls, table tops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_cells import CELL, Cells, fit_cells
from reobj.detection.depth.depth_grid import Bools, DepthGrid, Floats

_MOST_PLANES = 12
_MOST_GUESSES = 200  #: cells whose own planes are tried, evenly chosen
_FEWEST_CELLS = 2  #: of a plane, and of each connected part of it


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """What of a depth grid lies on large planes.

    Attributes:
        part_of: (h, w), on a visible piece of a large plane.
        near: (h, w), so close to a large plane, extended without end, that it may be a scrap of it.
    """

    part_of: Bools
    near: Bools


def find_structure(grid: DepthGrid, tolerance: Floats, min_area_m2: float, min_part: float) -> Structure:
    """The planes of which a large connected part is seen.

    Args:
        grid: the depth.
        tolerance: (h, w), 1 / metres: how far from a plane a pixel belongs to it.
        min_area_m2: square metres from which a part is large; so it is
        min_part: from this part of the image on, in [0, 1].
    """
    cells = fit_cells(grid, tolerance)
    part_of, near = np.zeros((2, *grid.q.shape), bool)
    for plane, members in _common_planes(cells):
        if not _may_be_large(cells, members, plane, grid, min_area_m2, min_part):
            continue
        a, b, c = plane.astype(np.float32)
        on_plane = np.abs(grid.q - (a * grid.rays[0] + b * grid.rays[1] + c)) < tolerance
        on_plane &= grid.known
        parts, count = _parts_with(on_plane & ~part_of, cells.rows[members], cells.columns[members])
        areas, pixels = _areas_m2(grid, plane, parts, count)
        if (areas >= min_area_m2).any() or (pixels >= min_part * grid.q.size).any():
            part_of |= parts > 0
            near |= on_plane
    return Structure(part_of, near)


def _common_planes(cells: Cells) -> Iterator[tuple[NDArray[np.float64], Bools]]:
    """Planes (3,) and the cells on each (N,), most cells first; no cell is on two.

    The cell whose plane most others lie on is the first guess; the plane is fitted anew to all of those.
    """
    guesses = np.arange(0, len(cells), max(1, len(cells) // _MOST_GUESSES))
    on_guess = cells.on(cells.planes[guesses])
    free, untried = np.ones(len(cells), bool), np.ones(len(guesses), bool)
    for _ in range(_MOST_PLANES):
        counts = (on_guess & free).sum(1) * untried
        best = int(np.argmax(counts)) if len(counts) else 0
        if not len(counts) or counts[best] < _FEWEST_CELLS:
            return
        untried[best] = False
        members = cells.on(cells.plane_of(on_guess[best] & free)[None])[0] & free
        if members.sum() >= _FEWEST_CELLS:
            yield cells.plane_of(members), members
            free &= ~members


def _may_be_large(
    cells: Cells,
    members: Bools,
    plane: NDArray[np.float64],
    grid: DepthGrid,
    min_area_m2: float,
    min_part: float,
) -> bool:
    """Whether the cells hold at least half of what makes a plane large; pixels beside them may be on it."""
    area = CELL**2 * grid.pixel * np.linalg.norm(plane) * (cells.q[members] ** -3).sum()
    part = CELL**2 * members.sum() / grid.q.size
    return bool(area >= 0.5 * min_area_m2 or part >= 0.5 * min_part)


def _parts_with(
    mask: Bools, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.uint16], int]:
    """Numbers of the connected parts of a mask that have enough of the given pixels, and how many."""
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    enough = np.bincount(labels[rows, columns], minlength=count) >= _FEWEST_CELLS
    enough[0] = False
    number = np.zeros(count, np.uint16)
    number[enough] = np.arange(1, enough.sum() + 1)
    return number[labels], int(enough.sum())


def _areas_m2(
    grid: DepthGrid, plane: NDArray[np.float64], parts: NDArray[np.uint16], count: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Square metres and pixels of each part, (count,): a pixel shows z cubed over the plane's distance."""
    shown = parts > 0
    numbers, z = parts[shown], 1 / grid.q[shown]
    areas = np.bincount(numbers, z * z * z, minlength=count + 1)[1:]  # ** takes ten times as long
    return areas * np.linalg.norm(plane) * grid.pixel, np.bincount(numbers, minlength=count + 1)[1:]
