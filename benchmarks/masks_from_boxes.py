"""Masks recovered from true boxes: python benchmarks/masks_from_boxes.py SCAN [SCAN ...]

SCAN is a scan with true masks, as ``reobj scan simulate`` writes. Prints the mean intersection over union
(IoU) with the true masks and the share above 0.5, of boxes that are filled, of masks by colour and by depth,
and milliseconds of processor time per 10 boxes on one core.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.boxes.mask_from_box import masks_from_boxes
from reobj.detection.label_image import LabelImageDetector
from reobj.scans.opening import open_source
from reobj.types import Frame, Instances

Method = Callable[[Frame, NDArray[np.float32]], NDArray[np.uint16]]


def filled(frame: Frame, boxes: NDArray[np.float32]) -> NDArray[np.uint16]:
    """What there is without recovering: boxes, the smaller ones on top."""
    label_image = np.zeros((frame.height, frame.width), np.uint16)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    for row in np.argsort(-areas, kind="stable"):
        x0, y0, x1, y1 = boxes[row].astype(int)
        label_image[y0:y1, x0:x1] = row + 1
    return label_image


METHODS: dict[str, Method] = {
    "filled": filled,
    "colour": lambda frame, boxes: masks_from_boxes(replace(frame, depth=None), boxes),
    "depth": masks_from_boxes,
}


def overlaps(true: Instances, found: NDArray[np.uint16]) -> NDArray[np.float64]:
    """(N,) IoU of each instance with the mask of its number."""
    shape = (len(true) + 1, len(true) + 1)
    pairs = true.label_image.astype(np.intp) * shape[1] + found
    common = np.bincount(pairs.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    both = common.diagonal()
    return (both / np.maximum(common.sum(0) + common.sum(1) - both, 1))[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("scans", nargs="+")
    parser.add_argument("--every", type=int, default=10, help="take every so many frames")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    seconds: dict[str, list[float]] = {name: [] for name in METHODS}
    for scan in arguments.scans:
        for index, (frame, truth) in enumerate(open_source(scan)):
            if index % arguments.every or truth is None:
                continue
            true = LabelImageDetector({frame.stamp_ns: truth}.__getitem__).detect(frame)
            for name, method in METHODS.items():
                start = time.thread_time()
                masks = method(frame, true.boxes)
                seconds[name].append(10 * (time.thread_time() - start) / max(len(true), 1))
                found[name] += overlaps(true, masks).tolist()
    print(f"{len(seconds['filled'])} frames of {frame.width}x{frame.height}, {len(found['filled'])} boxes")
    for name, values in found.items():
        milliseconds = 1e3 * np.median(seconds[name])
        share = np.mean(np.array(values) > 0.5)
        print(
            f"  {name:7} IoU {np.mean(values):.3f}, above 0.5 {share:.3f}, {milliseconds:5.1f} ms / 10 boxes"
        )


if __name__ == "__main__":
    main()
