"""Small pictures of the objects, one per visit, for people who ask why an object got its id."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.scans.message_arrays import encode_jpeg
from reobj.types import Instances, TrackedObject

#: longest side of a picture in pixels
_SIDE = 128
#: of the box, added on each side: what is around an object says where it is
_MARGIN = 0.15
#: a view of the same visit that is so much larger takes the place of the one before
_LARGER = 1.5
#: pictures made per frame, half a millisecond each
_PER_FRAME = 2


@dataclass(frozen=True, slots=True)
class _View:
    stamp_ns: int
    area: float
    jpeg: bytes


class ViewAlbum:
    """Keeps the largest view of each of the last visits. For one thread at a time.

    Args:
        per_object: visits of an object that are kept at most; the oldest go.
        most_bytes: of all pictures; the objects go that were not seen for the longest time.
    """

    def __init__(self, per_object: int = 8, most_bytes: int = 64 * 2**20) -> None:
        self._per_object, self._most_bytes = per_object, most_bytes
        self.clear()

    def clear(self) -> None:
        """Forgets all pictures."""
        self._views: OrderedDict[int, dict[int, _View]] = OrderedDict()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Of all pictures."""
        return self._bytes

    def see(
        self,
        stamp_ns: int,
        colour: NDArray[np.uint8],
        instances: Instances,
        objects: Iterable[TrackedObject],
    ) -> None:
        """Takes pictures of what was not seen as large in its visit before, a few per frame.

        Args:
            stamp_ns: of the frame.
            colour: (H, W, 3) RGB.
            instances: of the frame.
            objects: with or without an object id.
        """
        taken = 0
        for tracked in objects:
            x0, y0, x1, y1 = instances.boxes[tracked.index].tolist()
            area = (x1 - x0) * (y1 - y0)
            before = self._views.get(tracked.object_id, {}).get(tracked.track_id)
            wanted = tracked.object_id and (before is None or area >= _LARGER * before.area)
            if wanted and taken < _PER_FRAME:
                taken += 1
                picture = encode_jpeg(_cut(colour, x0, y0, x1, y1))
                self._keep(tracked.object_id, tracked.track_id, _View(stamp_ns, area, picture))

    def of(self, object_ids: Iterable[int]) -> tuple[bytes, ...]:
        """JPEG files of these ids, the oldest first."""
        views = [view for i in object_ids for view in self._views.get(i, {}).values()]
        return tuple(view.jpeg for view in sorted(views, key=lambda view: view.stamp_ns))

    def _keep(self, object_id: int, track_id: int, view: _View) -> None:
        views = self._views.setdefault(object_id, {})
        self._views.move_to_end(object_id)
        replaced = views.pop(track_id, None)
        if replaced is None and len(views) == self._per_object:
            replaced = views.pop(next(iter(views)))
        views[track_id] = view
        self._bytes += len(view.jpeg) - (len(replaced.jpeg) if replaced else 0)
        while self._bytes > self._most_bytes and len(self._views) > 1:
            _, gone = self._views.popitem(last=False)
            self._bytes -= sum(len(old.jpeg) for old in gone.values())


def _cut(colour: NDArray[np.uint8], x0: float, y0: float, x1: float, y1: float) -> NDArray[np.uint8]:
    """The box with its margin, (h, w, 3) with sides of at most ``_SIDE`` pixels and at least 1."""
    height, width = colour.shape[:2]
    dx, dy = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
    left, top = int(np.clip(x0 - dx, 0, width - 1)), int(np.clip(y0 - dy, 0, height - 1))
    right, bottom = int(np.clip(x1 + dx, left + 1, width)), int(np.clip(y1 + dy, top + 1, height))
    crop = colour[top:bottom, left:right]
    shrink = _SIDE / max(crop.shape[:2])
    if shrink >= 1:
        return crop
    size = max(1, round(crop.shape[1] * shrink)), max(1, round(crop.shape[0] * shrink))
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
