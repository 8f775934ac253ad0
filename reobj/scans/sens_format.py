"""The byte layout of a ``.sens`` file, versions 3 and 4, little-endian.

Header: u32 version, u64 length + sensor name, four row-major float32[16]
(intrinsic and extrinsic of colour, then of depth), i32 colour and depth
compression, u32 widths and heights, float32 depth_shift, u64 frames.

Frame: float32[16] camera-to-world, u64 colour time, depth time (microseconds),
u64 colour bytes, depth bytes, then both blobs.

Tail, version 4 only: u64 IMU frames, 128 bytes each.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reobj.errors import ScanError, mismatch
from reobj.types import Intrinsics

VERSIONS = (3, 4)
FRAME_HEAD = struct.Struct("<16f4Q")
_NAME_HEAD = struct.Struct("<IQ")
_AFTER_NAME = struct.Struct("<64f2i4IfQ")

# Limits that no real scan comes near; beyond them a header is damaged, and obeying it would fill the memory.
MAX_NAME = 4096
MAX_SIDE = 4096
MAX_FRAMES = 2**31 - 1


class ColourCompression(enum.IntEnum):
    """How colour blobs are stored."""

    RAW = 0
    PNG = 1
    JPEG = 2


class DepthCompression(enum.IntEnum):
    """How depth blobs are stored."""

    RAW = 0
    ZLIB = 1
    OCCI = 2  #: known by name only: no public description of it


def _identity() -> NDArray[np.float32]:
    return np.eye(4, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SensHeader:
    """What a ``.sens`` file says of itself.

    Attributes:
        colour_intrinsic, depth_intrinsic: (4, 4) float32 camera matrices, pixels.
        colour_size, depth_size: width and height in pixels.
        colour_compression, depth_compression: how the blobs are stored.
        depth_shift: depth values per metre.
        frames: number of frames that the file should hold.
        version: 3 or 4.
        sensor_name: free text.
        colour_extrinsic, depth_extrinsic: (4, 4) float32.
    """

    colour_intrinsic: NDArray[np.float32]
    depth_intrinsic: NDArray[np.float32]
    colour_size: tuple[int, int]
    depth_size: tuple[int, int]
    colour_compression: ColourCompression = ColourCompression.JPEG
    depth_compression: DepthCompression = DepthCompression.ZLIB
    depth_shift: float = 1000.0
    frames: int = 0
    version: int = 4
    sensor_name: str = ""
    colour_extrinsic: NDArray[np.float32] = field(default_factory=_identity)
    depth_extrinsic: NDArray[np.float32] = field(default_factory=_identity)

    @property
    def colour_camera(self) -> Intrinsics:
        """Raises InputError when the matrix is no pinhole camera."""
        return _camera(self.colour_intrinsic, self.colour_size)

    @property
    def depth_camera(self) -> Intrinsics:
        """Raises InputError when the matrix is no pinhole camera."""
        return _camera(self.depth_intrinsic, self.depth_size)

    def pack(self) -> bytes:
        """The header's bytes. The number of frames is the last eight of them."""
        name = self.sensor_name.encode("utf-8")
        matrices = (self.colour_intrinsic, self.colour_extrinsic, self.depth_intrinsic, self.depth_extrinsic)
        numbers = [float(value) for matrix in matrices for value in np.asarray(matrix).ravel()]
        fixed = _AFTER_NAME.pack(
            *numbers,
            self.colour_compression,
            self.depth_compression,
            *self.colour_size,
            *self.depth_size,
            self.depth_shift,
            self.frames,
        )
        return _NAME_HEAD.pack(self.version, len(name)) + name + fixed


def matrix_of(camera: Intrinsics) -> NDArray[np.float32]:
    """The camera as the (4, 4) float32 matrix that a header holds."""
    matrix = _identity()
    matrix[:3, :3] = camera.matrix
    return matrix


def _camera(matrix: NDArray[np.float32], size: tuple[int, int]) -> Intrinsics:
    return Intrinsics(
        float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2]), size[0], size[1]
    )


def read_header(file: BinaryIO, where: str) -> SensHeader:
    """Reads the header; the file then stands at the first frame.

    Args:
        file: at its beginning.
        where: the file's name for messages.

    Raises:
        ScanError: too short, another version, an unknown compression or a value no scan can have.
    """
    version, name_length = _NAME_HEAD.unpack(_take(file, _NAME_HEAD.size, where))
    _require(version in VERSIONS, where, "version 3 or 4", f"version {version}")
    _require(name_length <= MAX_NAME, where, f"a sensor name of at most {MAX_NAME} bytes", name_length)
    name = _take(file, name_length, where).decode("utf-8", errors="replace")
    values = _AFTER_NAME.unpack(_take(file, _AFTER_NAME.size, where))
    matrices = np.array(values[:64], np.float32).reshape(4, 4, 4)
    colour, depth, *sizes = values[64:70]
    shift, frames = values[70:]
    _require(colour in (0, 1, 2), where, "colour compression 0 (raw), 1 (png) or 2 (jpeg)", colour)
    _require(depth in (0, 1), where, "depth compression 0 (raw) or 1 (zlib)", _depth_name(depth))
    _require(all(0 < side <= MAX_SIDE for side in sizes), where, f"image sides of 1 to {MAX_SIDE}", sizes)
    _require(np.isfinite(shift) and shift > 0, where, "a finite depth shift > 0", shift)
    _require(frames <= MAX_FRAMES, where, f"at most {MAX_FRAMES} frames", frames)
    return SensHeader(
        colour_intrinsic=matrices[0],
        depth_intrinsic=matrices[2],
        colour_size=(sizes[0], sizes[1]),
        depth_size=(sizes[2], sizes[3]),
        colour_compression=ColourCompression(colour),
        depth_compression=DepthCompression(depth),
        depth_shift=shift,
        frames=frames,
        version=version,
        sensor_name=name,
        colour_extrinsic=matrices[1],
        depth_extrinsic=matrices[3],
    )


def _depth_name(value: int) -> str:
    return "2 (occi, which cannot be read)" if value == DepthCompression.OCCI else str(value)


def _take(file: BinaryIO, count: int, where: str) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ScanError(
            mismatch(f"header of {where}", f"{count} more bytes", f"{len(data)}, the file ends there")
        )
    return data


def _require(condition: bool, where: str, expected: str, got: object) -> None:
    if not condition:
        raise ScanError(mismatch(where, expected, got))
