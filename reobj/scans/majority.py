"""Labels of instances from the label images, for a scan without its aggregation file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reobj.scans.frame_zip import FrameZip

MOST_FRAMES = 300  # of a scan's thousands: seconds of decoding, and what is seen for a second is not missed


def majority_labels(
    instances: FrameZip, labels: FrameZip, names: Mapping[int, str], frames: int
) -> dict[int, str]:
    """Label of each instance: the name of the commonest non-zero label id over its pixels.

    Args:
        instances, labels: the scan's images.
        names: name of each label id.
        frames: number of frames; at most 300 of them, evenly spread, are looked at.

    Returns:
        A label for each instance that was seen with a label that has a name.

    Raises:
        ScanError: an image is damaged.
    """
    votes = _votes(instances, labels, frames)
    best: dict[int, str] = {}
    most: dict[int, int] = {}
    for (instance, label), count in sorted(votes.items()):
        if label in names and count > most.get(instance, 0):
            best[instance], most[instance] = names[label], count
    return best


def _votes(instances: FrameZip, labels: FrameZip, frames: int) -> dict[tuple[int, int], int]:
    """Number of pixels of each (instance, label id), both not 0."""
    votes: dict[tuple[int, int], int] = {}
    for frame in range(0, frames, max(1, -(-frames // MOST_FRAMES))):
        ids, kinds = instances.read(frame), labels.read(frame)
        if ids is None or kinds is None:
            continue
        seen = (ids > 0) & (kinds > 0)
        pairs, counts = np.unique(ids[seen].astype(np.uint32) << 16 | kinds[seen], return_counts=True)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            key = (pair >> 16, pair & 0xFFFF)
            votes[key] = votes.get(key, 0) + count
    return votes
