"""Carrying 20 masks from frame to frame: python benchmarks/propagation.py

A painted wall of 640x480 with 20 objects in front of it, seen by a camera that moves sideways and rolls:
places, depth and true masks are known exactly. Prints milliseconds per frame by stage and as a whole, and
J and F so many frames after the key frame, beside copying the mask; then OpenCV's trackers of single boxes,
one for each object: CSRT needs opencv-contrib-python.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reobj.detection.carrying.ego_motion import EgoMotion
from reobj.detection.carrying.flow_chain import FlowChain
from reobj.detection.carrying.mask_borders import refine_borders
from reobj.detection.carrying.mask_carrier import CarrierParts, MaskCarrier
from reobj.detection.carrying.optical_flow import DISFlow, OpticalFlow
from reobj.detection.carrying.optical_flow_raft import RaftFlow
from reobj.detection.carrying.refiner import MaskRefiner
from reobj.detection.carrying.refiner_crops import CarriedView
from reobj.detection.masks import boxes_of, instances_from_label_image
from reobj.evaluation.segmentation import frame_scores
from reobj.types import Frame, Instances, Intrinsics

CAMERA = Intrinsics(577.0, 577.0, 319.5, 239.5, 640, 480)
WALL_M, OBJECTS_M = 3.0, 2.0  #: distances
STEP_M, ROLL = 0.017, np.deg2rad(0.4)  #: per frame: 0.5 m/s and 12 degrees/s at 30 Hz
GAPS = (1, 5, 10)


class Scene:
    """Two painted planes, one behind the other; the near one has holes around its objects."""

    def __init__(self, count: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        noise = rng.integers(0, 64, (2, 90, 160, 3), np.uint8)
        self._paint = [cv2.resize(p, (1600, 900), interpolation=cv2.INTER_CUBIC) for p in noise]
        self._ids = np.zeros((900, 1600), np.uint16)
        for i, (x, y) in enumerate((100 * (i % 5) + 620, 90 * (i // 5) + 315) for i in range(count)):
            axes = rng.integers(22, 42, 2).tolist()
            cv2.ellipse(self._ids, (x, y), axes, float(rng.integers(180)), 0, 360, i + 1, -1)
        self._paint[0] += np.uint8(120)
        self._paint[1] += rng.integers(0, 190, (count + 1, 3), np.uint8)[self._ids]

    def view(self, number: int) -> tuple[Frame, NDArray[np.uint16]]:
        """Frame and true masks."""
        pose = np.eye(4)
        pose[:3, :3] = cv2.Rodrigues(np.array([0.0, 0.0, ROLL * number]))[0]
        pose[0, 3] = STEP_M * number
        (wall, wall_z), (near, near_z) = (self._places(pose, z) for z in (WALL_M, OBJECTS_M))
        ids = cv2.remap(self._ids, near, np.empty(0), cv2.INTER_NEAREST).astype(np.uint16)
        paint = [
            cv2.remap(p, at, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            for p, at in zip(self._paint, (wall, near), strict=True)
        ]
        colour = np.where(ids[..., None] > 0, paint[1], paint[0]).astype(np.uint8)
        depth = np.where(ids > 0, near_z, wall_z).astype(np.float32)
        return Frame(colour, round(1e9 * number / 30), depth=depth, intrinsics=CAMERA, pose=pose), ids

    def _places(
        self, pose: NDArray[np.float64], z_m: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Where each pixel looks on the paint of the plane z = ``z_m``, and its depth."""
        v, u = np.mgrid[:480, :640].astype(float)
        rays = np.stack([*CAMERA.rays(u, v), np.ones_like(u)], axis=-1) @ pose[:3, :3].T
        depth = (z_m - pose[2, 3]) / rays[..., 2]
        points = pose[:3, 3] + rays * depth[..., None]
        places = points[..., :2] * (500 / OBJECTS_M) + (800, 450)
        return places.astype(np.float32), depth


def key_instances(ids: NDArray[np.uint16]) -> Instances:
    numbers = np.unique(ids[ids > 0])
    return instances_from_label_image(ids, numbers, ["thing"] * len(numbers))


def best_ms(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The fastest of some calls after one to warm up, and the least time of all processors together."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter(), time.process_time()
        call()
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, processors = (1e3 * min(column) for column in zip(*times[1:], strict=True))
    return wall, processors


def methods(refiner: MaskRefiner) -> dict[str, CarrierParts]:
    """Ways to carry masks."""
    return {
        "colour alone": CarrierParts(ego_motion=False),
        "+ refiner": CarrierParts(ego_motion=False, refiner=refiner),
        "colour, depth and pose": CarrierParts(),
        "colour, depth, pose + refiner": CarrierParts(refiner=refiner),
    }


def stages(
    scene: Scene, flow: OpticalFlow, refiner: MaskRefiner, repeats: int
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Each stage alone, then all of them."""
    (key, ids), (frame, _) = scene.view(0), scene.view(1)
    there, back = flow.between(key.colour, frame.colour)
    yield "flow there and back", best_ms(lambda: flow.between(key.colour, frame.colour), repeats)
    chain, ego = FlowChain(480, 640), EgoMotion.of(key)
    assert ego is not None
    yield "chain and consistency", best_ms(lambda: chain.add(there, back), repeats)
    chain = FlowChain(480, 640)
    chain.add(there, back)
    moved = chain.labels(ids)
    yield "labels", best_ms(lambda: chain.labels(ids), repeats)
    yield "borders", best_ms(lambda: refine_borders(moved, chain.trusted, frame.colour, 1), repeats)
    yield "ego-motion", best_ms(lambda: ego.source(frame, key), repeats)
    doubtful = chain.trusted.copy()
    doubtful[:, ::8] = 0  # so that every mask wants a crop
    view = CarriedView(frame.colour, moved, moved, doubtful, back, frame.depth)
    yield "refiner, all crops that it takes", best_ms(lambda: refiner(view, int(ids.max())), repeats)
    for name, parts in methods(refiner).items():
        carrier = MaskCarrier(flow, key, key_instances(ids), parts)
        views = iter([scene.view(1 + n % 2)[0] for n in range(repeats + 1)])
        yield f"all: {name}", best_ms(lambda c=carrier, v=views: c.advance(next(v)), repeats)  # type: ignore[misc]


def quality(scene: Scene, flow: OpticalFlow, refiner: MaskRefiner) -> dict[str, list[str]]:
    """Mean J / F at each gap, and the boxes' overlap, by method."""
    key, ids = scene.view(0)
    instances = key_instances(ids)
    count = int(ids.max())
    carriers = {name: MaskCarrier(flow, key, instances, parts) for name, parts in methods(refiner).items()}
    rows: dict[str, list[str]] = {name: [] for name in ("copied", *carriers)}
    for number in range(1, max(GAPS) + 1):
        frame, truth = scene.view(number)
        found = {"copied": ids, **{n: c.advance(frame).label_image for n, c in carriers.items()}}
        if number in GAPS:
            true_boxes = boxes_of(truth, count)
            for name, masks in found.items():
                j, f = frame_scores(masks, truth, count).mean(axis=0)
                rows[name].append(
                    f"{j:.3f} / {f:.3f} / {box_overlap(boxes_of(masks, count), true_boxes):.3f}"
                )
    return rows


def trackers(scene: Scene) -> Iterator[tuple[str, float, list[str]]]:
    """OpenCV's trackers of a box each: name, ms per frame for all, the boxes' overlap at each gap."""
    key, ids = scene.view(0)
    count = int(ids.max())
    boxes = boxes_of(ids, count).astype(int)
    for name in ("TrackerMIL", "TrackerKCF", "TrackerCSRT"):
        if not hasattr(cv2, name):
            continue
        followed = [getattr(cv2, name).create() for _ in boxes]
        for tracker, (x0, y0, x1, y1) in zip(followed, boxes.tolist(), strict=True):
            tracker.init(key.colour, (x0, y0, x1 - x0, y1 - y0))
        cells, times = [], []
        for number in range(1, max(GAPS) + 1):
            frame, truth = scene.view(number)
            start = time.perf_counter()
            answers = [tracker.update(frame.colour) for tracker in followed]
            times.append(1e3 * (time.perf_counter() - start))
            if number in GAPS:
                found = np.array([box if good else (0, 0, 0, 0) for good, box in answers], float)
                found[:, 2:] += found[:, :2]
                cells.append(f"{box_overlap(found, boxes_of(truth, count)):.3f}")
        yield name, min(times), cells


def box_overlap(found: NDArray[np.floating], true: NDArray[np.floating]) -> float:
    """Mean intersection over union of boxes (N, 4) of objects that are in view."""
    in_view = true[:, 2] > true[:, 0]
    a, b = found[in_view], true[in_view]
    size = (np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])).clip(0)
    both = size.prod(axis=1)
    return float((both / (np.prod(a[:, 2:] - a[:, :2], 1) + np.prod(b[:, 2:] - b[:, :2], 1) - both)).mean())


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--raft", help="RAFT in place of DIS: torchvision, random or a file of weights")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    scene = Scene(options.instances)
    torch.set_num_threads(options.threads)
    flow: OpticalFlow = RaftFlow(options.raft) if options.raft else DISFlow()
    refiner = MaskRefiner.load()
    print(f"640x480, {options.instances} instances, {options.threads} threads, least of {options.repeats}")
    print("  ms                                      wall   processors")
    for name, (wall, processors) in stages(scene, flow, refiner, options.repeats):
        print(f"  {name:36} {wall:7.1f}      {processors:7.1f}")
    print(f"J / F / overlap of boxes after {', '.join(map(str, GAPS))} frames")
    for name, cells in quality(scene, flow, refiner).items():
        print(f"  {name:36} {'   '.join(cells)}")
    for name, milliseconds, cells in trackers(scene):
        print(f"  {name:24} {milliseconds:8.1f} ms {'   '.join(cells)}")


if __name__ == "__main__":
    main()
