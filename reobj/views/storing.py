"""The instances of a frame as they are written: rows of the table, JPEG and PNG bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.encoding.context import ContextSpec
from reobj.evaluation.retrieval_views import viewing_directions
from reobj.types import Frame
from reobj.views.selection import Selection
from reobj.views.settings import ViewSettings
from reobj.views.shard import ROW

_MASK = [cv2.IMWRITE_PNG_BILEVEL, 1]  # one bit per pixel


@dataclass(frozen=True, slots=True, eq=False)
class FrameViews:
    """The K views of one frame.

    Attributes:
        rows: (K,) of type ``ROW``, without label and offsets.
        labels: K class names.
        images: JPEG of the colour and PNG of the mask, of each.
        detections: how many instances of each label there were to choose from.
    """

    rows: NDArray[np.void]
    labels: tuple[str, ...]
    images: tuple[tuple[bytes, bytes], ...]
    detections: Counter[str]


def views_of_frame(number: int, frame: Frame, selection: Selection, settings: ViewSettings) -> FrameViews:
    """Cuts and encodes the selected instances of frame ``number`` of its recording."""
    rows = np.zeros(len(selection), ROW)
    rows["instance"], rows["frame"], rows["stamp_ns"] = selection.instances, number, frame.stamp_ns
    rows["box"], rows["overlap"] = selection.boxes, selection.overlaps
    rows["frame_size"] = frame.width, frame.height
    rows["region"] = stored_regions(selection.boxes, settings.context, frame.width, frame.height)
    rows["pose"] = np.nan if frame.pose is None else frame.pose
    rows["direction"] = _directions(frame, selection.boxes)
    colour = np.asarray(cv2.cvtColor(frame.colour, cv2.COLOR_RGB2BGR), np.uint8)
    images = tuple(
        _encoded(colour[part], selection.label_image[part] == mask_number, settings)
        for mask_number, part in zip(selection.numbers, _slices(rows["region"]), strict=True)
    )
    return FrameViews(rows, selection.labels, images, selection.detections)


def stored_regions(
    boxes: NDArray[np.float32], context: ContextSpec, width: int, height: int
) -> NDArray[np.float32]:
    """(N, 4) float32: the grown boxes as whole pixels of a frame; what lies beyond it is not stored."""
    grown = context.grow(boxes)
    limit = np.array([width, height], np.float32)
    low = np.floor(grown[:, :2]).clip(0, limit - 1)
    return np.concatenate([low, np.ceil(grown[:, 2:]).clip(low + 1, limit)], axis=1)


def _directions(frame: Frame, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 3) float32 unit vectors in the map to the middles of the boxes; NaN where not known."""
    if frame.pose is None or frame.intrinsics is None:
        return np.full((len(boxes), 3), np.nan, np.float32)
    camera = frame.intrinsics
    # Pixel i covers [i, i + 1): its middle, where the camera's numbers count i, is at i + 0.5.
    middle = (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2 - 0.5
    rays = np.stack([*camera.rays(middle[:, 0], middle[:, 1]), np.ones(len(boxes))], axis=1)
    return viewing_directions(np.broadcast_to(frame.pose, (len(boxes), 4, 4)), rays)


def _slices(regions: NDArray[np.float32]) -> list[tuple[slice, slice]]:
    """Rows and columns of the frame that each region (N, 4) covers."""
    return [(slice(y0, y1), slice(x0, x1)) for x0, y0, x1, y1 in regions.astype(int).tolist()]


def _encoded(
    colour: NDArray[np.uint8], mask: NDArray[np.bool_], settings: ViewSettings
) -> tuple[bytes, bytes]:
    """JPEG and PNG bytes of a BGR image and its mask, both shrunk if they are too large."""
    shown, shape = colour, mask.astype(np.uint8) * np.uint8(255)
    longest = max(mask.shape)
    if longest > settings.max_side:
        size = [max(1, round(side * settings.max_side / longest)) for side in reversed(mask.shape)]
        shown = np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.uint8)
        covered = np.asarray(cv2.resize(shape, size, interpolation=cv2.INTER_AREA), np.uint8)
        shape = (covered > 127) * np.uint8(255)
    _, jpg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, settings.quality])
    _, png = cv2.imencode(".png", shape, _MASK)
    return jpg.tobytes(), png.tobytes()
