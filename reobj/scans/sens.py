"""Reads ``.sens`` files, ScanNet's colour and depth recordings, in constant memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.errors import ScanError, mismatch
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.sens_codec import decode_colour, decode_depth
from reobj.scans.sens_format import FRAME_HEAD, read_header
from reobj.scans.sens_index import SensIndex


@dataclass(frozen=True, slots=True, eq=False)
class SensRecord:
    """One frame as it is stored.

    Attributes:
        pose: (4, 4) float64 camera-to-world, None where tracking was lost.
        colour_time_us, depth_time_us: microseconds, as stored.
        colour, depth: the compressed blobs.
    """

    pose: NDArray[np.float64] | None
    colour_time_us: int
    depth_time_us: int
    colour: bytes
    depth: bytes


@dataclass(frozen=True, slots=True, eq=False)
class SensImages:
    """One frame decoded.

    Attributes:
        index: of the frame.
        stamp_ns: nanoseconds, strictly increasing with ``index``.
        pose: (4, 4) float64 camera-to-world, None where tracking was lost.
        colour: (H, W, 3) uint8 RGB.
        depth: (h, w) float32 metres, 0 where unknown.
    """

    index: int
    stamp_ns: int
    pose: NDArray[np.float64] | None
    colour: NDArray[np.uint8]
    depth: NDArray[np.float32]


class SensReader:
    """A ``.sens`` file of version 3 or 4, opened without reading its frames.

    Frames are found by stepping over those before them, once, when first asked for.
    May be read from several threads. A file that was cut off opens, and gives
    its frames up to the damage; from there on each access raises ScanError.

    Args:
        path: the file.

    Raises:
        ScanError: missing, another version, or a header that cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._file = self.path.open("rb")
        except OSError as error:
            raise ScanError(f"cannot open {self.path}: {error.strerror}") from error
        try:
            self.header = read_header(self._file, str(self.path))
        except BaseException:
            self._file.close()
            raise
        self._index = SensIndex(self._file.fileno(), self.header, self._file.tell(), self.path.name)

    def __len__(self) -> int:
        """Number of frames that the header promises."""
        return self.header.frames

    def complete_frames(self) -> int:
        """Number of frames that are whole, before the first that is not. Steps through the file."""
        return self._index.complete()

    def __getitem__(self, index: int) -> SensRecord:
        """Frame ``index`` as stored; negative counts from the end.

        Raises:
            IndexError: no such frame.
            ScanError: the file ends, or is damaged, at or before that frame.
        """
        offset = self._index.offset(self._checked(index))
        *pose, colour_us, depth_us, colour_bytes, depth_bytes = FRAME_HEAD.unpack(
            self._read(offset, FRAME_HEAD.size)
        )
        colour_at = offset + FRAME_HEAD.size
        matrix = np.array(pose, np.float64).reshape(4, 4)
        return SensRecord(
            pose=matrix if np.isfinite(matrix).all() else None,  # all -inf where tracking was lost
            colour_time_us=colour_us,
            depth_time_us=depth_us,
            colour=self._read(colour_at, colour_bytes),
            depth=self._read(colour_at + colour_bytes, depth_bytes),
        )

    def stamp_ns(self, index: int) -> int:
        """The colour time in nanoseconds, made strictly increasing.

        A stamp that is not later than the frame's before it is replaced by that one plus 1/30 s.
        So a scan whose stamps are all zero, as some are, runs at 30 Hz from zero.

        Raises:
            IndexError, ScanError: as for ``reader[index]``.
        """
        return self._index.stamp_ns(self._checked(index))

    def decode(self, index: int) -> SensImages:
        """Frame ``index`` decoded. Raises IndexError and ScanError, the latter also for damaged images."""
        index = self._checked(index)
        record = self[index]
        where = f"frame {index} of {self.path.name}"
        return SensImages(
            index=index,
            stamp_ns=self._index.stamp_ns(index),
            pose=record.pose,
            colour=decode_colour(self.header, record.colour, where),
            depth=decode_depth(self.header, record.depth, where),
        )

    def decoded(self, start: int = 0, workers: int | None = None) -> Iterator[SensImages]:
        """Decodes frames from ``start`` to the end on several threads, in order, in constant memory.

        Raises:
            ScanError: when iteration reaches a damaged frame.
        """
        return map_ahead(self.decode, range(start, len(self)), workers)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> SensReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(mismatch(f"frame of {self.path.name}", f"an index below {len(self)}", index))
        return index % len(self)

    def _read(self, offset: int, count: int) -> bytes:
        data = os.pread(self._file.fileno(), count, offset)
        if len(data) != count:  # the file has been changed since it was indexed
            raise ScanError(mismatch(f"{self.path.name} at byte {offset}", f"{count} bytes", len(data)))
        return data
