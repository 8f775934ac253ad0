"""The camera image with each instance tinted in the colour of its id and named."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.types import Instances, TrackedObject
from reobj.visual.colours import id_colours, text_colour
from reobj.visual.placement import first_free

Image = NDArray[np.uint8]

# Part of the tint in a mask: the object stays recognisable under it.
_TINT = 0.45
# Only every fourth pixel is looked at to find where a name goes.
_STEP = 4
# Contours are two pixels wide, inside the mask.
_CONTOUR = np.ones((5, 5), np.uint8)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_overlay(colour: Image, instances: Instances, objects: Sequence[TrackedObject]) -> Image:
    """Tints and names the instances of one image.

    Args:
        colour: (H, W, 3) uint8, RGB; not changed.
        instances: with masks of the same size.
        objects: of the same frame. An instance with a deferred decision is grey and has a question
            mark for its id; one that is not tracked is grey and has no name.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        InputError: sizes differ, or an object names an instance that is not there.
    """
    instances.check_size(*colour.shape[:2])
    rows = [item.index for item in objects]
    if rows and not 0 <= min(rows) <= max(rows) < len(instances):
        raise InputError(mismatch("objects", f"indices of {len(instances)} instances", rows))
    object_ids = np.zeros(len(instances), np.uint64)
    object_ids[rows] = [item.object_id for item in objects]
    colours = id_colours(object_ids)
    drawn = _tinted(colour, instances.label_image, colours)
    _draw_names(drawn, instances, objects, colours)
    return drawn


def _tinted(colour: Image, label_image: NDArray[np.uint16], colours: NDArray[np.uint8]) -> Image:
    """The image with tinted masks, each with a solid contour."""
    # Colours as one 32-bit word per pixel: one look-up over the label image instead of three.
    words = np.zeros(np.iinfo(np.uint16).max + 1, np.uint32)
    words.view(np.uint8).reshape(-1, 4)[1 : len(colours) + 1, :3] = colours
    flat = cv2.cvtColor(
        np.take(words, label_image).view(np.uint8).reshape(*label_image.shape, 4), cv2.COLOR_RGBA2RGB
    )
    inside = (label_image > 0).view(np.uint8)
    drawn = colour.copy(order="C")
    cv2.copyTo(cv2.addWeighted(drawn, 1 - _TINT, flat, _TINT, 0), inside, drawn)
    edge = cv2.morphologyEx(label_image, cv2.MORPH_GRADIENT, _CONTOUR)
    cv2.copyTo(flat, cv2.bitwise_and((edge > 0).view(np.uint8), inside), drawn)
    return drawn


def _draw_names(
    drawn: Image, instances: Instances, objects: Sequence[TrackedObject], colours: NDArray[np.uint8]
) -> None:
    """Writes the names, upper ones first; one that would cover another moves up or down."""
    size = 0.42 * max(drawn.shape[0] / 480, 0.85)
    anchors = _anchors(instances)
    taken: list[tuple[int, int, int, int]] = []
    for item in sorted(objects, key=lambda item: anchors[item.index, 1]):
        number = f"#{item.object_id}" if item.object_id else "?"
        text = f"{instances.labels[item.index]} {number}".encode("ascii", "replace").decode()
        (width, height), base = cv2.getTextSize(text, _FONT, size, 1)
        places = _places(anchors[item.index], width + 6, height + base + 3, drawn.shape)
        box = first_free(places, taken) or places[0]
        taken.append(box)
        background = colours[item.index].tolist()
        cv2.rectangle(drawn, box[:2], (box[2] - 1, box[3] - 1), background, cv2.FILLED)
        where = (box[0] + 3, box[3] - base - 1)
        cv2.putText(drawn, text, where, _FONT, size, text_colour(background), 1, cv2.LINE_AA)


def _anchors(instances: Instances) -> NDArray[np.float64]:
    """(N, 2) x, y: the pixel of each mask that is nearest to the mask's centroid (of every fourth pixel)."""
    anchors = (instances.boxes[:, :2] + instances.boxes[:, 2:]).astype(np.float64) / 2
    small = instances.label_image[::_STEP, ::_STEP]
    y, x = np.nonzero(small)
    rows = small[y, x].astype(np.intp) - 1
    count = np.maximum(np.bincount(rows, minlength=len(instances)), 1)
    centre_x = np.bincount(rows, x, len(instances)) / count
    centre_y = np.bincount(rows, y, len(instances)) / count
    distance = (x - centre_x[rows]) ** 2 + (y - centre_y[rows]) ** 2
    order = np.lexsort((distance, rows))
    present, first = np.unique(rows[order], return_index=True)
    nearest = order[first]
    anchors[present, 0], anchors[present, 1] = x[nearest] * _STEP, y[nearest] * _STEP
    return anchors


def _places(
    anchor: NDArray[np.float64], width: int, height: int, shape: tuple[int, ...]
) -> list[tuple[int, int, int, int]]:
    """Boxes x0 y0 x1 y1 inside the image: around the anchor, then up to two rows above and below it."""
    x0 = int(np.clip(anchor[0] - width / 2, 0, max(shape[1] - width, 0)))
    highest = max(shape[0] - height, 0)
    tops = [anchor[1] - height / 2 + rows * (height + 1) for rows in (0, -1, 1, -2, 2)]
    return [(x0, y0, x0 + width, y0 + height) for y0 in np.clip(tops, 0, highest).astype(int).tolist()]
