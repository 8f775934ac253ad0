"""Objects looked for where they were seen from elsewhere, by depth and poses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.ego_motion import EgoMotion
from reobj.detection.carrying.mask_borders import refine_borders
from reobj.detection.carrying.sampling import nearest
from reobj.detection.masks import renumber
from reobj.encoding.base import Encoder
from reobj.offline import Mode
from reobj.progress import Progress, silent
from reobj.refinement.archive import FrameArchive
from reobj.refinement.claims import Claims, settle
from reobj.refinement.frame_masks import FrameMasks, Labels, MaskBook
from reobj.types import Frame

#: every so many frames objects are looked for; in between, masks are carried
_STRIDE = 2
#: views kept per object, frames between two of them, and how many are used in a frame
_VIEWS, _APART, _VIEWS_USED = 4, 15, 2
#: views held in memory at a time; the oldest leaves first
_VIEWS_HELD = 16
#: least share of an object's surface, as large as it is at its distance now, that is seen again
_LEAST_SEEN = 0.3
#: confidence of a mask that is all seen again: it is sure, but its border less so than that of a carried one
_CONFIDENCE = 0.8
#: the least that such a mask has
_LEAST_CONFIDENCE = 0.5
#: pixels around what is seen again that may belong to the object too, if they have its colour
_RING_PX = 5


class PlaceSearch:
    """Moves masks of earlier or later views to frames that lack their objects.

    Args:
        archive, book: frames, and their masks, which are changed.
        mode: which inputs of a frame may be used.
        encoder: for the masks that are drawn.
    """

    def __init__(self, archive: FrameArchive, book: MaskBook, mode: Mode, encoder: Encoder) -> None:
        self._archive, self._book, self._mode, self._encoder = archive, book, mode, encoder
        self._views: dict[int, tuple[Frame, FrameMasks]] = {}

    def run(self, round_number: int, progress: Progress = silent) -> int:
        """Looks for all objects. Returns how many masks were found.

        Raises:
            ScanError: a frame is damaged.
        """
        self._views.clear()
        views, found = self._best_views(), 0
        numbers = range(0, len(self._book), _STRIDE)
        for done, number in enumerate(numbers, start=1):
            if self._book.poses[number] is not None:
                found += self._look(number, views, round_number)
            progress(done, len(numbers))
        self._views.clear()
        return found

    def _best_views(self) -> dict[int, list[int]]:
        """The frames with the largest masks of each object that has a place, some frames apart."""
        sizes: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for number in range(len(self._book)):
            rows = self._book.rows(number)
            spans = np.nan_to_num(rows.geometry.depths, nan=np.inf)
            for row in np.flatnonzero((rows.object_ids > 0) & rows.geometry.located).tolist():
                sizes[int(rows.object_ids[row])].append((float(rows.confidence[row] / spans[row]), number))
        return {object_id: _apart(sorted(seen, reverse=True)) for object_id, seen in sizes.items()}

    def _look(self, number: int, views: Mapping[int, Sequence[int]], round_number: int) -> int:
        """Looks for the objects that a frame lacks, by the views that are nearest to it."""
        shown, here = set(self._book.rows(number).shown()), self._book.poses[number]
        assert here is not None
        missing = [object_id for object_id in views if object_id not in shown]
        if not missing:
            return 0
        frame = self._mode.limit(self._archive[number][0])
        missing = [i for i in missing if self._in_view(views[i][0], i, frame)]
        used: dict[int, list[int]] = defaultdict(list)
        for object_id in missing:
            near = sorted(views[object_id], key=lambda other: self._distance(here, other))
            for view in near[:_VIEWS_USED]:
                used[view].append(object_id)
        claims = self._claims(frame, missing, used)
        return 0 if claims is None else self._settle(number, frame, claims, round_number)

    def _distance(self, here: NDArray[np.float64], other: int) -> float:
        """How different the view of another frame is: metres, and one more for a turn of 60 degrees."""
        there = self._book.poses[other]
        if there is None:
            return np.inf
        turn = 1 - float(here[:3, 2] @ there[:3, 2])
        return float(np.linalg.norm(here[:3, 3] - there[:3, 3])) + 2 * turn

    def _in_view(self, view: int, object_id: int, frame: Frame) -> bool:
        """Whether the middle of the object is in the image."""
        rows = self._book.rows(view)
        if frame.pose is None or frame.intrinsics is None:
            return False
        x, y, z = frame.pose[:3, :3].T @ (rows.geometry.positions[rows.row_of(object_id)] - frame.pose[:3, 3])
        if z <= 0:
            return False
        u, v = frame.intrinsics.project(np.array([x / z]), np.array([y / z]))
        return bool(0 <= u[0] < frame.width and 0 <= v[0] < frame.height)

    def _claims(
        self, frame: Frame, objects: Sequence[int], used: Mapping[int, Sequence[int]]
    ) -> Claims | None:
        """The masks of objects as they are seen now; None where nothing can be said.

        Args:
            frame: of now.
            objects: M of them.
            used: frame of a view to the objects that are taken from it.
        """
        again = _SeenAgain.nothing(frame, len(objects))
        like: dict[int, tuple[int, str]] = {}
        for view, seen in used.items():
            key, masks = self._view(view)
            rows = np.array([masks.row_of(i) for i in seen], np.intp)
            again.add(key, masks, rows, np.array([objects.index(i) for i in seen], np.intp))
            like |= {int(masks.object_ids[r]): (int(masks.track_ids[r]), masks.labels[r]) for r in rows}
        share = again.share()
        keep = np.flatnonzero(share >= _LEAST_SEEN)
        if not len(keep):
            return None
        ids = [objects[k] for k in keep]
        return Claims(
            _completed(renumber(again.found, keep + 1), again.known, frame),
            np.array(ids, np.int64),
            np.array([like[i][0] for i in ids], np.int64),
            (_CONFIDENCE * np.minimum(share[keep], 1.0)).astype(np.float32).clip(min=_LEAST_CONFIDENCE),
            tuple(like[i][1] for i in ids),
        )

    def _view(self, number: int) -> tuple[Frame, FrameMasks]:
        """A frame that objects are looked for with, and its masks as they were when it was needed first."""
        if number not in self._views:
            if len(self._views) == _VIEWS_HELD:
                self._views.pop(next(iter(self._views)))
            self._views[number] = self._mode.limit(self._archive[number][0]), self._book[number]
        return self._views[number]

    def _settle(self, number: int, frame: Frame, claims: Claims, round_number: int) -> int:
        settled = settle(self._book[number], claims, round_number)
        if not settled.changed:
            return 0
        masks = settled.masks.described(frame, settled.drawn, self._encoder)
        fresh = masks.fresh.copy()
        fresh[settled.drawn] = True
        self._book[number] = replace(masks, fresh=fresh)
        return len(settled.drawn) + len(settled.adopted)


@dataclass(slots=True, eq=False)
class _SeenAgain:
    """What a frame shows of M objects that other frames show too.

    Attributes:
        frame: of now.
        found: (H, W) uint16, i = object i - 1.
        known: (H, W) bool, surfaces that another frame shows too, whoever's they are.
        expected: (M,) pixels that each would have at the distance of now.
    """

    frame: Frame
    found: Labels
    known: NDArray[np.bool_]
    expected: NDArray[np.float64]

    @classmethod
    def nothing(cls, frame: Frame, count: int) -> _SeenAgain:
        size = (frame.height, frame.width)
        return cls(frame, np.zeros(size, np.uint16), np.zeros(size, dtype=bool), np.ones(count))

    def add(self, key: Frame, masks: FrameMasks, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        """Takes the masks of some rows of another frame, those of the objects ``columns``."""
        ego = EgoMotion.of(key)
        rigid = None if ego is None else ego.source(self.frame, key)
        if rigid is None or self.frame.pose is None:
            return
        numbers = np.zeros(len(masks) + 1, np.uint16)
        numbers[rows + 1] = columns + 1
        moved = nearest(numbers[masks.label_image], rigid.source) * rigid.known
        self.found = np.where(self.found == 0, moved, self.found)
        self.known |= rigid.known
        geometry, pose = masks.geometry.select(rows), self.frame.pose
        z = (geometry.positions - pose[:3, 3]) @ pose[:3, 2]
        now = masks.areas()[rows] * (geometry.depths / np.maximum(z, 1e-3)) ** 2
        self.expected[columns] = np.maximum(self.expected[columns], now)

    def share(self) -> NDArray[np.float64]:
        """(M,) how much of each is seen again."""
        return np.bincount(self.found.ravel(), minlength=len(self.expected) + 1)[1:] / self.expected


def _apart(seen: Sequence[tuple[float, int]]) -> list[int]:
    """Some frames of the best ones, none too near in time to another."""
    chosen: list[int] = []
    for _, number in seen:
        if all(abs(number - other) >= _APART for other in chosen):
            chosen.append(number)
        if len(chosen) == _VIEWS:
            break
    return chosen


def _completed(moved: Labels, known: NDArray[np.bool_], frame: Frame) -> Labels:
    """With the holes, and what lies around in the colour of what was seen again."""
    size = 2 * _RING_PX + 1
    near = cv2.dilate((moved > 0).astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    certain = (moved > 0) | ~near | known
    return refine_borders(moved, certain.astype(np.uint8), frame.colour, 1)
