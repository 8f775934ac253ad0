"""Frames of a recording in any order, without holding them in memory."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

import numpy as np
from isal import isal_zlib  # deflates several times faster than zlib
from numpy.typing import NDArray

from reobj.errors import StorageError
from reobj.scans.base import FrameSource
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.scannet import ScanNetScan
from reobj.types import Frame, Intrinsics, LabelImage

Item = tuple[Frame, LabelImage | None]


@dataclass(frozen=True, slots=True, eq=False)
class PackedImage:
    """An image as compressed bytes.

    Attributes:
        data: zlib's.
        shape, dtype: of the image.
    """

    data: bytes
    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def of(cls, image: NDArray[Any]) -> PackedImage:
        """Packs an image without loss."""
        return cls(isal_zlib.compress(np.ascontiguousarray(image).data, 1), image.shape, image.dtype.str)

    def image(self) -> NDArray[Any]:
        """The image, which is not to be written to."""
        return np.frombuffer(zlib.decompress(self.data), self.dtype).reshape(self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    """One frame in the spool: where its images are, and all else.

    Attributes:
        images: by name, offset and length in the file, shape and type.
    """

    images: dict[str, tuple[int, int, tuple[int, ...], str]]
    stamp_ns: int
    frame_id: str
    intrinsics: Intrinsics | None
    pose: NDArray[np.float64] | None
    labels: dict[int, str]


def _temporary_file() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="reobj-frames-")


class FrameArchive:
    """Any frame of a recording by its number, once it was read through.

    A ScanNet scan is read where it lies. Other recordings can be read in the order of time only: their
    frames go into a temporary file, compressed without loss (about 1 MB each at 640x480 with depth), which
    is gone when the block ends, however it ends.

    Args:
        source: the recording.
        limit: its first frames only; None for all.
    """

    def __init__(self, source: FrameSource, limit: int | None = None) -> None:
        self.source = source
        self._limit = len(source) if limit is None else min(limit, len(source))
        self._scan = source if isinstance(source, ScanNetScan) else None
        self._stored: list[_Stored] = []
        self._file = None if self._scan is not None else _temporary_file()

    def __enter__(self) -> FrameArchive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def name(self) -> str:
        """That of the recording."""
        return self.source.name

    @property
    def has_truth(self) -> bool:
        """As the recording."""
        return self.source.has_truth

    def __len__(self) -> int:
        """Number of frames; where a recording had fewer than it promised, known after it was read through."""
        return self._limit

    def __iter__(self) -> Iterator[Item]:
        """Reads the recording through, in the order of time.

        Raises:
            ScanError, BagError: it is damaged.
            StorageError: no room for the temporary file.
        """
        self._stored.clear()
        count = 0
        for frame, truth in self.source:
            if count >= self._limit:
                break
            if self._file is not None:
                self._store(frame, truth)
            count += 1
            yield frame, truth
        self._limit = count

    def in_order(self, numbers: Iterable[int]) -> Iterator[Item]:
        """These frames, decoded ahead of the consumer. Raises as ``__getitem__``."""
        return map_ahead(self.__getitem__, numbers)

    def __getitem__(self, number: int) -> Item:
        """A frame and its true instances where they are known.

        Raises:
            ScanError: the frame is damaged.
        """
        if self._scan is not None:
            return self._scan.frame(number), self._scan.truth(number)
        stored = self._stored[number]
        images = {name: self._image(*where) for name, where in stored.images.items()}
        frame = Frame(
            images["colour"],
            stored.stamp_ns,
            stored.frame_id,
            images.get("depth"),
            stored.intrinsics,
            stored.pose,
        )
        return frame, LabelImage(images["ids"], stored.labels) if "ids" in images else None

    def truth(self, number: int) -> LabelImage | None:
        """The true instances alone, which is faster. Raises as ``__getitem__``."""
        return self[number][1] if self._scan is None else self._scan.truth(number)

    def _store(self, frame: Frame, truth: LabelImage | None) -> None:
        images = {"colour": frame.colour, "depth": frame.depth, "ids": None if truth is None else truth.ids}
        labels = {} if truth is None else dict(truth.labels)
        try:
            there = {name: self._append(image) for name, image in images.items() if image is not None}
        except OSError as error:
            raise StorageError(f"temporary file of frames in {tempfile.gettempdir()}: {error}") from error
        self._stored.append(
            _Stored(there, frame.stamp_ns, frame.frame_id, frame.intrinsics, frame.pose, labels)
        )

    def _append(self, image: NDArray[Any]) -> tuple[int, int, tuple[int, ...], str]:
        assert self._file is not None
        packed = PackedImage.of(image)
        at = self._file.seek(0, 2)
        self._file.write(packed.data)
        return at, len(packed.data), packed.shape, packed.dtype

    def _image(self, at: int, count: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        assert self._file is not None
        self._file.flush()
        data = os.pread(self._file.fileno(), count, at)  # no shared position: threads read side by side
        return PackedImage(data, shape, dtype).image()
