"""From a stored view to a crop of any context and size, on the CPU.

The geometry and the filter are those of ``reobj.encoding.crops.CropCutter``, which cuts crops of whole
frames while a robot runs: shrink by the power of two nearest to the crop's scale, then sample bilinearly.
An encoder so sees in training what it will see later.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.encoding.context import ContextSpec
from reobj.errors import InputError, mismatch

_SLACK = 1e-2  #: pixels; rounding of float32 boxes is far smaller


@dataclass(frozen=True, slots=True, eq=False)
class StoredView:
    """One instance of one frame as it is stored.

    Attributes:
        colour: (h, w, 3) uint8 RGB, the region's pixels.
        mask: (h, w) bool, True on the object.
        box: (4,) float32 pixels of the frame, x0 y0 x1 y1, half-open.
        region: (4,) float32 pixels of the frame, what the image covers; within the frame.
        frame_size: width and height of the frame in pixels.
    """

    colour: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    box: NDArray[np.float32]
    region: NDArray[np.float32]
    frame_size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class ViewCrop:
    """A square part of a view.

    Attributes:
        colour: (S, S, 3) uint8 RGB, black where not ``inside``.
        mask: (S, S) bool, True on the object.
        inside: (S, S) bool, False beyond the frame's edge, and beyond what is stored.
    """

    colour: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    inside: NDArray[np.bool_]


def cut_view(
    view: StoredView,
    context: ContextSpec,
    size: int,
    shift: tuple[float, float] = (0.0, 0.0),
    zoom: float = 1.0,
) -> ViewCrop:
    """Cuts the grown box out of a view.

    Args:
        view: as stored.
        context: how the box grows; what of it lies within the frame must be stored.
        size: S, side of the crop in pixels.
        shift: to the right and down, in sides of the crop. What is not stored there is black.
        zoom: > 0; above 1 shows less and larger, below 1 shows more, black where it is not stored.

    Raises:
        InputError: the context shows more than is stored, or a size or zoom out of range.
    """
    if size < 1 or not 0 < zoom < np.inf:
        raise InputError(mismatch("crop", "a size >= 1 and a zoom > 0", f"size {size}, zoom {zoom}"))
    grown = context.grow(view.box[None])[0].astype(np.float64)
    _check_stored(view, grown)
    sides = grown[2:] - grown[:2]
    low = (grown[:2] + grown[2:]) / 2 + np.array(shift) * sides - sides / zoom / 2
    step = sides / zoom / size  # pixels of the frame per pixel of the crop
    x, y = low[:, None] + step[:, None] * (np.arange(size) + 0.5)
    region = view.region.astype(np.float64)
    across, down = (x >= region[0]) & (x < region[2]), (y >= region[1]) & (y < region[3])
    if not (across.any() and down.any()):
        nothing = np.zeros((size, size), bool)
        return ViewCrop(np.zeros((size, size, 3), np.uint8), nothing, nothing)
    height, width = view.mask.shape
    scale = np.array([width, height]) / (region[2:] - region[:2])  # stored pixels per pixel of the frame
    inside = down[:, None] & across
    colour = _sampled(view.colour, _goes_on(view), (low - region[:2]) * scale, step * scale, size)
    if not inside.all():
        colour[~inside] = 0
    columns = ((x - region[0]) * scale[0]).astype(np.int64).clip(0, width - 1)
    rows = ((y - region[1]) * scale[1]).astype(np.int64).clip(0, height - 1)
    return ViewCrop(colour, view.mask.take(rows, 0).take(columns, 1) & inside, inside)


def _check_stored(view: StoredView, grown: NDArray[np.float64]) -> None:
    """Raises InputError unless all of the grown box that lies in the frame is stored."""
    width, height = view.frame_size
    seen = np.clip(grown, 0, [width, height, width, height])
    beyond = np.concatenate([view.region[:2] - seen[:2], seen[2:] - view.region[2:]])
    if beyond.max() > _SLACK:
        needed = ", ".join(f"{value:.0f}" for value in seen)
        stored = ", ".join(f"{value:.0f}" for value in view.region)
        expected = f"at most what is stored, pixels {stored} of the frame"
        raise InputError(mismatch("context of a crop", expected, f"{needed}"))


def _goes_on(view: StoredView) -> NDArray[np.bool_]:
    """(2, 2) bool: whether the frame goes on beyond the left and top, the right and bottom of the image."""
    return np.stack([view.region[:2] > 0, view.region[2:] < view.frame_size])


def _sampled(
    image: NDArray[np.uint8],
    goes_on: NDArray[np.bool_],
    low: NDArray[np.float64],
    step: NDArray[np.float64],
    size: int,
) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: the image from ``low`` (x, y) on in steps (x, y) of its pixels.

    At the frame's edge it blends with black, as the crops of whole frames do; where the frame goes on,
    so does the last pixel.
    """
    shrink = 2 ** max(0, round(float(np.log2(np.sqrt(step[0] * step[1])))))
    extent = np.array([image.shape[1], image.shape[0]])
    first = np.clip(np.floor(low).astype(np.int64) - shrink, 0, extent - 1)
    last = np.clip(np.ceil(low + step * size).astype(np.int64) + shrink, first + 1, extent)
    before = shrink * (goes_on[0] & (first == 0))
    after = shrink * (goes_on[1] & (last == extent))
    after += -(last - first + before + after) % shrink  # whole blocks
    part = np.ascontiguousarray(image[first[1] : last[1], first[0] : last[0]])
    if before.any() or after.any():
        left, top, right, bottom = (int(n) for n in (*before, *after))
        part = np.asarray(cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
    if shrink > 1:
        target = part.shape[1] // shrink, part.shape[0] // shrink
        part = np.asarray(cv2.resize(part, target, interpolation=cv2.INTER_AREA), np.uint8)
    (dx, dy), (x, y) = step / shrink, (low + step / 2 - first + before) / shrink - 0.5
    matrix = np.array([[dx, 0, x], [0, dy, y]])
    return np.asarray(
        cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.uint8
    )
