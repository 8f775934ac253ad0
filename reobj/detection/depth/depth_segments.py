"""Instances from depth alone, of any kind of object, without weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_cuts import concave_creases, connected_surfaces, give_back, larger_than
from reobj.detection.depth.depth_grid import DepthGrid, GridMaker
from reobj.detection.depth.depth_planes import find_structure
from reobj.detection.depth.depth_surfaces import Surfaces, measure
from reobj.detection.label_image import UNKNOWN_LABEL
from reobj.detection.masks import instances_from_label_image
from reobj.errors import InputError, mismatch
from reobj.types import Frame, Instances, Intrinsics

_THINNEST = 3.0  #: grid pixels; below it are rims of tables, and noise
_SCRAP = 0.5  #: part of a surface on an extended plane from which it is a scrap of that plane


@dataclass(frozen=True, slots=True)
class DepthSegmentsConfig:
    """What is structure, where surfaces are cut, and which of the pieces are objects.

    Attributes:
        plane_area: square metres, > 0, from which a plane is floor, wall or table top. Raising it finds
            large flat objects, and takes more table tops for objects.
        plane_part: part of the image in [0, 1] from which a plane is that too, however small: a table
            that is near.
        plane_tolerance: metres, > 0, from a plane within which something belongs to it, beside the noise.
            Raising it loses flat objects, lowering it leaves scraps of uneven planes.
        noise: 1 / metres, > 0, error of the camera's depth at 1 m; it grows with the distance squared.
        edge: depth step against the depth, > 0, that parts two objects. Raising it joins objects that
            stand close behind each other.
        crease: depth of a valley against half its width, > 0, that parts two objects. Raising it keeps
            chairs whole, and joins objects that touch.
        min_thickness: metres, >= 0, of a surface: twice its area over its outline. Raising it drops edges
            of tables, and pens.
        max_size: metres, > 0, largest diagonal across the view.
        min_area: least part of the image in [0, 1] that an object covers.
        max_area: largest part of the image in [0, 1] that an object covers.
        farthest: metres, > 0; depth beyond it is not looked at.
        min_score: in [0, 1], least part of an outline that is not hidden, cut off or shared. More finds
            fewer objects and fewer wrong ones.
    """

    plane_area: float = 0.3
    plane_part: float = 0.15
    plane_tolerance: float = 0.01
    noise: float = 0.004
    edge: float = 0.04
    crease: float = 0.6
    min_thickness: float = 0.02
    max_size: float = 2.0
    min_area: float = 5e-4
    max_area: float = 0.4
    farthest: float = 5.0
    min_score: float = 0.5

    def __post_init__(self) -> None:
        for name in ("plane_area", "plane_tolerance", "noise", "edge", "crease", "max_size", "farthest"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError(mismatch(name, "a number > 0", getattr(self, name)))
        if not 0 <= self.min_thickness < np.inf:
            raise InputError(mismatch("min_thickness", "a number >= 0", self.min_thickness))
        for name in ("plane_part", "min_area", "max_area", "min_score"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(mismatch(name, "a number in [0, 1]", getattr(self, name)))


class DepthSegmentsDetector:
    """Finds what stands out of the large planes and is parted from its surroundings in depth.

    Args:
        config: limits.
    """

    def __init__(self, config: DepthSegmentsConfig | None = None) -> None:
        self._config = config or DepthSegmentsConfig()
        self._grid = GridMaker(self._config.farthest)

    def detect(self, frame: Frame) -> Instances:
        """Segments by descending score, all with the label ``object``.

        Raises:
            InputError: the frame has no depth, or no intrinsics of its size.
        """
        depth, intrinsics = _needed(frame)
        grid = self._grid(depth, intrinsics)
        labels, surfaces = self._surfaces(grid)
        keep = np.flatnonzero(self._are_objects(surfaces))
        scores = surfaces.clear[keep].astype(np.float32)
        order = np.argsort(-scores, kind="stable")
        names = [UNKNOWN_LABEL] * len(keep)
        large = _enlarged(labels, grid.step, frame.height, frame.width)
        return instances_from_label_image(large, keep[order] + 1, names, scores[order])

    def _surfaces(self, grid: DepthGrid) -> tuple[NDArray[np.uint16], Surfaces]:
        """What is left of the large planes, cut into connected surfaces."""
        config = self._config
        on_plane = grid.tolerance(config.plane_tolerance, config.noise)
        structure = find_structure(grid, on_plane, config.plane_area, config.plane_part)
        rest = grid.known & ~structure.part_of
        creases = rest & concave_creases(grid, grid.tolerance(0, config.noise), config.crease)
        step = np.float32(config.edge) * grid.q + np.float32(config.noise)
        numbers = give_back(connected_surfaces(grid, rest & ~creases, step), creases)
        labels = larger_than(numbers, int(config.min_area * numbers.size))
        return labels, measure(grid, labels, structure)

    def _are_objects(self, surfaces: Surfaces) -> NDArray[np.bool_]:
        """(N,), the surfaces that have an object's size and outline and are no scraps of structure."""
        config = self._config
        sized = (surfaces.part <= config.max_area) & (surfaces.across_m <= config.max_size)
        thick = (surfaces.thickness_px >= _THINNEST) & (surfaces.thickness_m >= config.min_thickness)
        return sized & thick & (surfaces.near_plane <= _SCRAP) & (surfaces.clear >= config.min_score)


def _needed(frame: Frame) -> tuple[NDArray[np.float32], Intrinsics]:
    """Depth and intrinsics of a frame. Raises InputError, which says where they come from."""
    if frame.depth is None:
        raise InputError(
            "detector depth_segments: expected depth registered to the image, got none; nodes take it from "
            "the topic depth unless depth_transport is none, offline runs in modes with depth; for colour "
            "alone there is mask_rcnn"
        )
    if frame.intrinsics is None:
        raise InputError(
            "detector depth_segments: expected the intrinsics of the image, got none; nodes take them from "
            "the topic camera_info"
        )
    width, height = frame.intrinsics.width, frame.intrinsics.height
    if (width, height) != (frame.width, frame.height):
        expected = f"of {frame.width}x{frame.height} pixels as the image"
        raise InputError(mismatch("intrinsics", expected, f"of {width}x{height}"))
    return frame.depth, frame.intrinsics


def _enlarged(labels: NDArray[np.uint16], step: int, height: int, width: int) -> NDArray[np.uint16]:
    """The grid's numbers in the size of the image; what no grid pixel stands for is 0."""
    large = np.repeat(np.repeat(labels, step, axis=0), step, axis=1)[:height, :width]
    missing = ((0, height - large.shape[0]), (0, width - large.shape[1]))
    return np.ascontiguousarray(np.pad(large, missing))
