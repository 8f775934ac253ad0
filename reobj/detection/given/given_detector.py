"""A detector that takes what another program found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reobj.detection.boxes.mask_from_box import masks_from_boxes
from reobj.detection.given.given_masks import GivenBoxes, MasksLookup
from reobj.detection.masks import MAX_INSTANCES, areas_of, instances_from_label_image
from reobj.errors import InputError, mismatch
from reobj.types import Frame, Instances


@dataclass(frozen=True, slots=True)
class GivenMasksConfig:
    """What the other program publishes, and which of its instances count.

    Attributes:
        source: masks = InstanceMasks on the topic `masks`; segments = a label image on `segments`, all of
            whose values are instances of the class object; detections = that with a Detection2DArray on
            `segments/detections`, which has classes and scores; boxes = the latter alone: masks are recovered
            from colour, and depth where there is.
        values: with source detections, which of them value v of the label image shows: order = the one at
            place v, counted from 1; id = the one whose id is v.
        class_names: names of the classes 0, 1, 2, ... for a program that numbers them.
        labels: classes to keep; all when empty.
        min_score: in [0, 1]. More keeps fewer objects and fewer wrong ones.
        min_area: least part of the image in [0, 1] that a mask covers, and its box.
        max_instances: those with the highest score stay.
    """

    source: Literal["masks", "segments", "detections", "boxes"] = "masks"
    values: Literal["order", "id"] = "order"
    class_names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    min_score: float = 0.5
    min_area: float = 5e-4
    max_instances: int = 100

    def __post_init__(self) -> None:
        for name in ("min_score", "min_area"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(mismatch(name, "a number in [0, 1]", getattr(self, name)))
        if self.max_instances < 1:
            raise InputError(mismatch("max_instances", "an integer >= 1", self.max_instances))


class GivenMasksDetector:
    """The instances that somebody else found in a frame, as far as they count.

    It looks at pixels only where there are boxes without masks: these are recovered then.

    Args:
        lookup: gives what was found in the image of a stamp in nanoseconds, or raises InputError.
        config: which instances count.
    """

    def __init__(self, lookup: MasksLookup, config: GivenMasksConfig | None = None) -> None:
        self._lookup = lookup
        self._config = config or GivenMasksConfig()
        self._names = {str(number): name for number, name in enumerate(self._config.class_names)}

    def detect(self, frame: Frame) -> Instances:
        """The instances that count, in the order in which they came.

        Their boxes are those of their masks, or where boxes came these within the image.

        Raises:
            InputError: nothing came for this frame, or masks of another size.
        """
        given = self._lookup(frame.stamp_ns)
        labels = [self._names.get(label, label) for label in given.labels]
        if isinstance(given, GivenBoxes):
            boxes = given.within(frame.height, frame.width)
            rows = self._counting(labels, given.scores, _areas(boxes) / (frame.height * frame.width))
            return self._in_boxes(frame, boxes[rows], [labels[row] for row in rows], given.scores[rows])
        if given.segments.shape != (frame.height, frame.width):
            height, width = given.segments.shape
            expected = f"{frame.width}x{frame.height} pixels as their image"
            raise InputError(mismatch("masks of another node", expected, f"{width}x{height}"))
        return self._masked(given.segments, given.values, labels, given.scores)[0]

    def _in_boxes(
        self, frame: Frame, boxes: NDArray[np.float32], labels: Sequence[str], scores: NDArray[np.float32]
    ) -> Instances:
        segments = masks_from_boxes(frame, boxes)
        found, rows = self._masked(segments, np.arange(1, len(boxes) + 1), labels, scores)
        return replace(found, boxes=boxes[rows])

    def _masked(
        self,
        segments: NDArray[np.uint16],
        values: NDArray[np.int64],
        labels: Sequence[str],
        scores: NDArray[np.float32],
    ) -> tuple[Instances, NDArray[np.int64]]:
        """The instances whose masks count, and which rows they are."""
        areas = np.zeros(MAX_INSTANCES + 1, np.int64)
        present = areas_of(segments)
        areas[: len(present)] = present
        rows = self._counting(labels, scores, areas[values] / segments.size)
        names = [labels[row] for row in rows]
        return instances_from_label_image(segments, values[rows], names, scores[rows]), rows

    def _counting(
        self, labels: Sequence[str], scores: NDArray[np.float32], parts: NDArray[np.floating]
    ) -> NDArray[np.int64]:
        """Rows of the instances that are wanted, sure and large enough, ascending.

        Args:
            labels, scores: of N instances.
            parts: (N,) of the image that they cover.
        """
        config = self._config
        wanted = np.array([not config.labels or label in config.labels for label in labels], bool)
        large = (parts > 0) & (parts >= config.min_area)
        rows = np.flatnonzero(wanted & large & (scores >= config.min_score))
        best = np.argsort(-scores[rows], kind="stable")[: config.max_instances]
        return np.sort(rows[best])


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) square pixels."""
    return (boxes[:, 2:] - boxes[:, :2]).prod(axis=1, dtype=np.float64)
