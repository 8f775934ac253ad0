"""Where each frame of a ``.sens`` file begins, found by stepping from head to head."""

from __future__ import annotations

import os
import threading
from array import array
from contextlib import suppress

from reobj.errors import ScanError, mismatch
from reobj.scans.sens_format import FRAME_HEAD, SensHeader

PERIOD_NS = 33_333_333  # ScanNet records at 30 Hz
LAST_STAMP_US = 2**52  # 142 years; a stamp beyond it is damage, and its nanoseconds would not fit 64 bits
BLOB_SLACK = 2**20  # bytes that compression may add to an image it cannot compress; far above what any adds


class SensIndex:
    """Offsets and stamps of the frames, found when first asked for: 16 bytes of memory per frame.

    May be used from several threads.

    Args:
        descriptor: of the open file; only read at given positions, never moved.
        header: of the file.
        start: byte at which the first frame begins.
        where: the file's name for messages.
    """

    def __init__(self, descriptor: int, header: SensHeader, start: int, where: str) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._frames = header.frames
        self._where = where
        self._largest = tuple(
            2 * width * height * bytes_per_pixel + BLOB_SLACK
            for (width, height), bytes_per_pixel in ((header.colour_size, 3), (header.depth_size, 2))
        )
        self._offsets = array("q")
        self._stamps_ns = array("q")
        self._next = start
        self._lock = threading.Lock()

    def offset(self, frame: int) -> int:
        """Byte at which a frame begins. Raises ScanError when the file ends before the frame does."""
        self._reach(frame)
        return self._offsets[frame]

    def stamp_ns(self, frame: int) -> int:
        """Nanoseconds, strictly increasing; see ``SensReader.stamp_ns``. Raises ScanError like ``offset``."""
        self._reach(frame)
        return self._stamps_ns[frame]

    def complete(self) -> int:
        """Number of frames that are in the file to their last byte, before the first that is not."""
        with suppress(ScanError):
            self._reach(self._frames - 1)
        return len(self._offsets)

    def _reach(self, frame: int) -> None:
        with self._lock:
            while len(self._offsets) <= frame:
                self._step()

    def _step(self) -> None:
        head = os.pread(self._descriptor, FRAME_HEAD.size, self._next)
        blobs_at = self._next + FRAME_HEAD.size
        self._check_end(blobs_at)
        stamp_us, _, *lengths = FRAME_HEAD.unpack(head)[16:]
        for length, largest, kind in zip(lengths, self._largest, ("colour", "depth"), strict=True):
            if length > largest:
                raise ScanError(mismatch(f"{kind} of {self._frame}", f"at most {largest} bytes", length))
        end = blobs_at + sum(lengths)
        self._check_end(end)
        self._offsets.append(self._next)
        self._stamps_ns.append(self._stamp_ns(stamp_us))
        self._next = end

    def _stamp_ns(self, stamp_us: int) -> int:
        if not self._stamps_ns:
            return stamp_us * 1000 if stamp_us <= LAST_STAMP_US else 0
        last = self._stamps_ns[-1]
        in_order = last < stamp_us * 1000 and stamp_us <= LAST_STAMP_US
        return stamp_us * 1000 if in_order else last + PERIOD_NS

    @property
    def _frame(self) -> str:
        return f"frame {len(self._offsets)} of {self._where}"

    def _check_end(self, end: int) -> None:
        if end > self._size:
            expected = f"{end} bytes up to its end"
            raise ScanError(mismatch(f"{self._frame} is cut off", expected, f"a file of {self._size} bytes"))
