"""The zips of ScanNet's images per frame: ``FOLDER/0.png``, ``FOLDER/1.png``, ..."""

from __future__ import annotations

import lzma
import re
import struct
import threading
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.errors import ScanError, mismatch
from reobj.scans.sens_codec import decode_ids, encode

MAX_ENTRY = 2**26  # bytes; a 16-bit PNG of 1296x968 stays under 3 MB, a larger claim is damage
_ENTRY = re.compile(r"(?:.*/)?(\d{1,9})\.png")
# What zipfile lets through: ValueError for a name that is no UTF-8, RuntimeError for an encrypted entry.
_READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


class FrameZip:
    """Instance or label images of a scan, read one by one. May be read from several threads.

    Args:
        path: the zip.
        size: width and height that its images must have.

    Raises:
        ScanError: not a zip, or damaged.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self.path = path
        self._size = size
        try:
            self._zip = zipfile.ZipFile(path)
        except _READ_ERRORS as error:
            raise ScanError(f"cannot open {path}: {error}") from error
        matches = ((_ENTRY.fullmatch(name), name) for name in self._zip.namelist())
        self._entries = {int(match[1]): name for match, name in matches if match}
        self._lock = threading.Lock()

    def count_below(self, frames: int) -> int:
        """How many of the frames 0 to ``frames`` - 1 have an image."""
        return sum(frame < frames for frame in self._entries)

    def read(self, frame: int) -> NDArray[np.uint16] | None:
        """The image of a frame, (H, W) uint16; None when the zip lacks it.

        Raises:
            ScanError: the entry is damaged or has another size; the message names it.
        """
        name = self._entries.get(frame)
        if name is None:
            return None
        where = f"{name} in {self.path.name}"
        return decode_ids(self._bytes(name, where), where, self._size)

    def _bytes(self, name: str, where: str) -> bytes:
        claimed = self._zip.getinfo(name).file_size
        if claimed > MAX_ENTRY:
            raise ScanError(mismatch(where, f"at most {MAX_ENTRY} bytes", claimed))
        try:
            with self._lock:  # opening entries is not promised to be safe between threads
                return self._zip.read(name)
        except _READ_ERRORS as error:
            raise ScanError(f"{where} is damaged: {error}") from error

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> FrameZip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FrameZipWriter:
    """Writes such a zip, image by image.

    Args:
        path: the zip, made anew.
        folder: name of the folder inside it.
    """

    def __init__(self, path: Path, folder: str) -> None:
        self._zip = zipfile.ZipFile(path, "w")
        self._folder = folder

    def add(self, frame: int, image: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        """Appends the image of a frame, (H, W), as PNG. Raises OSError when the disk refuses it."""
        # ZipInfo's default date (1980) and not the clock's: the same scan gives the same bytes.
        self._zip.writestr(zipfile.ZipInfo(f"{self._folder}/{frame}.png"), encode(".png", image))

    def __enter__(self) -> FrameZipWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
