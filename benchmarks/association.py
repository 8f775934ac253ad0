"""Milliseconds of tracking and of a whole update of the object map, on one core.

    python benchmarks/association.py [tracking] [frame] [--long] [--peers FOLDER]

Tracking: 50 detections a frame, 128-d features, 1920x1080, either 50 objects that are always in
view, or 70 of which about 20 are hidden at any time for about 50 frames each. Rivals under other
licences take part where they are installed, if wanted apart from our own packages
(`pip install --target FOLDER norfair trackers`, see tracking_rivals.py). Frame: a whole update of the
associator with 20 instances at 640x480 with depth and pose. IDF1 and switches are those of these
simulated boxes. Maps of many objects are measured by map_size.py.

Times are of the processor. A frame is the same work in every run, so each counts as the fastest run took for
it: other programs on the machine only add to it. "First" and "last" are means over as many as 1,000 frames at
both ends.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from tracking_rivals import Rival, rivals

from reobj.association.associator import MapAssociator
from reobj.association.geometry import measure
from reobj.types import Embeddings, Frame, Instances, Intrinsics, ModelId

WIDTH, HEIGHT, DIM = 1920, 1080, 128
MODEL = ModelId("benchmark", "00", DIM)
Scene = Iterator[tuple[NDArray[np.int64], Instances, Embeddings]]


def unit(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of length 1."""
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def scene(frames: int, objects: int, hidden: int, seed: int = 0) -> Scene:
    """True ids, boxes and embeddings of objects that cross the image and bounce off its sides."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform((100, 100), (WIDTH - 100, HEIGHT - 100), (objects, 2))
    speed = rng.normal(0, 3, (objects, 2))
    half = rng.uniform(20, 60, (objects, 2))
    looks = unit(rng.normal(size=(objects, DIM)))
    until = np.zeros(objects, dtype=int)
    for k in range(frames):
        centre += speed
        speed = np.where((centre < 0) & (speed < 0) | (centre > (WIDTH, HEIGHT)) & (speed > 0), -speed, speed)
        missing = hidden - int((until > k).sum())
        if missing > 0:
            until[rng.choice(np.flatnonzero(until <= k), missing, replace=False)] = k + rng.integers(
                25, 75, missing
            )
        ids = rng.permutation(np.flatnonzero(until <= k))
        boxes = np.concatenate([centre[ids] - half[ids], centre[ids] + half[ids]], axis=1)
        boxes += rng.normal(0, 1, boxes.shape)
        n = len(ids)
        masks = _masks(boxes, np.argsort(ids))
        found = Instances(boxes.astype(np.float32), masks, ("thing",) * n, np.ones(n, np.float32))
        noisy = unit(looks[ids] + rng.normal(0, 0.3 / np.sqrt(DIM), (n, DIM)))
        yield ids, found, Embeddings(noisy, MODEL)


def _masks(boxes: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.uint16]:
    """The boxes filled, the later ones in front."""
    masks = np.zeros((HEIGHT, WIDTH), np.uint16)
    x0, y0, x1, y1 = np.clip(np.rint(boxes), 0, (WIDTH, HEIGHT, WIDTH, HEIGHT)).astype(int).T
    for i in order:
        masks[y0[i] : y1[i], x0[i] : x1[i]] = i + 1
    return masks


def follow(rival: Rival, frames: Scene) -> tuple[NDArray[np.float64], float, int]:
    """Milliseconds of each frame, IDF1 and id switches."""
    times, truths, answers = [], [], []
    for k, (ids, found, embeddings) in enumerate(frames):
        step = rival(k, found, embeddings)
        start = time.process_time()
        answer = step()
        times.append(1e3 * (time.process_time() - start))
        truths.append(ids)
        answers.append(answer)
    return np.array(times), *scores(np.concatenate(truths), np.concatenate(answers))


def scores(truth: NDArray[np.int64], answer: NDArray[np.int64]) -> tuple[float, int]:
    """IDF1 (Ristani et al. 2016) and switches, where detections and true objects are the same boxes."""
    ids, columns = np.unique(answer[answer > 0], return_inverse=True)
    table = np.zeros((truth.max() + 1, len(ids)))
    np.add.at(table, (truth[answer > 0], columns), 1)
    together = table[linear_sum_assignment(-table)].sum()
    switches = 0
    for true_id in np.unique(truth):
        named = answer[(truth == true_id) & (answer > 0)]
        switches += int((named[1:] != named[:-1]).sum())
    return 2 * together / (len(truth) + int((answer > 0).sum())), switches


def tracking(frames: int, repeats: int) -> None:
    """Prints the table of tracking."""
    print(f"\ntracking, {frames} frames          ms/frame   p95     first        last   IDF1  switches")
    for name, objects, hidden in (("steady", 50, 0), ("occlusion", 70, 20)):
        for rival, make in rivals().items():
            runs = [follow(make(), scene(frames, objects, hidden)) for _ in range(repeats)]
            ms, (_, idf1, switches) = np.min([run[0] for run in runs], axis=0), runs[0]
            n = min(1000, frames // 2)
            print(
                f"{name:10}{rival:29}{ms.mean():6.2f}{np.percentile(ms, 95):8.2f}{ms[:n].mean():10.2f}"
                f"{ms[-n:].mean():12.2f}{idf1:10.3f}{switches:8d}",
                flush=True,
            )


def whole_frame(frames: int = 200, instances: int = 20) -> None:
    """Prints the time of a whole update with depth and pose."""
    rng = np.random.default_rng(0)
    k = Intrinsics(525, 525, 320, 240, 640, 480)
    masks = np.zeros((480, 640), np.uint16)
    boxes = []
    for i in range(instances):
        y, x = 120 * (i // 5), 128 * (i % 5)
        masks[y + 10 : y + 100, x + 10 : x + 110] = i + 1
        boxes.append((x + 10, y + 10, x + 110, y + 100))
    found = Instances(
        np.array(boxes, np.float32), masks, ("chair",) * instances, np.ones(instances, np.float32)
    )
    looks = unit(rng.normal(size=(instances, 512)))
    model = ModelId("benchmark", "00", 512)
    associator = MapAssociator()
    total, geometry = [], []
    for n in range(frames):
        depth = (2 + 0.01 * rng.standard_normal((480, 640))).astype(np.float32)
        blank = Frame.without_colour(480, 640, n * 33_000_000, "camera").colour
        frame = Frame(blank, n * 33_000_000, "camera", depth, k, np.eye(4))
        embeddings = Embeddings(unit(looks + rng.normal(0, 0.2 / np.sqrt(512), looks.shape)), model)
        start = time.process_time()
        measure(frame, found, frame.pose)
        middle = time.process_time()
        associator.update(frame, found, embeddings)
        geometry.append(1e3 * (middle - start))
        total.append(1e3 * (time.process_time() - middle))
    middle_ms, high_ms = np.percentile(total, (50, 95))
    print(f"\nwhole update, {instances} instances, 640x480, 512-d, depth + pose:")
    print(f"{middle_ms:.2f} ms, p95 {high_ms:.2f}, of which geometry {np.median(geometry):.2f} ms")


def main() -> None:
    """Runs the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", choices=[[], "tracking", "frame"], default=[])
    parser.add_argument("--long", action="store_true", help="10,000 frames of tracking, not 500")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each tracker")
    parser.add_argument("--peers", help="folder of further packages, looked into after all others")
    arguments = parser.parse_args()
    if arguments.peers:
        sys.path.append(arguments.peers)
    parts = arguments.parts or ["tracking", "frame"]
    if "tracking" in parts:
        tracking(10_000 if arguments.long else 500, arguments.repeats)
    if "frame" in parts:
        whole_frame()


if __name__ == "__main__":
    main()
