"""Upright boxes around what is seen of objects: fitting them to points, and joining them over views.

A box stands on the floor of the map (z up, REP 103) and is turned about that axis only. Its yaw is
known up to quarter turns, as a box looks the same after one with its sides renamed.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_Float = TypeVar("_Float", np.float32, np.float64)

_QUARTER = np.pi / 2
#: yaws that are tried in a quarter turn, and then between the neighbours of the best one (to 1.7 degrees)
_COARSE, _FINE = 9, 5
#: points per box that its yaw is found with
_THINNED = 64
#: share of the points that lies beyond each face: what bleeds over the border of the mask
_TRIM = 0.02
#: views of a box count this much for a face that lies inside the other box's: it may show a part only
_INNER_SHARE = 0.2
#: more views of a box than this count as this many, so that a map stays able to learn
_MOST_VIEWS = 100.0


class Boxes(NamedTuple):
    """N boxes; NaN where unknown.

    Attributes:
        centres: (N, 3) metres in the map.
        extents: (N, 3) metres, full side lengths along the box's own axes.
        orientations: (N, 4) unit quaternions x y z w of the boxes in the map.
    """

    centres: Array
    extents: Array
    orientations: Array


def fit_boxes(points: Array, kept: NDArray[np.bool_]) -> Boxes:
    """Upright boxes around points on the visible surfaces of N objects.

    The yaw is that at which the points lie nearest to the walls of the box on average, after the
    closeness criterion of Zhang et al. 2017 (Efficient L-shape fitting for vehicle detection). The
    box of least floor area will not do: where two sides are seen, it lies along the hypotenuse as
    often. Faces are quantiles, so that single points count for nothing.

    Args:
        points: (N, 3, S) metres in the map.
        kept: (N, S) which of them belong to the object, at least one of each.
    """
    yaws = _yaws(points[:, :2], kept)
    turned = points.copy()
    turned[:, :2] = _turned(points[:, :2], yaws[:, None])
    low, high = _quantiles(turned, kept, (_TRIM, 1 - _TRIM))
    orientations = upright(yaws)
    centres = (box_axes(orientations) @ ((low + high) / 2)[:, :, None])[:, :, 0]
    return Boxes(centres, high - low, orientations)


def _yaws(points: Array, kept: NDArray[np.bool_]) -> Array:
    """(N,) radians in a quarter turn for (N, 2, S) points on the floor: a coarse search, then a fine one."""
    rows = np.arange(len(points))
    order = np.argsort(~kept, axis=1, kind="stable")
    spread = (np.arange(_THINNED) + 0.5) / _THINNED
    chosen = order[rows[:, None], (spread * kept.sum(axis=1)[:, None]).astype(np.intp)]
    few = np.take_along_axis(points, chosen[:, None], axis=2)
    few = (few - few.mean(axis=2, keepdims=True)).astype(np.float32)
    step = _QUARTER / _COARSE
    coarse = np.broadcast_to(np.arange(_COARSE) * step, (len(points), _COARSE))
    best = coarse[rows, _wall_distance(few, coarse).argmin(axis=1)]
    fine = best[:, None] + np.linspace(-step, step, _FINE + 2)[1:-1]
    return fine[rows, _wall_distance(few, fine).argmin(axis=1)]


def _wall_distance(points: NDArray[np.float32], yaws: Array) -> NDArray[np.float32]:
    """(N, A) mean distance of (N, 2, S) points to the nearest wall of the box at each of (N, A) yaws."""
    n, a = yaws.shape
    along = _turned(points, yaws)
    trim = round(2 * _TRIM * _THINNED)
    ordered = np.sort(along, axis=2)
    low, high = ordered[:, :, trim, None], ordered[:, :, -1 - trim, None]
    inside = np.abs((high - low) / 2 - np.abs(along - (low + high) / 2)).reshape(n, a, 2, _THINNED)
    return np.minimum(inside[:, :, 0], inside[:, :, 1]).mean(axis=2)


def _turned(points: NDArray[_Float], yaws: Array) -> NDArray[_Float]:
    """(N, 2 A, S) coordinates of (N, 2, S) points along the two axes at each of (N, A) yaws."""
    c, s = np.cos(yaws), np.sin(yaws)
    axes = np.stack([c, s, -s, c], axis=-1).reshape(len(points), 2 * yaws.shape[1], 2)
    return axes.astype(points.dtype) @ points


def _quantiles(values: Array, kept: NDArray[np.bool_], shares: tuple[float, ...]) -> tuple[Array, ...]:
    """Quantiles (N, 3) over the kept ones of (N, 3, S) values."""
    ordered = np.sort(np.where(kept[:, None], values, np.inf), axis=2)
    last = kept.sum(axis=1) - 1
    rows = np.arange(len(values))
    return tuple(ordered[rows, :, np.rint(share * last).astype(np.intp)] for share in shares)


def joined_boxes(a: Boxes, b: Boxes, views_a: Array, views_b: Array) -> Boxes:
    """Boxes around what two boxes show of each of N objects.

    A large object is often seen in parts, so each face of the joined box lies near the outer one of
    the two faces. But errors reach outwards as well, so the inner face counts too, though only for a
    small share of its views. Over many views that makes an expectile of the faces (Newey and Powell
    1987), here the 0.83 one. Either order of the two boxes gives the same box.

    Args:
        a, b: of the same N objects; where one is unknown the other one is the result.
        views_a, views_b: (N,) how many views each was made of, > 0; those of the result are the sum.
    """
    views_a, views_b = np.minimum(views_a, _MOST_VIEWS), np.minimum(views_b, _MOST_VIEWS)
    turn, quarters = _turns(a, b)
    trust_a, trust_b = views_a * _elongation(a), views_b * _elongation(b)
    orientations = upright(_yaw(a) + turn * trust_b / (trust_a + trust_b))
    axes = box_axes(orientations)
    low_a, high_a = _faces(a.centres, a.extents, axes)
    low_b, high_b = _faces(b.centres, _sides_renamed(b.extents, quarters), axes)
    high = _outer(high_a, high_b, views_a[:, None], views_b[:, None])
    low = -_outer(-low_a, -low_b, views_a[:, None], views_b[:, None])
    joined = Boxes((axes @ ((low + high) / 2)[:, :, None])[:, :, 0], high - low, orientations)
    for known, other in ((a, b), (b, a)):
        alone = ~np.isfinite(other.centres[:, 0])
        for column, values in zip(joined, known, strict=True):
            column[alone] = values[alone]
    return joined


def _turns(a: Boxes, b: Boxes) -> tuple[Array, NDArray[np.intp]]:
    """From each box a to box b: (N,) radians, at most an eighth of a turn, and (N,) quarter turns."""
    between = _yaw(b) - _yaw(a)
    quarters = np.rint(between / _QUARTER)
    return between - quarters * _QUARTER, quarters.astype(np.intp)


def _elongation(boxes: Boxes) -> Array:
    """(N,) how much the yaw says: a round or square thing has hardly any; above 0, at most about 1."""
    length, width = boxes.extents[:, 0], boxes.extents[:, 1]
    return np.abs(length - width) / (length + width + 1e-3) + 0.05


def _sides_renamed(extents: Array, quarters: NDArray[np.intp]) -> Array:
    """(N, 3) side lengths along the axes after (N,) quarter turns about the third one."""
    return np.where((quarters % 2 == 1)[:, None], extents[:, [1, 0, 2]], extents)


def _faces(centres: Array, extents: Array, axes: Array) -> tuple[Array, Array]:
    """(N, 3) where the lower and the upper faces lie along the axes.

    The box is turned into the axes as it is: the box around a turned box would grow with each join.
    """
    along = np.einsum("nji,nj->ni", axes, centres)
    return along - extents / 2, along + extents / 2


def _outer(a: Array, b: Array, views_a: Array, views_b: Array) -> Array:
    """Mean of faces, the lower ones of which count for a small share of their views."""
    weight_a = views_a * np.where(a >= b, 1.0, _INNER_SHARE)
    weight_b = views_b * np.where(b >= a, 1.0, _INNER_SHARE)
    return (weight_a * a + weight_b * b) / (weight_a + weight_b)


def _yaw(boxes: Boxes) -> Array:
    """(N,) radians about z; of a tilted box, where its first axis points."""
    x, y, z, w = boxes.orientations.T
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def box_axes(orientations: Array) -> Array:
    """(..., 3, 3) rotation matrices of unit quaternions (..., 4) x y z w: columns are the box's axes."""
    x, y, z, w = np.moveaxis(orientations, -1, 0)
    axes = np.empty((*x.shape, 3, 3))
    for i, j, a, b, c in ((0, 1, x, y, z), (1, 2, y, z, x), (2, 0, z, x, y)):
        axes[..., i, i] = 1 - 2 * (b * b + c * c)
        axes[..., i, j] = 2 * (a * b - c * w)
        axes[..., j, i] = 2 * (a * b + c * w)
    return axes


def upright(yaws: Array) -> Array:
    """(..., 4) quaternions x y z w of turns about z by (...) radians."""
    turns = np.zeros((*np.shape(yaws), 4))
    turns[..., 2], turns[..., 3] = np.sin(yaws / 2), np.cos(yaws / 2)
    return turns
