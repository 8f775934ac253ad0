"""Which true object of a simulated bag each answer of the nodes means."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.scans.bag_reader import BagScan
from reobj_ros.messages.stamps import to_ns

Box = tuple[float, ...]


class TrueObjects:
    """The true objects of a bag by the boxes of their masks; the nodes must use the label_image detector.

    Args:
        bag: of the simulator.
    """

    def __init__(self, bag: Path) -> None:
        self._boxes = [boxes_of(truth.ids) for _, truth in BagScan(bag) if truth is not None]
        self._stamps = {frame.stamp_ns: i for i, (frame, _) in enumerate(BagScan(bag))}

    def seen_as(
        self, answers: Iterable[Any], shown: Mapping[int, int] | None = None
    ) -> dict[int, Counter[int]]:
        """How often each true object was said to be which object; what is deferred does not count.

        Args:
            answers: TrackedObjects messages.
            shown: number of the bag's frame by stamp, nanoseconds; default: the bag's own stamps.
        """
        frames = self._stamps if shown is None else shown
        seen: dict[int, Counter[int]] = defaultdict(Counter)
        for message in answers:
            boxes = self._boxes[frames[to_ns(message.header.stamp)]]
            for item in message.objects:
                if item.object_id:
                    seen[boxes[tuple(item.instance.box)]][item.object_id] += 1
        return dict(seen)


def boxes_of(ids: NDArray[np.uint16]) -> dict[Box, int]:
    """True id by box (x0, y0, x1, y1 in pixels, half-open) of a label image (H, W)."""
    boxes = {}
    for true_id in np.unique(ids[ids > 0]).tolist():
        rows, columns = np.nonzero(ids == true_id)
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        boxes[tuple(float(v) for v in box)] = true_id
    return boxes


def names(seen: Mapping[int, Counter[int]]) -> dict[int, int]:
    """The object that each true object was most often said to be."""
    return {true_id: counts.most_common(1)[0][0] for true_id, counts in seen.items()}
