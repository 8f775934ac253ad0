"""Speed of writing and reading bags, against a plain loop over rosbags and OpenCV in the same process.

python benchmarks/bag_io.py [--frames 200] [--rounds 2] [--folder DIR]

Both sides run in turn, each round; the best round of each counts. Opening a bag is part of reading it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from reobj.scans.bag_reader import BagScan
from reobj.scans.bag_storage import Storage
from reobj.scans.bag_writer import scan_to_bag
from reobj.types import Frame, Intrinsics, LabelImage

WIDTH, HEIGHT = 640, 480
DISTINCT = 20  # different images; more would only fill memory
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


class SyntheticScan:
    """Images with the statistics of a camera's: smooth areas, edges, noise; depth with holes."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        rng = np.random.default_rng(0)
        self._rgb = [_picture(rng) for _ in range(DISTINCT)]
        self._jpeg = [cv2.imencode(".jpg", rgb[:, :, ::-1])[1].tobytes() for rgb in self._rgb]
        self._depth = [_depth(rng) for _ in range(DISTINCT)]
        self._ids = [_ids(rng) for _ in range(DISTINCT)]
        self._camera = Intrinsics(577.0, 577.0, 319.5, 239.5, WIDTH, HEIGHT)

    def __len__(self) -> int:
        return self._frames

    def frame(self, index: int) -> Frame:
        i = index % DISTINCT
        return Frame(self._rgb[i], index * 33_333_333, "camera", self._depth[i], self._camera, np.eye(4))

    def truth(self, index: int) -> LabelImage:
        return LabelImage(self._ids[index % DISTINCT], self.label_names())

    def label_image_raw(self, index: int) -> None:
        return None

    def colour_jpeg(self, index: int) -> bytes | None:
        return None

    def label_names(self) -> dict[int, str]:
        return dict.fromkeys(range(1, 13), "chair")


class JpegScan(SyntheticScan):
    """The same with its JPEGs at hand, as ScanNet has them."""

    def colour_jpeg(self, index: int) -> bytes:
        return self._jpeg[index % DISTINCT]


def _picture(rng: np.random.Generator) -> NDArray[np.uint8]:
    coarse = cv2.resize(rng.uniform(0, 255, (12, 16, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for corner in rng.integers(0, 400, (30, 2)):
        x, y = (int(v) for v in corner)
        cv2.rectangle(coarse, (x, y), (x + 90, y + 60), rng.uniform(0, 255, 3).tolist(), -1)
    return np.clip(coarse + rng.normal(0, 3, coarse.shape), 0, 255).astype(np.uint8)


def _depth(rng: np.random.Generator) -> NDArray[np.float32]:
    metres = cv2.resize(rng.uniform(0.8, 4.0, (6, 8)), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    metres = metres + rng.normal(0, 0.002, metres.shape) * metres**2
    metres[rng.uniform(size=metres.shape) < 0.02] = 0
    return metres.astype(np.float32)


def _ids(rng: np.random.Generator) -> NDArray[np.uint16]:
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    for number, (x, y) in enumerate(rng.integers(0, 400, (12, 2)), start=1):
        ids[y : y + 80, x : x + 80] = number
    return ids


def plain_write(scan: SyntheticScan, bag: Path, storage: Storage, raw: bool) -> None:
    """The loop that one writes first: encode with OpenCV's defaults, serialise, write."""
    types = get_typestore(Stores.ROS2_JAZZY)
    with Writer(bag, version=9, storage_plugin=StoragePlugin[storage.upper()]) as writer:
        connections = {
            name: writer.add_connection(name, IMAGE if raw else COMPRESSED, typestore=types)
            for name in ("/image", "/depth", "/instances")
        }
        for index in range(len(scan)):
            frame, truth = scan.frame(index), scan.truth(index)
            depth = np.nan_to_num(frame.depth * 1000).astype(np.uint16)  # type: ignore[operator]
            images: dict[str, NDArray[Any]] = {
                "/image": frame.colour,
                "/depth": depth,
                "/instances": truth.ids,
            }
            for name, image in images.items():
                message = _plain_message(types, image, raw, frame.stamp_ns)
                kind = IMAGE if raw else COMPRESSED
                writer.write(connections[name], frame.stamp_ns, types.serialize_cdr(message, kind))


def _plain_message(types: Typestore, image: NDArray[Any], raw: bool, stamp_ns: int) -> object:
    time_ = types.types["builtin_interfaces/msg/Time"](stamp_ns // 10**9, stamp_ns % 10**9)
    header = types.types["std_msgs/msg/Header"](time_, "camera")
    if raw:
        encoding = "rgb8" if image.ndim == 3 else "16UC1"
        data, step = image.reshape(-1).view(np.uint8), image.nbytes // HEIGHT
        return types.types[IMAGE](header, HEIGHT, WIDTH, encoding, 0, step, data)
    if image.ndim == 3:
        data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        return types.types[COMPRESSED](header, "jpeg", data.reshape(-1))
    return types.types[COMPRESSED](header, "png", cv2.imencode(".png", image)[1].reshape(-1))


def plain_read(bag: Path) -> int:
    """The loop that one writes first, over a bag of ours: each message decoded when it comes."""
    types = get_typestore(Stores.ROS2_JAZZY)
    frames = 0
    with Reader(bag) as reader:
        for connection, _, data in reader.messages():
            message: Any = types.deserialize_cdr(data, connection.msgtype)
            if connection.msgtype == IMAGE:
                kind = np.uint8 if message.encoding == "rgb8" else np.uint16
                image = message.data.view(kind).reshape(message.height, message.width, -1)
            elif connection.msgtype == COMPRESSED:
                start = 12 if "compressedDepth" in message.format else 0
                image = cv2.imdecode(message.data[start:], cv2.IMREAD_UNCHANGED)
            else:
                continue
            if connection.topic.startswith("/image"):
                frames += 1
                if connection.msgtype == COMPRESSED:
                    cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            if connection.topic.startswith("/depth"):
                (image / 1000).astype(np.float32)
    return frames


def rate(work: Callable[[], object], frames: int) -> float:
    """Frames per second."""
    start = time.perf_counter()
    work()
    return frames / (time.perf_counter() - start)


def one_round(
    folder: Path, scans: tuple[SyntheticScan, JpegScan], storage: Storage, raw: bool
) -> list[float]:
    """Rates of writing (plain, ours, ours with the scan's JPEGs) and reading (plain, ours); megabytes."""
    scan, with_jpegs = scans
    frames = len(scan)
    ours, plain = folder / "ours", folder / "plain"
    rates = [
        rate(lambda: plain_write(scan, plain, storage, raw), frames),
        rate(lambda: scan_to_bag(scan, ours, storage=storage, raw=raw), frames),
        rate(lambda: scan_to_bag(with_jpegs, ours, storage=storage, raw=raw), frames),
        rate(lambda: plain_read(ours), frames),
        rate(lambda: sum(1 for _ in BagScan(ours)), frames),
    ]
    size = sum(file.stat().st_size for file in ours.iterdir()) / 1e6
    shutil.rmtree(ours)
    shutil.rmtree(plain)
    return [*rates, size]


def line(storage: str, raw: bool, rounds: list[list[float]]) -> str:
    """One line of the table, of the best round of each."""
    plain_write_rate, encoded, passed, plain_read_rate, reading, size = map(max, zip(*rounds, strict=True))
    return (
        f"{storage:8} {'raw' if raw else 'jpeg+png':8} {size:6.0f} "
        f"{plain_write_rate:8.0f} {encoded:8.0f} {passed:8.0f} {passed / plain_write_rate:7.2f}x "
        f"{plain_read_rate:8.0f} {reading:8.0f} {reading / plain_read_rate:7.2f}x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, help="where the bags go; default: the system's temporary folder"
    )
    options = parser.parse_args()
    scans = SyntheticScan(options.frames), JpegScan(options.frames)
    print(f"{options.frames} frames of {WIDTH}x{HEIGHT}: colour, depth, instances; frames per second")
    print("                         | write                              | read")
    print("storage  images       MB    plain     ours  ours(*)    ratio    plain     ours    ratio")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for storage in get_args(Storage):
            for raw in (False, True):
                rounds = [one_round(Path(folder), scans, storage, raw) for _ in range(options.rounds)]
                print(line(storage, raw, rounds), flush=True)
    print("(*) with the scan's own JPEGs passed through (jpeg+png); the ratio is of this one")


if __name__ == "__main__":
    main()
