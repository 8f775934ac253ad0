"""Writes ``.sens`` files frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.files import atomic_path
from reobj.scans.sens_codec import encode_colour, encode_depth
from reobj.scans.sens_format import FRAME_HEAD, MAX_NAME, VERSIONS, DepthCompression, SensHeader

LOST_POSE = np.full((4, 4), -np.inf)
FRAME_COUNT_BYTES = 8  # the header's last field
NO_IMU_FRAMES = (0).to_bytes(8, "little")


@contextmanager
def write_sens(path: Path | str, header: SensHeader, jpeg_quality: int = 90) -> Iterator[SensWriter]:
    """Writes a ``.sens`` file that appears under its name only when the ``with`` block ends well.

        with write_sens(path, header) as sens:
            sens.add(pose, rgb, depth, stamp_us)

    Raises:
        InputError: see SensWriter.
        StorageError: the operating system refused a write; what stood at ``path`` is untouched.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        writer = SensWriter(file, header, jpeg_quality)
        yield writer
        writer.finish()


class SensWriter:
    """Appends frames to an open file, in constant memory.

    Args:
        file: empty, open for writing, seekable.
        header: version, cameras, sizes and compressions; its number of frames is not looked at.
        jpeg_quality: 1 to 100, for colour given as arrays. Higher: larger files, fewer artefacts.

    Raises:
        InputError: another version, occi depth, or a quality out of range.
        OSError: the operating system refused a write; ``write_sens`` makes it a StorageError.
    """

    def __init__(self, file: BinaryIO, header: SensHeader, jpeg_quality: int = 90) -> None:
        check_writable(header, jpeg_quality)
        self.header = header
        self.frames = 0
        self._file = file
        self._quality = jpeg_quality
        packed = replace(header, frames=0).pack()
        self._count_at = len(packed) - FRAME_COUNT_BYTES
        file.write(packed)

    def add(
        self,
        pose: NDArray[np.floating] | None,
        colour: bytes | NDArray[np.uint8],
        depth: bytes | NDArray[np.uint16],
        colour_time_us: int,
        depth_time_us: int | None = None,
    ) -> None:
        """Appends one frame.

        Args:
            pose: (4, 4) camera-to-world, None where tracking was lost.
            colour: a blob to be stored as it is, or (H, W, 3) uint8 RGB to be encoded.
            depth: a blob to be stored as it is, or (h, w) uint16 in depth units to be encoded.
            colour_time_us: microseconds, >= 0.
            depth_time_us: microseconds; default: that of the colour.

        Raises:
            InputError: an array of another size or type than the header says; nothing is written then.
        """
        matrix = np.asarray(LOST_POSE if pose is None else pose, np.float64)
        if matrix.shape != (4, 4):
            raise InputError(mismatch("pose", "(4, 4)", matrix.shape))
        times = (colour_time_us, colour_time_us if depth_time_us is None else depth_time_us)
        if not all(0 <= time < 2**64 for time in times):
            raise InputError(mismatch("times", "microseconds from 0 to 2^64", times))
        colour = colour if isinstance(colour, bytes) else self._encoded_colour(colour)
        depth = depth if isinstance(depth, bytes) else self._encoded_depth(depth)
        self._file.write(FRAME_HEAD.pack(*matrix.ravel(), *times, len(colour), len(depth)))
        self._file.write(colour)
        self._file.write(depth)
        self.frames += 1

    def finish(self) -> None:
        """Writes the tail, and the number of frames into the header."""
        if self.header.version >= 4:
            self._file.write(NO_IMU_FRAMES)
        self._file.seek(self._count_at)
        self._file.write(self.frames.to_bytes(FRAME_COUNT_BYTES, "little"))

    def _encoded_colour(self, image: NDArray[np.uint8]) -> bytes:
        check_image("colour", image, (*self.header.colour_size[::-1], 3), np.uint8)
        return encode_colour(self.header, image, self._quality)

    def _encoded_depth(self, image: NDArray[np.uint16]) -> bytes:
        check_image("depth", image, self.header.depth_size[::-1], np.uint16)
        return encode_depth(self.header, image)


def check_image(
    what: str, image: NDArray[np.generic], shape: tuple[int, ...], *types: type[np.generic]
) -> None:
    """Raises InputError unless ``image`` has the shape and one of the types."""
    if image.shape != shape or image.dtype not in types:
        expected = f"{shape} {' or '.join(kind.__name__ for kind in types)}"
        raise InputError(mismatch(f"{what} image", expected, f"{image.shape} {image.dtype}"))


def check_writable(header: SensHeader, jpeg_quality: int) -> None:
    """Raises InputError unless a file can be written with this header and quality."""
    if not 1 <= jpeg_quality <= 100:
        raise InputError(mismatch("JPEG quality", "1 to 100", jpeg_quality))
    if header.version not in VERSIONS:
        raise InputError(mismatch(".sens version", "3 or 4", header.version))
    if header.depth_compression is DepthCompression.OCCI:
        raise InputError(mismatch("depth compression", "raw or zlib", "occi"))
    if len(header.sensor_name.encode("utf-8")) > MAX_NAME:
        raise InputError(mismatch("sensor name", f"at most {MAX_NAME} bytes", len(header.sensor_name)))
