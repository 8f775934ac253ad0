"""A small room with hand-made truth, as frames, views and scans."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from reobj.scans.writer import ScanNetWriter
from reobj.types import Frame, Intrinsics, LabelImage
from reobj.views.index import write_index
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings

WIDTH, HEIGHT = 80, 60
CAMERA = Intrinsics(60.0, 60.0, 39.5, 29.5, WIDTH, HEIGHT)
Boxes = Mapping[int, tuple[str, tuple[int, int, int, int]]]

#: Two chairs, one at the border, a cup of 5 x 5 pixels, and a wall.
ROOM: Boxes = {
    9: ("wall", (0, 0, 80, 8)),
    1: ("chair", (20, 20, 36, 44)),
    2: ("chair", (60, 30, 80, 60)),
    5: ("cup", (45, 12, 50, 17)),
}


def make_frame(seed: int = 0, height: int = HEIGHT, width: int = WIDTH, posed: bool = True) -> Frame:
    """A frame without detail finer than some pixels, so that JPEG keeps it."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 12 + 2, width // 12 + 2, 3), np.uint8)
    colour = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    pose = np.eye(4)
    pose[0, 3] = seed
    camera = CAMERA.resized(width, height)
    return Frame(colour, 1_000_000 * seed, intrinsics=camera, pose=pose if posed else None)


def make_truth(objects: Boxes = ROOM, height: int = HEIGHT, width: int = WIDTH) -> LabelImage:
    """Objects whose masks fill their boxes; the later one hides the earlier."""
    ids = np.zeros((height, width), np.uint16)
    for number, (_, (x0, y0, x1, y1)) in objects.items():
        ids[y0:y1, x0:x1] = number
    return LabelImage(ids, {number: label for number, (label, _) in objects.items()})


def write_views(out: Path, settings: ViewSettings, scenes: Mapping[str, int]) -> Path:
    """A folder of views with so many frames of ``ROOM`` per scene."""
    outcomes = []
    for scene, frames in scenes.items():
        gathered = SceneViews(out, scene, settings)
        for number in range(frames):
            gathered.add(number, make_frame(number), None, make_truth())
        outcomes.append(gathered.close())
    write_index(out, settings, outcomes)
    return out


def write_scan(folder: Path, frames: int = 3) -> Path:
    """A ScanNet scan of ``ROOM``."""
    truth = make_truth()
    depth = np.full((HEIGHT, WIDTH), 1000, np.uint16)
    with ScanNetWriter(folder, CAMERA, CAMERA, truth.labels) as scan:
        for number in range(frames):
            frame = make_frame(number)
            scan.add(40_000 * number, frame.colour, depth, frame.pose, truth.ids.astype(np.uint8))
    return folder
