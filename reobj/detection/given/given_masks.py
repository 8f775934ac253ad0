"""What another program found in an image: any segmenter or detector that publishes it."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.masks import MAX_INSTANCES
from reobj.detection.stamp_buffer import StampBuffer
from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True, eq=False)
class GivenMasks:
    """The masks of one image, numbered in any way.

    Attributes:
        segments: (H, W) uint16, 0 = background.
        values: (N,) int64, distinct, in [1, 65535]: which pixels of ``segments`` each instance has, if any.
        labels: N class names, or numbers of classes as text.
        scores: (N,) float32 in [0, 1].
    """

    segments: NDArray[np.uint16]
    values: NDArray[np.int64]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.segments.ndim != 2 or self.segments.dtype != np.uint16:
            got = f"{self.segments.shape} {self.segments.dtype}"
            raise InputError(mismatch("segments", "(H, W) uint16", got))
        _check("values", self.values, self.labels, self.scores)
        if not is_value(self.values).all() or len(np.unique(self.values)) < len(self.values):
            raise InputError(mismatch("values", f"distinct ones in [1, {MAX_INSTANCES}]", self.values))


@dataclass(frozen=True, slots=True, eq=False)
class GivenBoxes:
    """The instances of one image by their boxes alone.

    Attributes:
        boxes: (N, 4) float32 pixels x0 y0 x1 y1, half-open; they may reach beyond the image.
        labels: N class names, or numbers of classes as text.
        scores: (N,) float32 in [0, 1].
    """

    boxes: NDArray[np.float32]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check("boxes", self.boxes, self.labels, self.scores)
        if not is_box(self.boxes).all():
            raise InputError(mismatch("boxes", "finite ones with an area", self.boxes[~is_box(self.boxes)]))

    def within(self, height: int, width: int) -> NDArray[np.float32]:
        """(N, 4) float32: the boxes, cut off where an image of that size ends."""
        return np.clip(self.boxes, 0, np.array([width, height, width, height], np.float32))


def _check(what: str, values: Sized, labels: tuple[str, ...], scores: NDArray[np.float32]) -> None:
    if not len(values) == len(labels) == len(scores):
        got = f"{len(values)}, {len(labels)} and {len(scores)}"
        raise InputError(mismatch(f"{what}, labels and scores", "one of each per instance", got))
    if not is_score(scores).all():
        raise InputError(mismatch("scores", "numbers in [0, 1]", scores[~is_score(scores)]))


def is_score(scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,) bool: which are numbers in [0, 1]. NaN is none."""
    return (scores >= 0) & (scores <= 1)


def is_value(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) bool: which can be values of a mask in a label image."""
    return (values >= 1) & (values <= MAX_INSTANCES)


def is_box(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,) bool: which of the (N, 4) x0 y0 x1 y1 are finite and have an area."""
    has_area = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return np.asarray(np.isfinite(boxes).all(axis=1) & has_area)


Given = GivenMasks | GivenBoxes

MasksLookup = Callable[[int], Given]
"""Gives what was found in the image of a stamp in nanoseconds, or raises InputError."""


class MasksBuffer(StampBuffer[Given]):
    """The last findings of others by stamp; those of an image that is long gone may be put, too."""

    def __init__(self) -> None:
        super().__init__("masks of another node")
