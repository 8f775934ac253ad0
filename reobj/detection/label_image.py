"""A detector that reads its masks from a label image: simulators, ground truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.masks import areas_of, boxes_of, instances_from_label_image, renumber, touches_border
from reobj.errors import InputError, mismatch
from reobj.types import Frame, Instances, LabelImage

#: Label of an id that the recording does not name.
UNKNOWN_LABEL = "object"


@dataclass(frozen=True, slots=True)
class LabelImageConfig:
    """What a true instance needs so that a detector could have found it.

    Attributes:
        min_area: least part of the image in [0, 1] that an instance covers. More drops far and hidden things.
        min_area_at_border: the same for one that the image's edge cuts, of which mostly little is seen.
        exclude: labels that are never instances (structure, not objects).
        seed: of the order of instances within a frame, >= 0.
    """

    min_area: float = 5e-4
    min_area_at_border: float = 2e-3
    exclude: tuple[str, ...] = ("wall", "floor", "ceiling")
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("min_area", "min_area_at_border"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(mismatch(name, "a part of the image in [0, 1]", getattr(self, name)))
        if self.seed < 0:
            raise InputError(mismatch("seed", "an integer >= 0", self.seed))


class LabelImageDetector:
    """The true masks of a frame without their identity: shuffled and numbered anew in each frame.

    Args:
        lookup: gives the true label image of a stamp in nanoseconds, or raises InputError.
        config: which instances count.
    """

    def __init__(self, lookup: Callable[[int], LabelImage], config: LabelImageConfig | None = None) -> None:
        self._lookup = lookup
        self._config = config or LabelImageConfig()

    def detect(self, frame: Frame) -> Instances:
        """Every large enough true instance, with score 1. The order depends on seed and stamp alone.

        Raises:
            InputError: there is no label image for this frame, or it has another size.
        """
        truth = self._lookup(frame.stamp_ns)
        if truth.ids.shape != (frame.height, frame.width):
            height, width = truth.ids.shape
            expected = f"{frame.width}x{frame.height} pixels as its image"
            raise InputError(mismatch("label image", expected, f"{width}x{height}"))
        ids = self._visible(truth)
        np.random.default_rng([self._config.seed, frame.stamp_ns]).shuffle(ids)
        return instances_from_label_image(truth.ids, ids, [_label(truth, i) for i in ids])

    def _visible(self, truth: LabelImage) -> NDArray[np.int64]:
        """The ids that are large enough and not excluded, ascending."""
        areas = areas_of(truth.ids)
        areas[0] = 0
        ids = np.flatnonzero(areas)
        height, width = truth.ids.shape
        cut = touches_border(boxes_of(renumber(truth.ids, ids), len(ids)), height, width)
        least = np.where(cut, self._config.min_area_at_border, self._config.min_area) * (height * width)
        excluded = np.array([_label(truth, i) in self._config.exclude for i in ids], dtype=bool)
        return ids[(areas[ids] >= least) & ~excluded]


def _label(truth: LabelImage, instance_id: int) -> str:
    return truth.labels.get(int(instance_id), UNKNOWN_LABEL)
