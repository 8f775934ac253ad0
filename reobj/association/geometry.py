"""Where the instances of a frame are, from depth, intrinsics and pose: all instances in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.types import Frame, Instances, Intrinsics

Array = NDArray[np.float64]

#: points per instance that all statistics are made of
_SAMPLES = 128
#: an instance with fewer valid points on the sampling grid gets no geometry
MIN_POINTS = 8
#: pixels between samples for an image of this width, in proportion for others
_STRIDE, _STRIDE_WIDTH = 2, 640
#: points further from the median depth than this many robust standard deviations are outliers (MAD),
#: but nothing nearer than the slack, which is below the thickness of the things themselves
_OUTLIER_STD, _OUTLIER_SLACK_M = 3.0, 0.05
#: standard deviation of a Gaussian over its median absolute deviation
_MAD_TO_STD = 1.4826
#: the visible surface's centre wanders between views by about this share of the visible extent
_EXTENT_SHARE = 0.15
#: least standard deviation of a position
_FLOOR_M = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class InstanceGeometry:
    """Geometry of the N instances of a frame; NaN rows where there were too few valid points.

    Attributes:
        depths: (N,) metres along the optical axis, median of the surface.
        positions: (N, 3) metres in the map, centre of the visible surface; all NaN without a pose.
        covariances: (N, 3, 3) square metres, of depth noise and extent.
        extents: (N, 3) metres, side lengths of the axis-aligned box around the visible surface.
    """

    depths: Array
    positions: Array
    covariances: Array
    extents: Array

    @property
    def located(self) -> NDArray[np.bool_]:
        """(N,) which instances have a position."""
        return np.isfinite(self.positions[:, 0])

    def select(self, rows: NDArray[np.intp] | slice) -> InstanceGeometry:
        """Of some of the instances."""
        return InstanceGeometry(
            self.depths[rows], self.positions[rows], self.covariances[rows], self.extents[rows]
        )

    @classmethod
    def joined(cls, parts: Sequence[InstanceGeometry]) -> InstanceGeometry:
        """Of the instances of all parts."""
        names = ("depths", "positions", "covariances", "extents")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @classmethod
    def unknown(cls, count: int) -> InstanceGeometry:
        """Of a frame without depth."""
        return cls(*(np.full((count, *shape), np.nan) for shape in ((), (3,), (3, 3), (3,))))


def measure(frame: Frame, instances: Instances, pose: Array | None) -> InstanceGeometry:
    """Depths of the instances, and with a pose their places in the map.

    Pixels at the border of a mask are left out where enough others remain, as depth bleeds there;
    so is what lies far from the median depth (background seen through or beside the object).

    Args:
        frame: with depth and intrinsics; without them everything is unknown.
        instances: masks of the size of the frame.
        pose: (4, 4) camera to map, or None for depths only.
    """
    n = len(instances)
    result = InstanceGeometry.unknown(n)
    if frame.depth is None or frame.intrinsics is None or n == 0:
        return result
    pixels, counts = _sample(instances.label_image, frame.depth, n)
    found = np.flatnonzero(counts >= MIN_POINTS)
    points = _back_project(pixels[found], frame.depth, frame.intrinsics)
    kept, result.depths[found] = _inliers(points[:, 2])
    if pose is None or len(found) == 0:
        return result
    placed = pose[:3, :3] @ points + pose[:3, 3:]
    low, centre, high = _quantiles(placed, kept, (0.02, 0.5, 0.98))
    result.positions[found] = centre
    result.extents[found] = high - low
    result.covariances[found] = _covariance(centre - pose[:3, 3], high - low)
    return result


def _sample(
    label_image: NDArray[np.uint16], depth: NDArray[np.float32], n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(N, S) flat pixel indices spread evenly over each mask, and (N,) how many different ones it has."""
    width = label_image.shape[1]
    step = max(1, width * _STRIDE // _STRIDE_WIDTH)
    labels = label_image[step:-step:step, step:-step:step]
    z = depth[step:-step:step, step:-step:step]
    wanted = np.flatnonzero((labels > 0) & (labels <= n) & (z > 0) & (z < np.inf))
    group = labels.ravel()[wanted] - np.uint16(1)
    inner = _interior(label_image, step).ravel()[wanted]
    few = np.bincount(group[inner], minlength=n) < MIN_POINTS
    chosen = inner | few[group]
    wanted, group = wanted[chosen], group[chosen]
    counts = np.bincount(group, minlength=n)
    order = wanted[np.argsort(group, kind="stable")]
    spread = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    index = (np.cumsum(counts) - counts)[:, None] + (spread * counts[:, None]).astype(np.intp)
    if len(order) == 0:
        return np.zeros((n, _SAMPLES), np.intp), counts
    row, column = np.divmod(order[np.minimum(index, len(order) - 1)], labels.shape[1])
    return (row + 1) * step * width + (column + 1) * step, counts


def _interior(label_image: NDArray[np.uint16], step: int) -> NDArray[np.bool_]:
    """On the sampling grid: whether the four neighbours one step away belong to the same instance."""
    here = label_image[step:-step:step, step:-step:step]
    rows, columns = here.shape
    inside: NDArray[np.bool_] = np.ones(here.shape, dtype=bool)
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        inside &= label_image[dy * step :: step, dx * step :: step][:rows, :columns] == here
    return inside


def _back_project(pixels: NDArray[np.intp], depth: NDArray[np.float32], k: Intrinsics) -> Array:
    """(N, 3, S) metres in the camera frame."""
    z = depth.ravel()[pixels].astype(np.float64)
    v, u = np.divmod(pixels, depth.shape[1])
    return np.stack([(u - k.cx) / k.fx * z, (v - k.cy) / k.fy * z, z], axis=1)


def _inliers(z: Array) -> tuple[NDArray[np.bool_], Array]:
    """(N, S) which points belong to the surface, and (N,) its median depth."""
    centre = np.median(z, axis=1, keepdims=True)
    distance = np.abs(z - centre)
    mad = np.median(distance, axis=1, keepdims=True)
    return distance <= _OUTLIER_STD * _MAD_TO_STD * mad + _OUTLIER_SLACK_M, centre[:, 0]


def _quantiles(values: Array, kept: NDArray[np.bool_], shares: tuple[float, ...]) -> tuple[Array, ...]:
    """Quantiles (N, 3) over the kept ones of (N, 3, S) values; at least half of each row is kept."""
    ordered = np.sort(np.where(kept[:, None], values, np.inf), axis=2)
    last = kept.sum(axis=1) - 1
    rows = np.arange(len(values))
    return tuple(ordered[rows, :, np.rint(share * last).astype(np.intp)] for share in shares)


def _covariance(ray: Array, extent: Array) -> Array:
    """(N, 3, 3): depth noise along the ray, and how far the surface's centre moves between views."""
    distance = np.linalg.norm(ray, axis=1)
    direction = ray / distance[:, None]
    along = depth_std(distance) ** 2 + (_EXTENT_SHARE * extent.mean(axis=1)) ** 2
    across = (_EXTENT_SHARE * extent) ** 2 + _FLOOR_M**2
    return along[:, None, None] * direction[:, :, None] * direction[:, None] + across[:, :, None] * np.eye(3)


def depth_std(distance: Array) -> Array:
    """Metres, standard deviation of a structured-light depth camera (Nguyen et al. 2012, axial noise)."""
    return 0.0012 + 0.0019 * (distance - 0.4) ** 2
