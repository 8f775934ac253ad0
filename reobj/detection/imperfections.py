"""Mistakes as a real detector makes them, added to any detector: repeatable, seeded by stamp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.base import Detector
from reobj.detection.mask_edits import move_borders, shift_masks, split_masks
from reobj.detection.masks import areas_of, instances_from_label_image
from reobj.errors import InputError, mismatch
from reobj.types import Frame, Instances


@dataclass(frozen=True, slots=True)
class ImperfectionConfig:
    """How often, and how far, a detector is wrong.

    Attributes:
        miss: probability that an instance is not found.
        split: probability that an instance is found as two, cut by a random line through its centre.
        label_swap: probability that an instance gets another label of ``vocabulary``.
        border_px: standard deviation of how far a mask's border lies outside (or inside) the true one.
        shift_px: standard deviation of a mask's shift, in x and in y.
        min_area_px: masks with fewer pixels after all this are dropped.
        vocabulary: labels that a swap chooses from.
        seed: >= 0; the same seed and stamp give the same mistakes.
    """

    miss: float = 0.05
    split: float = 0.02
    label_swap: float = 0.02
    border_px: float = 1.5
    shift_px: float = 1.5
    min_area_px: int = 32
    vocabulary: tuple[str, ...] = (
        "chair",
        "couch",
        "dining table",
        "tv",
        "book",
        "cup",
        "bottle",
        "backpack",
    )
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("miss", "split", "label_swap"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(mismatch(name, "a probability in [0, 1]", getattr(self, name)))
        for name in ("border_px", "shift_px", "min_area_px", "seed"):
            if not getattr(self, name) >= 0:
                raise InputError(mismatch(name, "a number >= 0", getattr(self, name)))
        if self.label_swap > 0 and len(set(self.vocabulary)) < 2:
            raise InputError(mismatch("vocabulary", "at least two labels to swap", self.vocabulary))


class ImperfectDetector:
    """Makes another detector's instances worse.

    Args:
        detector: whose instances are taken.
        config: the mistakes.
    """

    def __init__(self, detector: Detector, config: ImperfectionConfig | None = None) -> None:
        self._detector = detector
        self._config = config or ImperfectionConfig()

    def detect(self, frame: Frame) -> Instances:
        """The wrapped detector's instances with mistakes. Raises what that detector raises."""
        perfect = self._detector.detect(frame)
        return self._spoil(perfect, np.random.default_rng([self._config.seed, frame.stamp_ns]))

    def _spoil(self, perfect: Instances, rng: np.random.Generator) -> Instances:
        """Draws in a fixed order, so that one probability's value does not move the others' mistakes."""
        config, n = self._config, len(perfect)
        missed, split, swapped = (rng.random(n) < p for p in (config.miss, config.split, config.label_swap))
        angles = rng.uniform(0, np.pi, n)
        grow_px = rng.normal(0, config.border_px, 2 * n)
        shift_px = rng.normal(0, config.shift_px, (2 * n, 2))
        labels = self._swap(np.array(perfect.labels, dtype=object), swapped, rng.integers(0, 2**31, n))

        found = np.concatenate([[0], np.where(missed, 0, np.arange(1, n + 1))]).astype(np.uint16)
        masks = split_masks(found[perfect.label_image], np.where(split, angles, np.nan))
        masks = shift_masks(move_borders(masks, grow_px), shift_px)

        keep = np.flatnonzero(areas_of(masks)[1:] >= max(config.min_area_px, 1)) + 1
        rows = (keep - 1) % max(n, 1)  # the second part of instance i has value i + n
        return instances_from_label_image(masks, keep, labels[rows].tolist(), perfect.scores[rows])

    def _swap(
        self, labels: NDArray[np.object_], swapped: NDArray[np.bool_], draws: NDArray[np.int64]
    ) -> NDArray[np.object_]:
        """Each swapped label becomes another one of the vocabulary."""
        for row in np.flatnonzero(swapped):
            others = [label for label in self._config.vocabulary if label != labels[row]]
            labels[row] = others[draws[row] % len(others)]
        return labels
