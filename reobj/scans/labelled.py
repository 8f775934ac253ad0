"""The frames of a recording whose true instances are known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reobj.scans.base import FrameSource
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.scannet import ScanNetScan
from reobj.types import Frame, LabelImage


def labelled_frames(source: FrameSource, every: int, threads: int) -> Iterator[tuple[int, Frame, LabelImage]]:
    """Number, frame and truth of every so many frames; those without truth are left out.

    Args:
        source: the recording.
        every: frames from one to the next, >= 1.
        threads: that decode ahead.

    Raises:
        ScanError, BagError: the recording is damaged at the present frame.
    """
    items: Iterator[tuple[int, Frame, LabelImage | None]]
    if isinstance(source, ScanNetScan):  # reads in any order: what is left out is not decoded
        source.label_names()  # read once here, and not in each of the threads
        numbers = range(0, len(source), every)
        items = map_ahead(
            lambda number: (number, source.frame(number), source.truth(number)), numbers, threads
        )
    else:
        items = islice(((n, frame, truth) for n, (frame, truth) in enumerate(source)), 0, None, every)
    return ((number, frame, truth) for number, frame, truth in items if truth is not None)
