"""How many detections, views and objects there are of each class: Table 1 of the papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Of one class, in one scene or in many.

    Attributes:
        detections: what the detector found under that label; with true masks, what could be seen.
        views: those that were valid and large enough, and are stored.
        instances: different objects among the views.
    """

    detections: int = 0
    views: int = 0
    instances: int = 0

    def __add__(self, other: ClassCount) -> ClassCount:
        return ClassCount(
            self.detections + other.detections, self.views + other.views, self.instances + other.instances
        )


Counts = Mapping[str, ClassCount]


def summed(parts: Iterable[Counts]) -> dict[str, ClassCount]:
    """The counts of several scenes together, by label; scenes share no objects."""
    total: dict[str, ClassCount] = {}
    for part in parts:
        for label, count in part.items():
            total[label] = total.get(label, ClassCount()) + count
    return dict(sorted(total.items()))
