"""Cuts the object of a box out of its surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.boxes.box_surfaces import Box, BoxSurfaces, Owner
from reobj.types import Frame

_SIDE = 64  #: pixels of the longer side of what GrabCut sees: time grows with the area
_MARGIN = 0.2  #: of the box's sides, seen around it: what is surely background
_LEAST = 0.1  #: part of its box that an object covers; less is a scrap of it

#: What is taken for granted, by owner. What goes on beyond the box may still be the object's: depth joins
#: what touches.
_KINDS = np.zeros(len(Owner), np.uint8)
_KINDS[[Owner.UNKNOWN, Owner.BOX, Owner.OTHER]] = cv2.GC_PR_FGD, cv2.GC_FGD, cv2.GC_PR_BGD


def cut_out(frame: Frame, box: Box, surfaces: BoxSurfaces | None) -> NDArray[np.bool_]:
    """What in a box differs from what is around it, by colour (GrabCut, Rother et al. 2004) from a start.

    Args:
        frame: whose colour is looked at.
        box: of the object.
        surfaces: of the frame's depth: where GrabCut starts; it starts from the whole box without.

    Returns:
        (h, w) bool of the box's size; all True where nothing can be told apart.
    """
    x0, y0, x1, y1 = box
    left, top, right, bottom = _with_margin(frame, box)
    scale = min(1.0, _SIDE / max(right - left, bottom - top))
    height, width = (max(1, round(scale * side)) for side in (bottom - top, right - left))
    rows, columns = _middles(top, bottom, height), _middles(left, right, width)
    inside = np.outer((rows >= y0) & (rows < y1), (columns >= x0) & (columns < x1))
    kinds = np.where(inside, _start(box, rows, columns, inside, surfaces), np.uint8(cv2.GC_BGD))
    small = cv2.resize(frame.colour[top:bottom, left:right], (width, height), interpolation=cv2.INTER_AREA)
    found = _grab_cut(np.asarray(small, np.uint8), kinds)
    if found[inside].sum() < _LEAST * inside.sum():
        return np.ones((y1 - y0, x1 - x0), bool)
    large = cv2.resize(found, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR) > 0.5
    return large[y0 - top : y1 - top, x0 - left : x1 - left]


def _start(
    box: Box,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    inside: NDArray[np.bool_],
    surfaces: BoxSurfaces | None,
) -> NDArray[np.uint8]:
    """(h, w), what is taken for granted: the box is the object, unless depth knows of a part of it."""
    if surfaces is not None:
        owners = surfaces.owners(box, rows, columns)
        if np.count_nonzero(owners[inside] == Owner.BOX) >= _LEAST * np.count_nonzero(inside):
            return _KINDS[owners]
    return np.full(inside.shape, cv2.GC_PR_FGD, np.uint8)


def _with_margin(frame: Frame, box: Box) -> Box:
    """The box and what is around it, within the image."""
    x0, y0, x1, y1 = box
    across, down = (max(2, round(_MARGIN * side)) for side in (x1 - x0, y1 - y0))
    right, bottom = min(x1 + across, frame.width), min(y1 + down, frame.height)
    return max(x0 - across, 0), max(y0 - down, 0), right, bottom


def _middles(first: int, last: int, count: int) -> NDArray[np.intp]:
    """(count,), the pixels in the middle of as many equal parts of [first, last)."""
    return (first + (np.arange(count) + 0.5) * (last - first) / count).astype(np.intp)


def _grab_cut(image: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(h, w) 1 where the object is, of an image (h, w, 3) and what is known of its pixels (h, w)."""
    object_like = kinds & 1  # GC_FGD and GC_PR_FGD are odd
    if not object_like.all() and object_like.any():
        models = np.zeros((2, 1, 65))
        cv2.setRNGSeed(0)  # it starts from random clusters: the same box is to give the same mask
        cv2.grabCut(image, kinds, (0, 0, 0, 0), models[0], models[1], 1, cv2.GC_INIT_WITH_MASK)
    return (kinds & 1).astype(np.float32)
