"""Depth segments: time, and masks against the truth: python benchmarks/depth_segments.py SCAN [SCAN ...]

SCAN is a scan with true masks, as ``reobj scan simulate`` writes. Prints milliseconds per frame on one core,
by the clock and of the processor (on a busy machine they differ), and recall and precision of the masks at an
overlap (intersection over union) of 0.5.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.depth.depth_segments import DepthSegmentsDetector
from reobj.detection.label_image import LabelImageDetector
from reobj.scans.opening import open_source
from reobj.types import Frame, Instances, LabelImage

TABLES = ("dining table", "desk")  #: whose tops are removed on purpose


def overlaps(true: Instances, found: Instances) -> NDArray[np.float64]:
    """(T, F) intersection over union of all masks."""
    shape = (len(true) + 1, len(found) + 1)
    pairs = true.label_image.astype(np.intp) * shape[1] + found.label_image
    common = np.bincount(pairs.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    union = common.sum(1, keepdims=True) + common.sum(0, keepdims=True) - common
    return (common / np.maximum(union, 1))[1:, 1:]


def frames(scans: list[str], every: int) -> Iterator[tuple[Frame, LabelImage]]:
    """Every so many frames of the scans, with their truth."""
    for scan in scans:
        for index, (frame, truth) in enumerate(open_source(scan)):
            if index % every == 0 and truth is not None:
                yield frame, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("scans", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="take every so many frames")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    detector = DepthSegmentsDetector()
    there, hit, times = Counter[str](), Counter[str](), []
    found_count = right = 0
    moments = list(frames(arguments.scans, arguments.every))  # first, as decoding takes the cores
    for frame, truth in moments:
        true = LabelImageDetector({frame.stamp_ns: truth}.__getitem__).detect(frame)
        start = time.perf_counter(), time.thread_time()
        found = detector.detect(frame)
        times.append((time.perf_counter() - start[0], time.thread_time() - start[1]))
        matched: NDArray[np.bool_] = overlaps(true, found) >= 0.5
        there.update(true.labels)
        hit.update(true.labels[row] for row in np.flatnonzero(matched.any(axis=1)))
        found_count, right = found_count + len(found), right + int(np.count_nonzero(matched.any(axis=0)))
    size = f"{frame.width}x{frame.height}"
    print(f"{len(times)} frames of {size}, one core")
    for name, values in zip(("by the clock", "processor time"), 1e3 * np.array(times).T, strict=True):
        print(f"  {name:15} p50 {np.median(values):5.1f} ms, p95 {np.percentile(values, 95):5.1f} ms")
    print(f"recall {hit.total() / there.total():.3f} of {there.total()}, ", end="")
    tables = sum(there[label] for label in TABLES)
    hit_others = hit.total() - sum(hit[label] for label in TABLES)
    print(f"without tables {hit_others / (there.total() - tables):.3f}; ", end="")
    print(f"precision {right / found_count:.3f} of {found_count}")
    for label, count in there.most_common():
        print(f"  {label:15} {hit[label] / count:.2f} of {count}")


if __name__ == "__main__":
    main()
