"""Lines of sight from the camera through the boxes of objects: where they enter, leave and end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry, depth_std
from reobj.association.oriented_box import box_axes
from reobj.types import Intrinsics

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: where the lines pass through a box, as shares of its half sides: a grid of 64 points
_THROUGH = np.array(list(itertools.product((-1.0, -1 / 3, 1 / 3, 1.0), repeat=3)))
#: standard deviation of the grid along a side of length 1
_GRID_STD = float(np.std(_THROUGH[:, 0])) / 2
#: measured depths this many standard deviations apart are different ones
_DEPTH_STDS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class LinesOfSight:
    """R lines through each of K boxes.

    They enter and leave the box more the standard deviation of its place, which the object hardly exceeds.

    Attributes:
        pixels: (K, R, 2) u, v of each line.
        entries, exits: (K, R) metres along the optical axis.
        bases: (K, R) the same where they come down to what the box stands on; infinite for others.
    """

    pixels: Array
    entries: Array
    exits: Array
    bases: Array

    @classmethod
    def through(cls, places: InstanceGeometry, pose: Array, k: Intrinsics, less: float) -> LinesOfSight:
        """Through the places of K objects, all before the camera.

        Args:
            places: known ones.
            pose: (4, 4) camera to map.
            k: of the image.
            less: how many standard deviations of its place a box is made smaller by on each side.
        """
        axes = box_axes(places.orientations)
        variance = np.einsum("kji,kjl,kli->ki", axes, places.covariances, axes)
        half, std = places.extents / 2, np.sqrt(variance)
        points = _THROUGH * np.maximum(half - less * std, 0.0)[:, None]
        eye = np.einsum("kji,kj->ki", axes, pose[:3, 3] - places.positions)[:, None]
        along = points - eye
        enter, leave = _slabs(eye, along, (half + std)[:, None])
        in_map = np.einsum("kij,krj->kri", axes, points) + places.positions[:, None]
        x, y, z = np.moveaxis((in_map - pose[:3, 3]) @ pose[:3, :3], -1, 0)
        safe = np.maximum(z, 1e-6)  # what lies behind the camera is never judged
        pixels = np.stack(k.project(x / safe, y / safe), axis=-1)
        return cls(pixels, enter * z, leave * z, _base(eye, along, (std - half)[:, 2:]) * z)

    def inside(self, width: int, height: int, edge: float) -> Flags:
        """(K,) whether all lines are at least ``edge`` pixels inside the image, and begin outside the box."""
        last = np.array([width - 1, height - 1]) - edge
        outside = np.count_nonzero((self.pixels < edge) | (self.pixels > last), axis=(1, 2))
        return (outside == 0) & (self.entries.min(axis=1) > 0)

    def widths(self) -> Array:
        """(K,) pixels, about how wide the boxes are to see where they are narrowest."""
        u, v = np.moveaxis(self.pixels, -1, 0)
        a, b, c = u.var(axis=1), v.var(axis=1), (u * v).mean(axis=1) - u.mean(axis=1) * v.mean(axis=1)
        least = (a + b) / 2 - np.hypot((a - b) / 2, c)
        return np.sqrt(np.maximum(least, 0.0)) / _GRID_STD

    def values(self, image: NDArray[np.uint16] | NDArray[np.float32]) -> NDArray[np.float64]:
        """(K, R) of an image (H, W) at the pixels, of the nearest one inside."""
        height, width = image.shape
        u, v = np.moveaxis(np.rint(np.clip(self.pixels, 0, [width - 1, height - 1])).astype(np.intp), -1, 0)
        return image[v, u].astype(np.float64)

    def ends(self, depths: Array, clearance_m: float) -> tuple[Flags, Flags, Flags]:
        """Where lines end, by the measured depths.

        Args:
            depths: (K, R) metres, 0, NaN or infinity where unknown.
            clearance_m: how far behind the box a line must end.

        Returns:
            (K, R) which end behind the box, which end in it, and which end on what it stands on.
        """
        noise = _DEPTH_STDS * depth_std(self.exits)
        known = np.isfinite(depths) & (depths > 0)
        behind = known & (depths > self.exits + noise + clearance_m)
        support = known & ~behind & (depths >= self.bases - noise)
        within = known & ~support & (depths >= self.entries - noise) & (depths <= self.exits + noise)
        return behind, within, support


def _slabs(eye: Array, direction: Array, half: Array) -> tuple[Array, Array]:
    """(K, R) where lines eye + t direction enter and leave boxes (Kay and Kajiya 1986).

    Args:
        eye: (K, 1, 3) metres in the axes of the box, around its centre.
        direction: (K, R, 3), to a point of the box.
        half: (K, 1, 3) half side lengths.
    """
    tiny = 1e-9
    along = np.where(np.abs(direction) < tiny, tiny, direction)
    one, other = (-half - eye) / along, (half - eye) / along
    return np.minimum(one, other).max(axis=-1), np.maximum(one, other).min(axis=-1)


def _base(eye: Array, direction: Array, height: Array) -> Array:
    """(K, R) where lines come down to a height (K, 1) in the axes of the box; infinite if they do not."""
    sinking = np.minimum(direction[..., 2], 0.0)
    with np.errstate(divide="ignore"):
        return np.where(sinking < 0, (height - eye[..., 2]) / sinking, np.inf)
