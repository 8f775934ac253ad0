"""What the learned refiner sees: a crop around each carried mask, all of a frame cut at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.optical_flow import Flow, Image
from reobj.detection.carrying.sampling import nearest
from reobj.detection.masks import boxes_of

#: cells of a crop's side
SIDE = 48
#: channels of what the two branches see
APPEARANCE, MOTION = 9, 6
#: the first of them after red, green and blue is the own mask; and what else is asked for by name
OWN, UNSURE, INSIDE, SHARE, DEPTH = 3, 5, 6, 7, 8
#: a crop is larger than its mask by this share of the mask's box on each side, and by so many pixels at least
_MARGIN, _MARGIN_PX = 0.25, 6.0
#: what is not trusted covers that share of a crop that is worth a look: less changes J by less than .001, and
#: saves a fifth of the crops (validation rooms)
_LEAST_UNSURE = 0.02
#: so many crops of a frame at most, those with most of it, so that the time that a frame takes has a limit
_MOST_CROPS = 8
#: "label" of what lies outside of the image
_OUTSIDE = 65535
#: a colour is one of 8 x 8 x 8: enough to tell things apart, few enough to be seen several times in a crop
_COLOURS = 512
#: metres and cells of a crop that become 1
_METRES, _CELLS = 0.5, 2.0
#: limit of what is said of motion, in the latter
_FASTEST = 1.27


@dataclass(frozen=True, slots=True, eq=False)
class CarriedView:
    """A frame with the masks that were carried to it.

    Attributes:
        colour: (H, W, 3) uint8 RGB.
        labels: (H, W) uint16, the masks as far as they are known.
        moved: (H, W) uint16, those of the key frame moved here, before anything was done to their borders.
        trusted: (H, W) uint8, 0 for what was hidden or out of view since the key frame.
        back: (H, W, 2) float32, flow to the last frame in pixels.
        depth: (H, W) float32 metres, 0 or NaN where unknown; None without.
    """

    colour: Image
    labels: NDArray[np.uint16]
    moved: NDArray[np.uint16]
    trusted: NDArray[np.uint8]
    back: Flow
    depth: NDArray[np.float32] | None


class Refiner(Protocol):
    """Corrects carried masks."""

    def __call__(self, view: CarriedView, count: int) -> NDArray[np.uint16]:
        """The masks (H, W) of the ``count`` instances of a view, numbered as there."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RefinerCrops:
    """The crops of M masks, with S = ``SIDE``.

    Attributes:
        rows: (M,) which instances, from 0; only some of which something is left, with enough that is not
            trusted around.
        boxes: (M, 4) float32 whole pixels x0 y0 x1 y1 of the crops, which may reach over the image's edge.
        appearance: (M, 9, S, S) float32: red, green and blue in [-1, 1]; 1 for the own mask; for others; for
            what is not trusted; for what lies inside the image; how much of that colour is the mask's where
            both are trusted, in [-1, 1]; half metres behind the mask's mean, in [-1, 1], 0 without depth.
        motion: (M, 6, S, S) float32: flow less the mask's mean, x, y and length, two cells being 1, at
            most 1.27; then the own mask, others and what is not trusted.
    """

    rows: NDArray[np.intp]
    boxes: NDArray[np.float32]
    appearance: NDArray[np.float32]
    motion: NDArray[np.float32]


class RefinerCropCutter:
    """Cuts crops into the same memory each time, as fresh memory costs more time than the crops."""

    def __init__(self) -> None:
        self._appearance = np.empty((0, APPEARANCE, SIDE * SIDE), np.float32)
        self._motion = np.empty((0, MOTION, SIDE * SIDE), np.float32)

    def __call__(self, view: CarriedView, count: int) -> RefinerCrops:
        """The crops of those of ``count`` instances that need it most; they hold until the next call.

        Everything is looked up at the same points, the middles of the cells of a grid over each box.
        """
        rows, boxes = crop_boxes(view.labels, count)
        if len(rows):
            unsure = (nearest(view.trusted, sample_points(boxes), 1) == 0).mean(axis=1)
            first = np.sort(np.argsort(-unsure, kind="stable")[:_MOST_CROPS])
            needed = first[unsure[first] > _LEAST_UNSURE]
            rows, boxes = rows[needed], boxes[needed]
        if len(self._motion) < len(rows):
            self._appearance = np.empty((len(rows), *self._appearance.shape[1:]), np.float32)
            self._motion = np.empty((len(rows), *self._motion.shape[1:]), np.float32)
        appearance, motion = self._appearance[: len(rows)], self._motion[: len(rows)]
        if len(rows):
            points = sample_points(boxes)
            seed = _fill_appearance(appearance, view, points, rows)
            cells = (boxes[:, 2:] - boxes[:, :2]) / SIDE
            _fill_motion(motion, np.divide(nearest(view.back, points), cells[:, None]), seed)
            motion[:, 3:] = appearance[:, OWN : OWN + 3]
        return RefinerCrops(
            rows,
            boxes,
            appearance.reshape(len(rows), APPEARANCE, SIDE, SIDE),
            motion.reshape(len(rows), MOTION, SIDE, SIDE),
        )


def _fill_appearance(
    out: NDArray[np.float32], view: CarriedView, points: NDArray[np.float32], rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Writes (M, 9, P) of ``RefinerCrops``, and gives (M, P), the own mask where it is trusted."""
    labels = nearest(view.labels, points, _OUTSIDE)
    number = (rows + 1)[:, None].astype(np.uint16)
    own, inside = labels == number, labels != _OUTSIDE
    trusted = (nearest(view.trusted, points) != 0) & inside
    seed = trusted & (nearest(view.moved, points) == number)
    colour = bilinear(view.colour, points)
    out[:, :OWN] = colour.transpose(0, 2, 1)
    out[:, :OWN] *= 1 / 127.5
    out[:, :OWN] -= 1
    out[:, OWN] = own
    out[:, OWN + 1] = (labels > 0) & inside & ~own
    out[:, UNSURE] = inside & ~trusted
    out[:, INSIDE] = inside
    out[:, SHARE] = 2 * colour_share(colour, seed, trusted) - 1
    _fill_depth(out[:, DEPTH], view.depth, points, seed)
    return seed


def _fill_motion(out: NDArray[np.float32], flow: NDArray[np.float32], seed: NDArray[np.bool_]) -> None:
    """Writes the first three of (M, 6, P) from flows (M, P, 2) in cells."""
    out[:, :2] = flow.transpose(0, 2, 1) / _CELLS
    out[:, :2] -= _mean(out[:, :2], seed)[..., None]
    np.sqrt(np.square(out[:, 0]) + np.square(out[:, 1]), out=out[:, 2])
    np.clip(out[:, :3], -_FASTEST, _FASTEST, out=out[:, :3])


def _fill_depth(
    out: NDArray[np.float32],
    depth: NDArray[np.float32] | None,
    points: NDArray[np.float32],
    seed: NDArray[np.bool_],
) -> None:
    """Writes (M, P): half metres behind the mask's mean, in [-1, 1]; 0 where either is unknown."""
    out[:] = 0
    if depth is None:
        return
    found = nearest(depth, points)
    known = (found > 0) & (found < np.inf)
    found[~known] = 0
    mine = seed & known
    behind = (found - _mean(found[:, None], mine)) / _METRES
    np.copyto(out, behind.clip(-1, 1), where=known & mine.any(axis=1, keepdims=True))


def _mean(values: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(M, C) means of values (M, C, P) over some of the points, (M, P); 0 where there are none."""
    share = where / np.maximum(where.sum(axis=1, keepdims=True), 1).astype(np.float32)
    return np.matmul(values, share[..., None].astype(np.float32))[..., 0]


def crop_boxes(labels: NDArray[np.uint16], count: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Rows (M,) of the instances that are in a label image (H, W); boxes (M, 4) of crops, in whole pixels."""
    boxes = boxes_of(labels, count)
    rows = np.flatnonzero(boxes[:, 2] > boxes[:, 0])
    boxes = boxes[rows]
    margin = np.maximum(_MARGIN * (boxes[:, 2:] - boxes[:, :2]), np.float32(_MARGIN_PX))
    return rows, np.rint(np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1))


def sample_points(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M, S * S, 2) x and y of the middles of the cells of boxes (M, 4), row by row; a pixel's is at 0, 0."""
    steps = (np.arange(SIDE, dtype=np.float32) + np.float32(0.5)) / SIDE
    low, size = boxes[:, None, :2], (boxes[:, 2:] - boxes[:, :2])[:, None]
    sides = low + steps[:, None] * size - np.float32(0.5)
    points = np.empty((len(boxes), SIDE, SIDE, 2), np.float32)
    points[..., 0], points[..., 1] = sides[:, None, :, 0], sides[:, :, None, 1]
    return points.reshape(len(boxes), SIDE * SIDE, 2)


def colour_share(
    colour: NDArray[np.uint8], seed: NDArray[np.bool_], trusted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """How much of each point's colour is the mask's, of the points of its crop that are trusted.

    Args:
        colour: (M, P, 3).
        seed: (M, P), the mask where it is trusted.
        trusted: (M, P).

    Returns:
        (M, P) in [0, 1]; one half where the colour does not occur among those.
    """
    levels = (colour >> 5).astype(np.int32)
    bins = (levels[..., 0] << 6 | levels[..., 1] << 3 | levels[..., 2]).astype(np.int64)
    bins += _COLOURS * np.arange(len(bins))[:, None]
    length = _COLOURS * len(bins)
    mine = np.bincount(bins[seed], minlength=length).astype(np.float32)
    all_of_it = np.bincount(bins[trusted], minlength=length).astype(np.float32)
    return ((mine + 1) / (all_of_it + 2))[bins]


def bilinear(image: Image, points: NDArray[np.float32]) -> Image:
    """The image (H, W, 3) between its pixels at points (M, P, 2); black outside of it."""
    empty = np.empty(0, np.float32)
    return cv2.remap(image, points, empty, cv2.INTER_LINEAR).astype(np.uint8, copy=False)
