"""Which true object each detected instance shows: mask IoU of two label images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from reobj.errors import InputError, mismatch
from reobj.types import Instances, LabelImage

#: Least mask IoU of an instance and the true object it shows; as in PASCAL VOC (Everingham et al. 2010).
MIN_IOU = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """How the N instances of a frame and its G true objects overlap.

    Attributes:
        true_ids: (G,) int64 ascending, the true ids that are visible.
        true_areas: (G,) int64 pixels of each.
        areas: (N,) int64 pixels of each instance's mask.
        shared: (N, G) int64 pixels of both.
    """

    true_ids: NDArray[np.int64]
    true_areas: NDArray[np.int64]
    areas: NDArray[np.int64]
    shared: NDArray[np.int64]

    @property
    def iou(self) -> NDArray[np.float64]:
        """(N, G) float64 in [0, 1]: intersection over union of the masks, 0 for an empty mask."""
        union = self.areas[:, None] + self.true_areas[None, :] - self.shared
        return self.shared / np.maximum(union, 1)


def overlaps_of(instances: Instances, truth: LabelImage) -> Overlaps:
    """Counts the pixels of every pair in one joint histogram of the two label images.

    Raises:
        InputError: the images differ in size, or the masks name more instances than there are.
    """
    instances.check_size(*truth.ids.shape)
    count = len(instances)
    largest = int(instances.label_image.max())
    if largest > count:
        raise InputError(mismatch("masks", f"values up to {count}, the number of instances", largest))
    all_areas = np.bincount(truth.ids.ravel())
    all_areas[0] = 0
    true_ids = np.flatnonzero(all_areas)
    columns = np.zeros(len(all_areas), np.int32)
    columns[true_ids] = np.arange(1, len(true_ids) + 1)
    width = len(true_ids) + 1
    cell = np.take(columns, truth.ids)
    cell += np.multiply(instances.label_image, width, dtype=np.int32)
    joint = np.bincount(cell.ravel(), minlength=(count + 1) * width).reshape(count + 1, width)
    return Overlaps(true_ids, all_areas[true_ids], joint[1:].sum(axis=1), joint[1:, 1:])


def match_truth(overlaps: Overlaps, min_iou: float = MIN_IOU) -> NDArray[np.int64]:
    """The true id that each instance shows, one to one, with the largest sum of IoU (Hungarian).

    Args:
        overlaps: of one frame.
        min_iou: in (0, 1]; a pair below it is no match. Raising it asks for better masks.

    Returns:
        (N,) int64 true ids, 0 for an instance that shows none of them.
    """
    iou = overlaps.iou
    rows, columns = linear_sum_assignment(np.where(iou >= min_iou, iou, 0.0), maximize=True)
    good = iou[rows, columns] >= min_iou
    matched = np.zeros(len(iou), np.int64)
    matched[rows[good]] = overlaps.true_ids[columns[good]]
    return matched
