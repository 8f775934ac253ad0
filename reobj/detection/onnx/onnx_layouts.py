"""What the outputs of ONNX segmenters mean. docs/detectors.md says it for people.

Three layouts are known, told apart by the outputs' shapes; their order does not matter:

    yolo_seg   (1, 4 + C + M, A) and (1, M, h, w): A candidates with centre x, centre y, width, height in
               pixels, C class probabilities and M factors of the M prototype masks
    yolo       (1, 4 + C, A): the same without masks
    mask_rcnn  (N, 4) boxes, (N,) integer classes, (N,) scores, (N, 1, H, W) mask probabilities
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import nms

from reobj.detection.boxes.mask_from_box import masks_from_boxes
from reobj.detection.findings import FindingLimits, Findings, best_rows, clipped
from reobj.detection.onnx.onnx_image import ModelImage
from reobj.detection.onnx.onnx_session import Arrays
from reobj.errors import ModelError, mismatch
from reobj.types import Frame

_SAME = 0.7  #: IoU of boxes from which two candidates of YOLO are one, before there are masks


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Which findings are worth their masks.

    Attributes:
        classes: (C,) bool.
        limits: for score and number.
    """

    classes: torch.Tensor
    limits: FindingLimits


def findings_of(outputs: Arrays, frame: Frame, seen: ModelImage, wanted: Wanted) -> Findings:
    """What a model says of a frame, in pixels of the frame.

    Args:
        outputs: of the model.
        frame: of which they are.
        seen: what the model saw of it.
        wanted: the rest is left out.

    Raises:
        ModelError: outputs of no layout that is known, or of another number of classes.
    """
    ranks = sorted(output.ndim for output in outputs)
    if ranks == [1, 1, 2, 4]:
        return _mask_rcnn(outputs, seen, wanted)
    if ranks == [3, 4] and all(output.shape[0] == 1 for output in outputs):
        table, prototypes = sorted(outputs, key=np.ndim)
        return _yolo(table[0], prototypes[0], frame, seen, wanted)
    if ranks == [3] and outputs[0].shape[0] == 1:
        return _yolo(outputs[0][0], None, frame, seen, wanted)
    known = "those of yolo_seg, yolo or mask_rcnn (docs/detectors.md)"
    raise ModelError(mismatch("outputs of the onnx model", known, [output.shape for output in outputs]))


def _yolo(
    table: NDArray[np.floating],
    prototypes: NDArray[np.floating] | None,
    frame: Frame,
    seen: ModelImage,
    wanted: Wanted,
) -> Findings:
    """Of candidates (4 + C + M, A) and their prototypes (M, h, w)."""
    count, factors = len(wanted.classes), 0 if prototypes is None else len(prototypes)
    if len(table) != 4 + count + factors:
        expected = f"4 + {count} classes + {factors} masks = {4 + count + factors} rows"
        raise ModelError(mismatch("outputs of the onnx model", expected, len(table)))
    table = np.asarray(table.T, np.float32)
    middle, half = table[:, :2], table[:, 2:4] / 2
    boxes = torch.from_numpy(seen.boxes_of(np.concatenate([middle - half, middle + half], axis=1)))
    boxes = clipped(boxes, *seen.size)
    scores, classes = torch.from_numpy(np.ascontiguousarray(table[:, 4 : 4 + count])).max(dim=1)
    rows = torch.nonzero(scores >= wanted.limits.min_score)[:, 0]
    rows = rows[torch.isfinite(boxes[rows]).all(1)]
    rows = rows[nms(boxes[rows], scores[rows], _SAME)]
    rows = rows[best_rows(boxes[rows], scores[rows], classes[rows], wanted.classes, wanted.limits)]
    if prototypes is None:
        masks = _recovered(frame, boxes[rows])
    else:
        masks = _from_prototypes(table[rows.numpy(), 4 + count :], prototypes, boxes[rows], seen, wanted)
    return Findings(boxes[rows], scores[rows], classes[rows], masks)


def _from_prototypes(
    factors: NDArray[np.float32],
    prototypes: NDArray[np.floating],
    boxes: torch.Tensor,
    seen: ModelImage,
    wanted: Wanted,
) -> torch.Tensor:
    """(K, H, W) bool: in each box, the sigmoid of a sum of prototypes, each with its factor (YOLACT)."""
    low = np.tensordot(factors, prototypes.astype(np.float32), axes=1)
    low = 1 / (1 + np.exp(-np.clip(low, -50, 50)))
    masks = np.zeros((len(factors), *seen.size), bool)
    edges = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1).astype(int)
    for mask, small, (x0, y0, x1, y1) in zip(masks, low, edges.tolist(), strict=True):
        mask[y0:y1, x0:x1] = seen.mask_part(small, (x0, y0, x1, y1)) >= wanted.limits.mask_threshold
    return torch.from_numpy(masks)


def _recovered(frame: Frame, boxes: torch.Tensor) -> torch.Tensor:
    """(K, H, W) bool: masks of boxes alone."""
    label_image = masks_from_boxes(frame, boxes.numpy())
    numbers = np.arange(1, len(boxes) + 1, dtype=np.uint16)
    return torch.from_numpy(label_image[None] == numbers[:, None, None])


def _mask_rcnn(outputs: Arrays, seen: ModelImage, wanted: Wanted) -> Findings:
    """Of boxes, classes, scores and masks of the size that the model saw."""
    by_rank = sorted(outputs, key=np.ndim)
    whole = [np.issubdtype(output.dtype, np.integer) for output in by_rank[:2]]
    if sum(whole) != 1:
        kinds = [str(output.dtype) for output in by_rank[:2]]
        raise ModelError(mismatch("outputs of the onnx model", "integer classes and float scores", kinds))
    classes, scores = (torch.from_numpy(by_rank[i]) for i in (whole.index(True), whole.index(False)))
    if len(by_rank[3]) and by_rank[3].shape[2:] != seen.pixels.shape[1:]:
        expected = f"of {seen.pixels.shape[1:]}, as the model's image"
        raise ModelError(mismatch("masks of the onnx model", expected, by_rank[3].shape[2:]))
    boxes = clipped(torch.from_numpy(seen.boxes_of(by_rank[2])), *seen.size)
    rows = best_rows(boxes, scores, classes, wanted.classes, wanted.limits)
    everywhere = (0, 0, seen.size[1], seen.size[0])
    masks = np.zeros((len(rows), *seen.size), bool)
    for mask, row in zip(masks, rows.tolist(), strict=True):
        part = seen.mask_part(by_rank[3][row, 0].astype(np.float32), everywhere)
        mask[:] = part >= wanted.limits.mask_threshold
    return Findings(boxes[rows], scores[rows].float(), classes[rows].long(), torch.from_numpy(masks))
