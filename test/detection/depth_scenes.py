"""Depth images of boxes and planes, drawn exactly by intersecting lines of sight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reobj.types import Frame, Intrinsics

CAMERA = Intrinsics(500.0, 500.0, 319.5, 239.5, 640, 480)
TILT = np.deg2rad(30)  #: the camera stands 1.2 m above a floor and looks down by this
HEIGHT_M = 1.2

Box = tuple[Sequence[float], Sequence[float]]  #: lowest and highest x (right), y (up), z (ahead), metres
Floats = NDArray[np.float64]


def rays() -> Floats:
    """(480, 640, 3) lines of sight in the room's axes (right, up, ahead), with z = 1 in the camera's."""
    v, u = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width]
    x, y = CAMERA.rays(u, v)
    up = -y * np.cos(TILT) - np.sin(TILT)
    return np.stack([x, up, np.cos(TILT) - y * np.sin(TILT)], -1)


def draw(*boxes: Box) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Depth (480, 640) in metres of boxes, 0 where nothing is; and which of them is seen, from 1."""
    nearest, which = np.full((480, 640), np.inf), np.zeros((480, 640), np.intp)
    for number, (low, high) in enumerate(boxes, 1):
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = [(np.array(side) - (0, HEIGHT_M, 0)) / rays() for side in (low, high)]
        enter, leave = np.minimum(*ends).max(-1), np.maximum(*ends).min(-1)
        hit = (enter < leave) & (enter > 0) & (enter < nearest)
        nearest[hit], which[hit] = enter[hit], number
    return np.where(which > 0, nearest, 0).astype(np.float32), which


FLOOR: Box = ((-5, -0.1, 0), (5, 0, 4))
TABLE: Box = ((-0.7, 0.73, 1.0), (0.7, 0.75, 2.0))


def frame(depth: NDArray[np.float32] | None, intrinsics: Intrinsics | None = CAMERA) -> Frame:
    """A frame with that depth and black colour."""
    return Frame(np.zeros((480, 640, 3), np.uint8), 0, depth=depth, intrinsics=intrinsics)
