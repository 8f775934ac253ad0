"""Where a person should look: objects that were lost in full view, and masks of little confidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from reobj.detection.masks import boxes_of, touches_border
from reobj.refinement.frame_masks import FrameMasks, MaskBook

#: a mask with less confidence is a doubt
_UNSURE = 0.65
#: frames in a row that are told of as one doubt, however many there are
_TOGETHER = 10


@dataclass(frozen=True, slots=True)
class Doubt:
    """An object that may be wrong, or be there unseen, in some frames in a row.

    Attributes:
        object_id: which one.
        first, last: the frames.
        why: in a few words.
    """

    object_id: int
    first: int
    last: int
    why: str


def find_doubts(book: MaskBook) -> list[Doubt]:
    """All doubts, by frame.

    An object is lost in full view when its mask ends, or begins, without having touched the image's edge.
    """
    unsure: dict[int, list[int]] = {}
    lost: list[Doubt] = []
    before: FrameMasks | None = None
    for number in range(len(book)):
        masks = book[number]
        for row in np.flatnonzero((masks.object_ids > 0) & (masks.confidence < _UNSURE)).tolist():
            unsure.setdefault(int(masks.object_ids[row]), []).append(number)
        if before is not None:
            lost += [Doubt(i, number, number, "lost in full view") for i in _ended(before, masks)]
            lost += [Doubt(i, number - 1, number - 1, "appears in full view") for i in _ended(masks, before)]
        before = masks
    doubts = lost + [doubt for object_id, frames in unsure.items() for doubt in _runs(object_id, frames)]
    return sorted(doubts, key=lambda doubt: (doubt.first, doubt.object_id))


def _ended(here: FrameMasks, there: FrameMasks) -> list[int]:
    """Objects of one frame that the other lacks and that the edge of the image does not cut."""
    gone = (here.object_ids > 0) & ~np.isin(here.object_ids, there.object_ids)
    if not gone.any():
        return []
    boxes = boxes_of(here.label_image, len(here))
    cut = touches_border(boxes, *here.label_image.shape)
    ids: list[int] = here.object_ids[gone & ~cut].tolist()
    return ids


def _runs(object_id: int, frames: Sequence[int]) -> list[Doubt]:
    """Frames with small gaps as one."""
    runs: list[list[int]] = []
    for number in frames:
        if runs and number - runs[-1][-1] <= _TOGETHER:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [Doubt(object_id, run[0], run[-1], "little confidence") for run in runs]


def frames_to_draw(doubts: Sequence[Doubt], count: int, drawn: Collection[int] = ()) -> list[int]:
    """The frames in which most doubts could be settled by drawing, the best first.

    None is beside another, or beside one that is drawn already.
    """
    left = [doubt for doubt in doubts if not any(_near(doubt, number) for number in drawn)]
    chosen: list[int] = []
    while left and len(chosen) < count:
        numbers = sorted({(doubt.first + doubt.last) // 2 for doubt in left})
        best = max(numbers, key=lambda n: sum(_near(doubt, n) for doubt in left))
        chosen.append(best)
        left = [doubt for doubt in left if not _near(doubt, best)]
    return chosen


def _near(doubt: Doubt, number: int) -> bool:
    return doubt.first - _TOGETHER <= number <= doubt.last + _TOGETHER
