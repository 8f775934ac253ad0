"""Small scans for the tests of this folder.

``raw_sens`` packs its bytes by hand, from the published layout, and not with the code under test.
"""

from __future__ import annotations

import io
import resource
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reobj.scans.writer import ScanNetWriter
from reobj.types import Intrinsics

WIDTH, HEIGHT = 64, 48


@dataclass
class RawSens:
    """The fields of a ``.sens`` file, to be spoilt one by one; raw colour 4x3, raw depth 2x2."""

    version: int = 4
    name: bytes = b"StructureSensor"
    name_length: int | None = None
    matrices: np.ndarray = field(default_factory=lambda: np.tile(np.eye(4, dtype="<f4"), (4, 1, 1)))
    compressions: tuple[int, int] = (0, 0)
    sizes: tuple[int, int, int, int] = (4, 3, 2, 2)
    depth_shift: float = 1000.0
    count: int | None = None
    frames: list[bytes] = field(default_factory=list)
    tail: bytes = bytes(8)

    def header(self) -> bytes:
        length = len(self.name) if self.name_length is None else self.name_length
        count = len(self.frames) if self.count is None else self.count
        return b"".join(
            [
                struct.pack("<IQ", self.version, length),
                self.name,
                self.matrices.astype("<f4").tobytes(),
                struct.pack("<ii", *self.compressions),
                struct.pack("<IIII", *self.sizes),
                struct.pack("<fQ", self.depth_shift, count),
            ]
        )

    def pack(self) -> bytes:
        return self.header() + b"".join(self.frames) + self.tail


def raw_frame(
    colour: bytes = bytes(range(36)),
    depth: bytes = struct.pack("<4H", 0, 500, 1000, 65535),
    pose: np.ndarray | None = None,
    stamp_us: int = 0,
) -> bytes:
    matrix = np.full((4, 4), -np.inf) if pose is None else pose
    head = struct.pack("<QQQQ", stamp_us, stamp_us + 7, len(colour), len(depth))
    return matrix.astype("<f4").tobytes() + head + colour + depth


@pytest.fixture
def sens_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a hand-packed ``.sens``; keyword arguments replace fields of RawSens."""

    def write(**fields: object) -> Path:
        path = tmp_path / "scene0001_00.sens"
        path.write_bytes(RawSens(**fields).pack())  # type: ignore[arg-type]
        return path

    return write


@pytest.fixture
def frame_bytes() -> Callable[..., bytes]:
    """One hand-packed frame."""
    return raw_frame


@pytest.fixture
def three_frames() -> list[bytes]:
    """Three frames of 132 + 8 bytes each: 96 head, 36 colour, 8 depth."""
    return [raw_frame(pose=np.eye(4), stamp_us=1_000_000 + 33_333 * i) for i in range(3)]


@pytest.fixture
def camera() -> Intrinsics:
    return Intrinsics(60.0, 60.0, 31.5, 23.5, WIDTH, HEIGHT)


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour (a smooth ramp, so that JPEG keeps it), depth in mm, and instance ids: 1 left, 2 right."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    colour = np.stack([u * 3, v * 4, 255 - u * 3], axis=-1).astype(np.uint8)
    depth = (1000 + 10 * u + v).astype(np.uint16)
    depth[:4] = 0
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[8:40, 4:24], ids[8:40, 40:60] = 1, 2
    return colour, depth, ids


@pytest.fixture
def small_scan(tmp_path: Path, camera: Intrinsics, images: tuple[np.ndarray, ...]) -> Path:
    """Five frames of two chairs; the third has lost its pose; frame i lies i metres along x."""
    folder = tmp_path / "scene0007_01"
    colour, depth, ids = images
    with ScanNetWriter(folder, camera, camera, {1: "chair", 2: "office chair"}) as scan:
        for index in range(5):
            pose = np.eye(4)
            pose[0, 3] = index
            scan.add(1000 + 40_000 * index, colour, depth, None if index == 2 else pose, ids)
    return folder


@pytest.fixture
def image_blob() -> Callable[..., bytes]:
    """A smooth colour image as Pillow writes it: ``image_blob("JPEG", height=24, width=32)``."""

    def make(kind: str, height: int = 24, width: int = 32) -> bytes:
        v, u = np.mgrid[:height, :width]
        image = np.stack([u * 7, v * 9, 200 - u * 3], axis=-1).astype(np.uint8)
        data = io.BytesIO()
        Image.fromarray(image).save(data, kind, **({"quality": 95} if kind == "JPEG" else {}))
        return data.getvalue()

    return make


@pytest.fixture
def largest_file() -> Callable[[int], AbstractContextManager[None]]:
    """``with largest_file(size)``: the system refuses to make a larger file, as a full disk would."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
