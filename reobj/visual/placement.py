"""Finding a place for a name that covers no other name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

Box = tuple[float, float, float, float]
"""x0 y0 x1 y1, half-open."""

AnyBox = TypeVar("AnyBox", bound=Box)


def first_free(places: Iterable[AnyBox], taken: Sequence[Box]) -> AnyBox | None:
    """The first place that overlaps none of those taken; None if there is none."""
    return next((place for place in places if not any(_overlap(place, other) for other in taken)), None)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
