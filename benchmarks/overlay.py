"""Drawing the overlay of one frame: python benchmarks/overlay.py

Prints milliseconds per frame of draw_overlay, and of torchvision's draw_segmentation_masks, which tints
one mask after the other and writes no names, in the same process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torchvision.utils import draw_segmentation_masks

from reobj.types import Decision, DecisionKind, Instances, TrackedObject, TrackState
from reobj.visual.colours import id_colours
from reobj.visual.overlay import draw_overlay


def make_instances(count: int, height: int, width: int) -> Instances:
    """Ellipses on a grid."""
    label_image = np.zeros((height, width), np.uint16)
    columns = int(np.ceil(np.sqrt(count * width / height)))
    cell = width / columns
    boxes = []
    for i in range(count):
        x, y, r = cell * (i % columns + 0.5), cell * (i // columns + 0.5), cell * 0.45
        cv2.ellipse(label_image, (int(x), int(y)), (int(r), int(0.8 * r)), 0, 0, 360, i + 1, -1)
        boxes.append((x - r, y - r, x + r, y + r))
    return Instances(
        np.array(boxes, np.float32), label_image, ("dining table",) * count, np.ones(count, np.float32)
    )


def median_ms(draw: Callable[[], object], repeats: int) -> float:
    """Median time of one call, after one to warm up."""
    draw()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        draw()
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=50)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    count = arguments.instances
    colour = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    instances = make_instances(count, 480, 640)
    decisions = [Decision(DecisionKind.MATCH, i + 1, 0.9) for i in range(count)]
    objects = [TrackedObject(i, i + 1, TrackState.CONFIRMED, d) for i, d in enumerate(decisions)]
    colours = [tuple(c) for c in id_colours(np.arange(1, count + 1)).tolist()]

    def peer() -> object:
        image = torch.from_numpy(colour).permute(2, 0, 1)
        masks = torch.from_numpy(instances.label_image[None] == np.arange(1, count + 1)[:, None, None])
        return draw_segmentation_masks(image, masks, 0.45, colours)

    ours = median_ms(lambda: draw_overlay(colour, instances, objects), arguments.repeats)
    theirs = median_ms(peer, arguments.repeats)
    print(f"640x480, {count} instances, one thread, median of {arguments.repeats}")
    print(f"draw_overlay (masks, contours, names)   {ours:7.2f} ms")
    print(f"torchvision draw_segmentation_masks     {theirs:7.2f} ms   {theirs / ours:.1f} x as long")


if __name__ == "__main__":
    main()
