"""Several frames at once for detectors that can, one by one for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from reobj.detection.base import BatchDetector, Detector
from reobj.types import Frame, Instances


def detect_all(detector: Detector, frames: Iterable[Frame], size: int) -> Iterator[Instances]:
    """What the detector finds in each frame, in their order.

    Args:
        detector: any.
        frames: taken ``size`` at a time by a ``BatchDetector``, one at a time for another one.
        size: >= 1. More is faster on a GPU until it is full, and takes more of its memory.
    """
    if not isinstance(detector, BatchDetector):
        yield from map(detector.detect, frames)
        return
    rest = iter(frames)
    while batch := list(islice(rest, size)):
        yield from detector.detect_batch(batch)


def same_sizes(frames: Sequence[Frame]) -> list[list[int]]:
    """Places of the frames of each size: what can be computed together without padding."""
    groups: dict[tuple[int, int], list[int]] = {}
    for place, frame in enumerate(frames):
        groups.setdefault((frame.height, frame.width), []).append(place)
    return list(groups.values())
