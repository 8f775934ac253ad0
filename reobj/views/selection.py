"""Which instances of a frame become views, and which true object each of them shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.tracks.boxes import iou
from reobj.detection.masks import areas_of, boxes_of, renumber
from reobj.errors import InputError, mismatch
from reobj.scans.labels import UNNAMED
from reobj.types import Instances, LabelImage
from reobj.views.coco_names import COCO_NAME
from reobj.views.settings import ViewSettings


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The K instances of a frame that become views.

    Attributes:
        label_image: (H, W) uint16, the masks.
        numbers: (K,) int64, value of each one's mask in ``label_image``.
        boxes: (K, 4) float32 pixels, x0 y0 x1 y1, half-open, within the frame.
        instances: (K,) int64, true instance id of each, all different.
        labels: K class names.
        overlaps: (K,) float32, IoU of the box and the true box.
        detections: how many instances of each label there were to choose from.
    """

    label_image: NDArray[np.uint16]
    numbers: NDArray[np.int64]
    boxes: NDArray[np.float32]
    instances: NDArray[np.int64]
    labels: tuple[str, ...]
    overlaps: NDArray[np.float32]
    detections: Counter[str]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class _TrueObjects:
    """The G visible true objects of a frame: ids ascending, pixels, boxes, labels."""

    ids: NDArray[np.int64]
    areas: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: list[str]


def select_true(truth: LabelImage, settings: ViewSettings) -> Selection:
    """The true instances of a frame, with their own masks."""
    objects = _true_objects(truth, settings)
    kept = np.flatnonzero(_large(objects.boxes, objects.areas, settings))
    return Selection(
        label_image=truth.ids,
        numbers=objects.ids[kept],
        boxes=objects.boxes[kept],
        instances=objects.ids[kept],
        labels=tuple(objects.labels[i] for i in kept),
        overlaps=np.ones(len(kept), np.float32),
        detections=Counter(objects.labels),
    )


def select_valid(instances: Instances, truth: LabelImage, settings: ViewSettings) -> Selection:
    """The valid detections of a frame (re-OBJ, Bansal et al. 2019, section 4), with the detector's masks.

    A detection is valid if its box overlaps the box of a true object of its label by more than
    ``settings.min_iou``. It takes that object's id. Of several valid ones of one object the best stays, so
    that a frame shows an object once. Labels are compared as COCO names them (``coco_names``).

    Raises:
        InputError: the masks and the truth differ in size.
    """
    instances.check_size(*truth.ids.shape)
    objects = _true_objects(truth, settings)
    height, width = truth.ids.shape
    boxes = instances.boxes.clip(0, np.array([width, height, width, height], np.float32))
    areas = np.bincount(instances.label_image.ravel(), minlength=len(instances) + 1)[1:]
    wanted = np.array([label not in settings.exclude for label in instances.labels], bool)
    overlap = iou(boxes.astype(np.float64), objects.boxes.astype(np.float64))
    overlap[~_same_label(instances.labels, objects.labels)] = 0
    overlap[~(wanted & _large(boxes, areas[: len(instances)], settings))] = 0
    rows, columns = _best_of_each(overlap, settings.min_iou)
    return Selection(
        label_image=instances.label_image,
        numbers=rows + 1,
        boxes=boxes[rows],
        instances=objects.ids[columns],
        labels=tuple(instances.labels[i] for i in rows),
        overlaps=overlap[rows, columns].astype(np.float32),
        detections=Counter(label for label, good in zip(instances.labels, wanted, strict=True) if good),
    )


def check_truth(truth: LabelImage, height: int, width: int) -> None:
    """Raises InputError unless the label image has the size of its frame."""
    if truth.ids.shape != (height, width):
        got = f"{truth.ids.shape[1]}x{truth.ids.shape[0]}"
        raise InputError(mismatch("true instances", f"{width}x{height} pixels as their image", got))


def _true_objects(truth: LabelImage, settings: ViewSettings) -> _TrueObjects:
    """Those that are not excluded."""
    areas = areas_of(truth.ids)
    areas[0] = 0
    visible = np.flatnonzero(areas)
    names = {int(i): truth.labels.get(int(i), UNNAMED) for i in visible}
    ids = np.array([i for i, name in names.items() if name not in settings.exclude], np.int64)
    boxes = boxes_of(renumber(truth.ids, ids), len(ids))
    return _TrueObjects(ids, areas[ids], boxes, [names[int(i)] for i in ids])


def _large(boxes: NDArray[np.float32], areas: NDArray[np.int64], settings: ViewSettings) -> NDArray[np.bool_]:
    """(N,) bool: box and mask are large enough to say something."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return (sides.min(axis=1, initial=np.inf) >= settings.min_side) & (areas >= settings.min_side**2 / 2)


def _same_label(found: Sequence[str], true: Sequence[str]) -> NDArray[np.bool_]:
    """(N, G) bool."""
    left, right = ([COCO_NAME.get(label, label) for label in labels] for labels in (found, true))
    return np.array([[a == b for b in right] for a in left], bool).reshape(len(left), len(right))


def _best_of_each(overlap: NDArray[np.float64], least: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows and columns, each at most once: the row's best column, the column's best row."""
    rows = np.flatnonzero(overlap.max(axis=1, initial=0) > least)
    columns = overlap[rows].argmax(axis=1) if len(rows) else rows
    order = np.lexsort((rows, -overlap[rows, columns]))
    _, first = np.unique(columns[order], return_index=True)
    chosen = np.sort(order[first])
    return rows[chosen], columns[chosen]
