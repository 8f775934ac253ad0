"""Ids over a real RGB-D sequence with poses: python benchmarks/depth_sequence.py FOLDER [--pictures OUT]

FOLDER is a sequence of the 7-Scenes data set (frame-000000.color.*, .depth.png, .pose.txt), whose depth is
not registered to its colour. Runs depth segments, the default encoder and the association over it, and prints
how well one place keeps one id. Nobody has labelled it, so the world is the judge: every pixel of an instance
with an id votes, with that id, for the cube of 5 cm that it lies in.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.config import build_pipeline, parse_config
from reobj.depth_registration import DepthRegistration
from reobj.offline import Mode
from reobj.types import Frame, FrameResult, Intrinsics
from reobj.visual.overlay import draw_overlay

DEPTH_CAMERA = Intrinsics(585.0, 585.0, 320.0, 240.0, 640, 480)
COLOUR_CAMERA = Intrinsics(525.0, 525.0, 320.0, 240.0, 640, 480)
BASELINE_M = 0.025  #: from the Kinect's depth camera to its colour camera
CUBE_M = 0.05
LEAST_FRAMES = 10  #: in which a cube has votes, to count
UNKNOWN_MM = 65535
PICTURED = (0.2, 0.4, 0.65, 0.95)  #: parts of the sequence at which a picture is taken


def frames(folder: Path, every: int) -> Iterator[Frame]:
    """Every so many frames, with depth registered to colour and the pose of the colour camera."""
    to_colour = np.eye(4)
    to_colour[0, 3] = -BASELINE_M
    register = DepthRegistration(DEPTH_CAMERA, COLOUR_CAMERA, to_colour)
    for path in sorted(folder.glob("frame-*.pose.txt"))[::every]:
        name = path.name.removesuffix(".pose.txt")
        colour = cv2.imread(str(next(folder.glob(f"{name}.color.*"))), cv2.IMREAD_COLOR)
        raw = cv2.imread(str(folder / f"{name}.depth.png"), cv2.IMREAD_UNCHANGED)
        if colour is None or raw is None:
            raise SystemExit(f"{folder / name}: cannot be read as images")
        millimetres = np.where(raw == UNKNOWN_MM, 0, raw).astype(np.float32)
        depth = register(millimetres * np.float32(1e-3))
        pose = np.loadtxt(path) @ np.linalg.inv(to_colour)
        stamp_ns = round(int(name[-6:]) * 1e9 / 30)
        rgb = np.ascontiguousarray(colour[..., ::-1], np.uint8)
        yield Frame(rgb, stamp_ns, depth=depth, intrinsics=COLOUR_CAMERA, pose=pose)


class Votes:
    """Which ids each cube of the world was seen with."""

    def __init__(self) -> None:
        self._ids: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        self.instances = self.named = 0

    def add(self, frame: Frame, result: FrameResult) -> None:
        """One vote of each instance for each cube that it shows."""
        self.instances += len(result.instances)
        for item in result.objects:
            if item.object_id:
                self.named += 1
                for cube in np.unique(_cubes(frame, result.instances.label_image == item.index + 1), axis=0):
                    self._ids[tuple(cube)][item.object_id] += 1

    def figures(self) -> Mapping[str, float]:
        """What is printed, by its name."""
        often = [ids for ids in self._ids.values() if ids.total() >= LEAST_FRAMES]
        votes = sum(ids.total() for ids in often)
        first = sum(max(ids.values()) for ids in often)
        seconds = [sum(count >= 0.1 * ids.total() for count in ids.values()) for ids in often]
        return {
            "instances with an id, %": 100 * self.named / max(self.instances, 1),
            "cubes": len(often),
            "votes for a cube's most frequent id, %": 100 * first / max(votes, 1),
            "ids with a tenth of a cube's votes, mean": float(np.mean(seconds)) if seconds else np.nan,
        }


def _cubes(frame: Frame, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(N, 3), the cubes that the pixels of a mask lie in."""
    assert frame.depth is not None and frame.pose is not None
    v, u = np.nonzero(mask & (frame.depth > 0))
    z = frame.depth[v, u]
    x, y = COLOUR_CAMERA.rays(u, v)
    points = np.stack([x * z, y * z, z])
    return np.floor((frame.pose[:3, :3] @ points + frame.pose[:3, 3:]).T / CUBE_M).astype(np.intp)


def run(folder: Path, every: int, mode: Mode, pictures: Path | None) -> Mapping[str, float]:
    """The pipeline over the sequence. The poses are for the judge; the pipeline has what the mode allows."""
    pipeline = build_pipeline(parse_config({"detector": {"name": "depth_segments"}}), "cpu")
    votes, ids, milliseconds, taken = Votes(), set(), [], []
    total = len(list(folder.glob("frame-*.pose.txt"))[::every])
    for index, frame in enumerate(frames(folder, every)):
        result = pipeline.step(mode.limit(frame))
        votes.add(frame, result)
        ids |= {item.object_id for item in result.objects if item.object_id}
        milliseconds.append(result.latency_ms["detect"])
        if index in {int(part * total) for part in PICTURED}:
            taken.append(draw_overlay(frame.colour, result.instances, result.objects))
    if pictures is not None:
        sheet = np.vstack([np.hstack(taken[:2]), np.hstack(taken[2:])])
        small = cv2.resize(sheet, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(pictures), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return {
        "frames": total,
        "instances a frame": votes.instances / total,
        "ids": len(ids),
        **votes.figures(),
        "detection, ms (median)": float(np.median(milliseconds)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=2, help="take every so many frames")
    parser.add_argument("--pictures", type=Path, help="JPEG file of four frames with their ids")
    arguments = parser.parse_args()
    for mode, pictures in ((Mode.colour_depth_pose, arguments.pictures), (Mode.colour_depth, None)):
        print(mode.value)
        for name, value in run(arguments.folder, arguments.every, mode, pictures).items():
            print(f"  {name:45} {value:8.1f}", flush=True)


if __name__ == "__main__":
    main()
