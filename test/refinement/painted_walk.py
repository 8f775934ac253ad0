"""A painted wall with a few objects on it, past which a camera moves sideways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.masks import instances_from_label_image
from reobj.refinement.frame_masks import FrameMasks, MaskBook
from reobj.scans.writer import ScanNetWriter
from reobj.types import Embeddings, Frame, Instances, Intrinsics, LabelImage, ModelId

WIDTH, HEIGHT, WALL_M, STEP_PX = 160, 120, 2.0, 3
CAMERA = Intrinsics(100, 100, 79.5, 59.5, WIDTH, HEIGHT)
#: id, place and size on the wall in pixels, colour
THINGS = ((1, (70, 40, 30, 24), (200, 40, 40)), (2, (120, 70, 26, 30), (40, 60, 210)))


class PaintedWalk:
    """A ``FrameSource`` whose frame k looks at the wall from pixel 3 k on; the wall stands still."""

    name, has_truth = "walk", True

    def __init__(self, count: int = 7) -> None:
        rng = np.random.default_rng(3)
        noise = rng.integers(60, 190, (16, 40, 3), np.uint8)
        self._wall = np.ascontiguousarray(cv2.resize(noise, (320, HEIGHT), interpolation=cv2.INTER_CUBIC))
        self._ids = np.zeros((HEIGHT, 320), np.uint16)
        grain = rng.integers(-25, 25, (HEIGHT, 320, 1))
        for number, (x, y, w, h), colour in THINGS:
            part = np.s_[y : y + h, x : x + w]
            self._wall[part] = np.clip(np.array(colour) + grain[part], 0, 255)
            self._ids[part] = number
        self._count = count

    def __len__(self) -> int:
        return self._count

    def frame(self, number: int) -> Frame:
        pose = np.eye(4)
        pose[0, 3] = STEP_PX * number * WALL_M / CAMERA.fx
        part = np.s_[:, STEP_PX * number : STEP_PX * number + WIDTH]
        depth = np.full((HEIGHT, WIDTH), WALL_M, np.float32)
        return Frame(self._wall[part].copy(), number * 100_000_000, "camera", depth, CAMERA, pose)

    def ids(self, number: int) -> NDArray[np.uint16]:
        return self._ids[:, STEP_PX * number : STEP_PX * number + WIDTH].copy()

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        for number in range(self._count):
            yield self.frame(number), LabelImage(self.ids(number), {1: "box", 2: "cup"})


def write_scan(walk: PaintedWalk, folder: Path) -> Path:
    """The walk as a ScanNet scan."""
    with ScanNetWriter(folder, CAMERA, CAMERA, {1: "box", 2: "cup"}, jpeg_quality=98) as scan:
        for number in range(len(walk)):
            frame = walk.frame(number)
            depth = np.rint(frame.depth * 1000).astype(np.uint16)
            scan.add(frame.stamp_ns // 1000, frame.colour, depth, frame.pose, walk.ids(number))
    return folder


class MeanColour:
    """An encoder: the mean colour under the mask, less grey, of length 1."""

    model = ModelId("mean_colour", "1", 3)

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        rows = [frame.colour[instances.label_image == i + 1].mean(axis=0) for i in range(len(instances))]
        data = np.array(rows, np.float32).reshape(-1, 3) - 100
        return Embeddings(data / np.linalg.norm(data, axis=1, keepdims=True), self.model)


def masks_of(walk: PaintedWalk, number: int, object_ids: dict[int, int], track: int = 0) -> FrameMasks:
    """True masks of a frame as instances: true id to object id, 0 for an instance without an object."""
    frame, ids = walk.frame(number), np.array(sorted(object_ids), np.int64)
    found = instances_from_label_image(walk.ids(number), ids, ["thing"] * len(ids))
    given = np.array([object_ids[i] for i in ids.tolist()], np.int64)
    return FrameMasks.of(frame, found, MeanColour().encode(frame, found), given, np.full(len(ids), track))


def book_of(walk: PaintedWalk, shown: dict[int, dict[int, int]], track: int = 0) -> MaskBook:
    """A book with true masks in some frames, and none in the others."""
    book = MaskBook()
    for number in range(len(walk)):
        frame = walk.frame(number)
        book.append(frame.stamp_ns, masks_of(walk, number, shown.get(number, {}), track), frame.pose)
    return book


def overlap(book: MaskBook, walk: PaintedWalk, number: int, object_id: int, true_id: int) -> float:
    """Intersection over union of an object's mask and a true one; 0 where it is not shown."""
    masks = book[number]
    mask = masks.label_image == masks.row_of(object_id) + 1 if masks.row_of(object_id) >= 0 else None
    true = walk.ids(number) == true_id
    return 0.0 if mask is None else float((mask & true).sum() / (mask | true).sum())
