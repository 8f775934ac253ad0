"""Where the instances of a frame are, from depth, intrinsics and pose: all instances in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reobj.association.oriented_box import Boxes, box_axes, fit_boxes, upright
from reobj.types import Frame, Instances, Intrinsics

Array = NDArray[np.float64]

#: depths outside of this are no measurements
_NEAREST_M, _FURTHEST_M = 1e-3, 1e4
#: points per instance that all statistics are made of
_SAMPLES = 128
#: an instance with fewer valid points on the sampling grid gets no geometry
MIN_POINTS = 8
#: pixels between samples for an image of this width, in proportion for others
_STRIDE, _STRIDE_WIDTH = 2, 640
#: points further from the median depth than this many robust standard deviations are outliers (MAD),
#: but nothing nearer than the slack, which is below the thickness of the things themselves
_OUTLIER_STD, _OUTLIER_SLACK_M = 3.0, 0.05
#: a gap in depth wider than this share of what the instance measures across lies behind its border
_GAP_SHARE = 0.5
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
        extents: (N, 3) metres, full side lengths of the box around the visible surface, along its axes.
        orientations: (N, 4) quaternions x y z w of the box in the map; left out: along the map's axes.
    """

    depths: Array
    positions: Array
    covariances: Array
    extents: Array
    orientations: Array = field(default_factory=lambda: np.zeros((0, 4)))

    def __post_init__(self) -> None:
        if len(self.orientations) != len(self.depths):
            object.__setattr__(self, "orientations", upright(np.zeros(len(self.depths))))

    @property
    def located(self) -> NDArray[np.bool_]:
        """(N,) which instances have a position."""
        return np.isfinite(self.positions[:, 0])

    @property
    def spans(self) -> Array:
        """(N, 3) metres: side lengths of the boxes along the axes of the map that just hold theirs."""
        return (np.abs(box_axes(self.orientations)) @ self.extents[..., None])[..., 0]

    def select(self, rows: NDArray[np.intp] | slice) -> InstanceGeometry:
        """Of some of the instances."""
        return InstanceGeometry(
            self.depths[rows],
            self.positions[rows],
            self.covariances[rows],
            self.extents[rows],
            self.orientations[rows],
        )

    @classmethod
    def joined(cls, parts: Sequence[InstanceGeometry]) -> InstanceGeometry:
        """Of the instances of all parts."""
        names = ("depths", "positions", "covariances", "extents", "orientations")
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
    kept, result.depths[found] = _surface(points)
    if pose is None or len(found) == 0:
        return result
    placed = pose[:3, :3] @ points + pose[:3, 3:]
    boxes = fit_boxes(placed, kept)
    result.positions[found] = boxes.centres
    result.extents[found] = boxes.extents
    result.orientations[found] = boxes.orientations
    result.covariances[found] = _covariance(boxes, pose[:3, 3])
    return result


def _sample(
    label_image: NDArray[np.uint16], depth: NDArray[np.float32], n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(N, S) flat pixel indices spread evenly over each mask, and (N,) how many different ones it has."""
    width = label_image.shape[1]
    step = max(1, width * _STRIDE // _STRIDE_WIDTH)
    z = depth[step:-step:step, step:-step:step]
    grid = np.ascontiguousarray(label_image[::step, ::step])  # every step-th pixel, and a border around z
    labels = grid[1 : 1 + z.shape[0], 1 : 1 + z.shape[1]]
    wanted = np.flatnonzero((labels > 0) & (labels <= n) & (z > _NEAREST_M) & (z < _FURTHEST_M))
    group = labels.ravel()[wanted] - np.uint16(1)
    inner = _interior(grid, labels).ravel()[wanted]
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


def _interior(grid: NDArray[np.uint16], here: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Within the border of the grid: whether the four neighbours belong to the same instance."""
    rows, columns = here.shape
    inside: NDArray[np.bool_] = np.ones(here.shape, dtype=bool)
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        inside &= grid[dy : dy + rows, dx : dx + columns] == here
    return inside


def _back_project(pixels: NDArray[np.intp], depth: NDArray[np.float32], k: Intrinsics) -> Array:
    """(N, 3, S) metres in the camera frame."""
    z = depth.ravel()[pixels].astype(np.float64)
    v, u = np.divmod(pixels, depth.shape[1])
    x, y = k.rays(u, v)
    return np.stack([x * z, y * z, z], axis=1)


def _surface(points: Array) -> tuple[NDArray[np.bool_], Array]:
    """(N, S) which of the (N, 3, S) points belong to the surface, and (N,) its median depth.

    A mask that is a pixel or two off shows the wall behind a small thing, in a large part of its points.
    A thing has no gap in depth as wide as that, so only the points on one side of it are the thing's.
    """
    z = points[:, 2]
    kept = _largest_group(z, _GAP_SHARE * _across(points) + _OUTLIER_SLACK_M)
    centre = _median(z, kept)
    distance = np.abs(z - centre[:, None])
    mad = _median(distance, kept)
    return kept & (distance <= (_OUTLIER_STD * _MAD_TO_STD * mad + _OUTLIER_SLACK_M)[:, None]), centre


def _across(points: Array) -> Array:
    """(N,) metres, the longer side of what is seen, at its median depth."""
    rays = points[:, :2] / points[:, 2:]
    return np.ptp(rays, axis=2).max(axis=1) * np.median(points[:, 2], axis=1)


def _largest_group(z: Array, gap: Array) -> NDArray[np.bool_]:
    """(N, S) the points of the largest group of each row between gaps in depth wider than (N,) ``gap``."""
    n, s = z.shape
    order = np.argsort(z, axis=1)
    steps = np.diff(np.take_along_axis(z, order, axis=1), axis=1, prepend=z.min(axis=1, keepdims=True))
    group = np.empty((n, s), np.intp)
    np.put_along_axis(group, order, np.cumsum(steps > gap[:, None], axis=1), axis=1)
    flat = group + s * np.arange(n)[:, None]
    sizes = np.bincount(flat.ravel(), minlength=n * s).reshape(n, s)
    largest: NDArray[np.bool_] = group == sizes.argmax(axis=1)[:, None]
    return largest


def _median(values: Array, kept: NDArray[np.bool_]) -> Array:
    """(N,) medians of the kept ones of (N, S) values, at least one of each."""
    ordered = np.sort(np.where(kept, values, np.inf), axis=1)
    count, rows = kept.sum(axis=1), np.arange(len(values))
    return (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2


def _covariance(boxes: Boxes, camera: Array) -> Array:
    """(N, 3, 3): depth noise along the ray, and how far the surface's centre moves between views."""
    ray = boxes.centres - camera
    distance = np.linalg.norm(ray, axis=1)
    direction = ray / distance[:, None]
    along = depth_std(distance) ** 2 + (_EXTENT_SHARE * boxes.extents.mean(axis=1)) ** 2
    across = (_EXTENT_SHARE * boxes.extents) ** 2 + _FLOOR_M**2
    axes = box_axes(boxes.orientations)
    spread = (axes * across[:, None]) @ np.swapaxes(axes, 1, 2)
    return along[:, None, None] * direction[:, :, None] * direction[:, None] + spread


def depth_std(distance: Array) -> Array:
    """Metres, standard deviation of a structured-light depth camera (Nguyen et al. 2012, axial noise)."""
    return 0.0012 + 0.0019 * (distance - 0.4) ** 2
