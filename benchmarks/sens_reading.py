"""How fast ``.sens`` files are read and decoded, and in how much memory.

    python benchmarks/sens_reading.py

Makes a synthetic recording (640x480, JPEG of 60 to 90 kB, zlib depth with a
structured-light sensor's noise and steps), reads it one frame after the other, on
several threads, and as a plain bulk read does it: the whole file in memory, OpenCV
and zlib one by one. All three give RGB and metres.
"""

from __future__ import annotations

import argparse
import multiprocessing
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.scans.decode_ahead import available_workers
from reobj.scans.sens import SensReader
from reobj.scans.sens_codec import encode_colour, encode_depth
from reobj.scans.sens_format import SensHeader, matrix_of
from reobj.scans.sens_writer import write_sens
from reobj.types import Intrinsics

WIDTH, HEIGHT = 640, 480
CAMERA = Intrinsics(577.87, 577.87, 319.5, 239.5, WIDTH, HEIGHT)
DISTINCT = 10  # frames that are made; a longer recording repeats them
TARGET = 600  # frames/s


def main() -> None:
    """Prints the two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=200, help="length of the one for speed")
    parser.add_argument("--long", type=int, default=2000, help="length of the one for memory")
    parser.add_argument("--repeat", type=int, default=5, help="runs of which the best counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.sens", Path(folder) / "long.sens"
        blobs = [make_frame(seed) for seed in range(DISTINCT)]
        for path, frames in ((short, arguments.frames), (long, arguments.long)):
            write_recording(path, blobs, frames)
        colour, depth = (np.mean([len(pair[side]) for pair in blobs]) / 1e3 for side in (0, 1))
        print(f"{WIDTH}x{HEIGHT}, JPEG {colour:.0f} kB, zlib {depth:.0f} kB, {available_workers()} threads")
        print_speed(short, arguments.frames, arguments.repeat)
        print_memory(short, long, arguments.frames, arguments.long)


def make_frame(seed: int) -> tuple[bytes, bytes]:
    """Colour and depth blobs of one synthetic view."""
    rng = np.random.default_rng(seed)
    header = header_of()
    return encode_colour(header, make_colour(rng), 85), encode_depth(header, make_depth(rng))


def make_colour(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Surfaces with texture at several scales and a little sensor noise, (480, 640, 3)."""
    image = np.full((HEIGHT, WIDTH, 3), 120.0)
    for cells, strength in ((4, 60.0), (16, 35.0), (64, 18.0), (160, 8.0)):
        coarse = rng.normal(0, strength, (cells * 3 // 4, cells, 3))
        image += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


def make_depth(rng: np.random.Generator) -> NDArray[np.uint16]:
    """A floor, a wall and boxes seen by a structured-light sensor, (480, 640) millimetres."""
    v = np.arange(HEIGHT)[:, None] - CAMERA.cy
    depth = np.minimum(1400 * CAMERA.fy / np.maximum(v, 1), 3500) * np.ones(WIDTH)
    for _ in range(8):
        x, y, side = rng.integers(0, WIDTH), rng.integers(120, HEIGHT), rng.integers(40, 160)
        slant = rng.uniform(-1, 1) * np.arange(side)[: HEIGHT - y, None]
        depth[y : y + side, x : x + side] = rng.uniform(900, 3000) + slant
    disparity = 75 * CAMERA.fx / depth + cv2.GaussianBlur(rng.normal(0, 0.4, depth.shape), (5, 5), 0)
    depth = 75 * CAMERA.fx / (np.round(disparity * 8) / 8)  # baseline 75 mm, steps of 1/8 pixel
    depth[cv2.GaussianBlur(rng.normal(0, 1, depth.shape), (0, 0), 6) > 0.09] = 0  # holes
    return depth.astype(np.uint16)


def header_of() -> SensHeader:
    matrix, size = matrix_of(CAMERA), (WIDTH, HEIGHT)
    return SensHeader(matrix, matrix, size, size, sensor_name="synthetic")


def write_recording(path: Path, blobs: list[tuple[bytes, bytes]], frames: int) -> None:
    with write_sens(path, header_of()) as sens:
        for index in range(frames):
            sens.add(np.eye(4), *blobs[index % len(blobs)], colour_time_us=index * 33_333)


def one_by_one(path: Path) -> int:
    with SensReader(path) as sens:
        return sum(sens.decode(index).colour is not None for index in range(len(sens)))


def on_threads(path: Path) -> int:
    with SensReader(path) as sens:
        return sum(images.colour is not None for images in sens.decoded())


def bulk_read(path: Path) -> int:
    """The peer: the whole file in memory, each frame decoded by hand."""
    data = path.read_bytes()
    (name_length,) = struct.unpack_from("<Q", data, 4)
    position = 12 + name_length + 4 * 64 + 28  # behind the four matrices, six integers and the depth shift
    (frames,) = struct.unpack_from("<Q", data, position)
    position += 8
    for _ in range(frames):
        colour_bytes, depth_bytes = struct.unpack_from("<2Q", data, position + 80)
        position += 96
        bgr: Any = cv2.imdecode(np.frombuffer(data, np.uint8, colour_bytes, position), cv2.IMREAD_COLOR)
        position += colour_bytes
        raw = zlib.decompress(data[position : position + depth_bytes])
        position += depth_bytes
        cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        np.frombuffer(raw, np.uint16).reshape(HEIGHT, WIDTH).astype(np.float32) / np.float32(1000)
    return frames


READERS: dict[str, Callable[[Path], int]] = {
    "plain bulk read": bulk_read,
    "SensReader.decode, one by one": one_by_one,
    "SensReader.decoded, on threads": on_threads,
}


def print_speed(path: Path, frames: int, repeat: int) -> None:
    """Best of some runs, which take turns, so that a busy machine hits all alike.

    The processor time per frame tells the cost even where other work takes the cores.
    """
    speed, cost = dict.fromkeys(READERS, 0.0), dict.fromkeys(READERS, float("inf"))
    for _ in range(repeat):
        for name, read in READERS.items():
            wall, processor = time.perf_counter(), time.process_time()
            assert read(path) == frames
            speed[name] = max(speed[name], frames / (time.perf_counter() - wall))
            cost[name] = min(cost[name], (time.process_time() - processor) / frames * 1e3)
    print(f"\n{'decoded':34}{'frames/s':>10}{'to bulk':>10}{f'to {TARGET}':>10}{'CPU ms/frame':>14}")
    for name in READERS:
        ratios = f"{speed[name] / speed['plain bulk read']:9.2f}x{speed[name] / TARGET:9.2f}x"
        print(f"{name:34}{speed[name]:10.0f}{ratios}{cost[name]:14.2f}")


def print_memory(short: Path, long: Path, short_frames: int, long_frames: int) -> None:
    """Peak memory above that of the idle process, each in a process of its own."""
    print(f"\n{'peak memory, MB':34}{f'{short_frames} frames':>13}{f'{long_frames} frames':>13}{'growth':>9}")
    for name in READERS:
        low, high = (peak_memory(name, path) for path in (short, long))
        print(f"{name:34}{low:13.1f}{high:13.1f}{high - low:+9.1f}")


def peak_memory(reader: str, path: Path) -> float:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(memory_of, (reader, path))


def memory_of(reader: str, path: Path) -> float:
    """Megabytes by which reading raised the peak of this process."""
    before = peak_of_process()
    READERS[reader](path)
    return peak_of_process() - before


def peak_of_process() -> float:
    """Megabytes of memory at most held so far. From /proc: getrusage also counts the parent's peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
