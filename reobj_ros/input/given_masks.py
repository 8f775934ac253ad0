"""What other nodes found, from their messages.

``vision_msgs`` is optional, so its messages are read without its classes: those of 4.0 or later, which is
Humble's and all that came after it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.detection.given.given_masks import GivenBoxes, GivenMasks
from reobj.detection.given.given_masks_check import usable_boxes, usable_masks
from reobj.detection.label_image import UNKNOWN_LABEL
from reobj.detection.masks import areas_of
from reobj.scans.message_arrays import label_image_from
from reobj_msgs.msg import InstanceMasks

Read = tuple[GivenMasks, list[str]]
"""What can be used, and a sentence for each kind of thing that cannot."""

ReadBoxes = tuple[GivenBoxes, list[str]]
"""The same of boxes."""


def masks_of(message: InstanceMasks) -> Read:
    """Of a message of our own kind. Its boxes are not looked at: the masks have theirs.

    Raises:
        InputError: the label image cannot be read.
    """
    found = message.instances
    scores = np.array([one.score for one in found], np.float32)
    values = np.arange(1, len(found) + 1)
    return usable_masks(label_image_from(message.masks), values, [one.label for one in found], scores)


def masks_of_segments(image: Any) -> Read:
    """Of a label image alone: each value is an instance, of unknown class and of score 1.

    Args:
        image: Image or CompressedImage.

    Raises:
        InputError: it cannot be read.
    """
    segments = label_image_from(image)
    values = np.flatnonzero(areas_of(segments)[1:]) + 1
    return usable_masks(segments, values, [UNKNOWN_LABEL] * len(values), np.ones(len(values), np.float32))


def masks_of_detections(image: Any, detections: Any, by_id: bool) -> Read:
    """Of a label image with a Detection2DArray, whose boxes are not looked at.

    The best hypothesis of a detection counts; one without any is of unknown class and of score 1.

    Args:
        image: Image or CompressedImage.
        detections: the Detection2DArray.
        by_id: value v of the image is the detection whose id is v, not the one at place v.

    Raises:
        InputError: the image cannot be read.
    """
    found, faults = list(detections.detections), []
    values: NDArray[np.int64] = np.arange(1, len(found) + 1)
    if by_id:
        unnumbered = [one.id for one in found if not _is_number(one.id)]
        found = [one for one in found if _is_number(one.id)]
        values = np.array([int(one.id) for one in found], np.int64)
        if unnumbered:
            faults.append(
                f"expected whole numbers as ids, left out {len(unnumbered)} such as {unnumbered[0][:20]!r}"
            )
    classes = [_class_of(one) for one in found]
    scores = np.array([score for _, score in classes], np.float32)
    given, more = usable_masks(label_image_from(image), values, [label for label, _ in classes], scores)
    return given, faults + more


def boxes_of(detections: Any) -> ReadBoxes:
    """Of a Detection2DArray alone; a box that is turned becomes the upright one around it."""
    found = detections.detections
    classes = [_class_of(one) for one in found]
    scores = np.array([score for _, score in classes], np.float32)
    boxes = np.array([_upright(one.bbox) for one in found], np.float32).reshape(-1, 4)
    return usable_boxes(boxes, [label for label, _ in classes], scores)


def _upright(box: Any) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of a BoundingBox2D in pixels; NaN where it has no direction."""
    x, y, theta = box.center.position.x, box.center.position.y, box.center.theta
    if not math.isfinite(theta):
        return (math.nan,) * 4
    sine, cosine = abs(math.sin(theta)), abs(math.cos(theta))
    half_x = (box.size_x * cosine + box.size_y * sine) / 2
    half_y = (box.size_x * sine + box.size_y * cosine) / 2
    return x - half_x, y - half_y, x + half_x, y + half_y


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _class_of(detection: Any) -> tuple[str, float]:
    """Class and score of a detection's best hypothesis."""
    hypotheses = [result.hypothesis for result in detection.results]
    if not hypotheses:
        return UNKNOWN_LABEL, 1.0
    best = max(hypotheses, key=lambda one: -math.inf if math.isnan(one.score) else one.score)
    return best.class_id, best.score
