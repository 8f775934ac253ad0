"""Pictures of re-identifications: the object when it was seen before, and now."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.evaluation.revisits import MIN_ABSENCE_NS
from reobj.types import Event, Frame, Instances, TrackedObject
from reobj.visual.colours import id_colour
from reobj.visual.object_crop import outlined_crop
from reobj.visual.reidentifications import Reidentification, ReidentificationWatcher

# A view is replaced by one that shows the object at least this much larger.
_BETTER = 1.15


@dataclass(frozen=True, slots=True)
class View:
    """One look at an object.

    Attributes:
        jpeg: a JPEG file of the object, outlined in the colour of its id, and its surroundings.
        stamp_ns: when.
        area: of its box, square pixels.
    """

    jpeg: bytes
    stamp_ns: int
    area: float


@dataclass(slots=True)
class ReidPicture:
    """An object before and after an absence.

    Attributes:
        object_id, label: as the system named it.
        absence_ns: between the two visits.
        probability: in [0, 1], the system's own.
        right: None if the truth is not known.
        lookalikes: other objects of the map with this label at that time.
        then, now: the largest view of the visit before and of this one.
    """

    object_id: int
    label: str
    absence_ns: int
    probability: float
    right: bool | None
    lookalikes: int
    then: View
    now: View

    @property
    def interest(self) -> float:
        """How much there is to learn from it: long absences among many alike come first."""
        return math.log1p(self.absence_ns / 1e9) * (1 + math.log1p(self.lookalikes))


@dataclass(slots=True)
class _Memory:
    """What is kept of one object: the best view of this visit and of the one before."""

    label: str
    last_ns: int
    now: View | None = None
    then: View | None = None
    picture: ReidPicture | None = None


class ReidCollector:
    """Keeps small crops of each object, so that a re-identification can be shown as "then" and "now".

    Memory is bounded: at most ``objects`` objects of two crops, and ``capacity`` pictures of two more.

    Args:
        capacity: pictures kept; the least instructive leave first, the wrong ones last.
        objects: objects whose views are kept; the one not seen for longest leaves first.
        max_side: longer side of a crop in pixels.
    """

    def __init__(self, capacity: int = 64, objects: int = 1000, max_side: int = 240) -> None:
        self._capacity = capacity
        self._objects = objects
        self._max_side = max_side
        self._watcher = ReidentificationWatcher()
        self._memory: OrderedDict[int, _Memory] = OrderedDict()
        self._pictures: list[ReidPicture] = []

    def add(
        self,
        frame: Frame,
        instances: Instances,
        objects: Sequence[TrackedObject],
        events: Sequence[Event] = (),
        true_ids: NDArray[np.integer] | None = None,
    ) -> None:
        """Takes one frame, in the order of time.

        Args:
            frame: with its colours.
            instances, objects, events: of this frame.
            true_ids: (N,) the true object that each instance shows, 0 for none; None if not known.

        Raises:
            InputError: the masks have another size than the frame.
        """
        instances.check_size(frame.height, frame.width)
        found = self._watcher.add(objects, events, true_ids)
        for item in objects:
            if item.object_id > 0:
                self._look(frame, instances, item)
        for reidentification in found:
            self._take(reidentification)

    def _look(self, frame: Frame, instances: Instances, item: TrackedObject) -> None:
        """Keeps the view of an object if it is the largest of this visit."""
        label = instances.labels[item.index]
        memory = self._memory.setdefault(item.object_id, _Memory(label, frame.stamp_ns))
        self._memory.move_to_end(item.object_id)
        if len(self._memory) > self._objects:
            self._memory.popitem(last=False)
        if frame.stamp_ns - memory.last_ns >= MIN_ABSENCE_NS:
            memory.then, memory.now, memory.picture = memory.now, None, None
        memory.last_ns = frame.stamp_ns
        x0, y0, x1, y1 = instances.boxes[item.index].tolist()
        area = (x1 - x0) * (y1 - y0)
        if memory.now is None or area > _BETTER * memory.now.area:
            colour = id_colour(item.object_id)
            crop = outlined_crop(frame.colour, instances, item.index, colour, self._max_side)
            memory.now = View(crop, frame.stamp_ns, area)
            if memory.picture is not None:
                memory.picture.now = memory.now

    def _take(self, found: Reidentification) -> None:
        """Makes a picture of a re-identification, if the object was away and both views are there."""
        memory = self._memory.get(found.object_id)
        if memory is None or memory.then is None or memory.now is None or memory.picture is not None:
            return
        alike = sum(other.label == memory.label for other in self._memory.values()) - 1
        absence_ns = found.absence_ns or memory.now.stamp_ns - memory.then.stamp_ns
        memory.picture = ReidPicture(
            found.object_id,
            memory.label,
            absence_ns,
            found.probability,
            found.right,
            alike,
            memory.then,
            memory.now,
        )
        self._pictures.append(memory.picture)
        if len(self._pictures) > self._capacity:
            self._pictures.remove(min(self._pictures, key=lambda p: (p.right is False, p.interest)))

    def pictures(self, count: int = 8) -> list[ReidPicture]:
        """The most instructive ones: a quarter of them wrong where there are such, the wrong ones last.

        One object, and one label, is shown again only when there is nothing else to show.
        """
        wrong = [picture for picture in self._pictures if picture.right is False]
        others = [picture for picture in self._pictures if picture.right is not False]
        shown_wrong = _varied(wrong, max(count // 4, count - len(others)))
        return _varied(others, count - len(shown_wrong)) + shown_wrong


def _varied(pictures: Sequence[ReidPicture], count: int) -> list[ReidPicture]:
    """The ``count`` most interesting ones; each repetition of an object or a label lowers the interest."""
    left = sorted(pictures, key=lambda picture: -picture.interest)
    chosen: list[ReidPicture] = []
    shown: Counter[int | str] = Counter()
    while left and len(chosen) < count:
        best = max(left, key=lambda p: p.interest / (1 + 4 * shown[p.object_id] + shown[p.label]))
        left.remove(best)
        chosen.append(best)
        shown.update((best.object_id, best.label))
    return chosen
