"""Writing an H.264 video that plays everywhere."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, StorageError, mismatch
from reobj.files import atomic_path


class VideoWriter:
    """An .mp4 (H.264, yuv420p) written frame by frame; it gets its name when the block ends well.

        with VideoWriter(path, fps=30) as video:
            video.add(rgb)

    Args:
        path: of the file.
        fps: frames per second, > 0.
        crf: x264's constant rate factor, 0..51; raising it by 6 halves the file and costs sharpness.

    Raises:
        StorageError: the file could not be written; nothing is left under its name.
    """

    def __init__(self, path: Path | str, fps: float, crf: int = 23) -> None:
        if not (np.isfinite(fps) and fps > 0):
            raise InputError(mismatch("fps", "> 0", fps))
        self._path = Path(path)
        self._fps = Fraction(fps).limit_denominator(1001)
        self._crf = crf
        self._size: tuple[int, int] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> VideoWriter:
        temporary = self._stack.enter_context(atomic_path(self._path))
        try:
            self._container = av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"})
        except (av.FFmpegError, OSError) as error:
            self._stack.close()
            raise self._failure(error) from error
        return self

    def add(self, image: NDArray[np.uint8]) -> None:
        """Adds an (H, W, 3) uint8 RGB image. The last row or column is doubled where a side is odd.

        Raises:
            InputError: another shape or type, or another size than the first image.
            StorageError: the file could not be written.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise InputError(mismatch("video image", "(H, W, 3) uint8", f"{image.shape} {image.dtype}"))
        size = (image.shape[1], image.shape[0])
        if self._size is None:
            self._start(*size)
        if size != self._size:
            raise InputError(mismatch("video image", f"{self._size}, the size of the first one", size))
        height, width = image.shape[:2]
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        self._mux(av.VideoFrame.from_ndarray(even, format="rgb24"))

    def _start(self, width: int, height: int) -> None:
        stream = self._container.add_stream("libx264", rate=self._fps)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(self._crf), "preset": "veryfast"}
        self._stream = stream
        self._size = (width, height)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
            else:
                self._abandon()
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def _finish(self) -> None:
        if self._size is None:
            self._abandon()
            raise InputError(mismatch("video", "at least one image", "none"))
        self._mux(None)
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _abandon(self) -> None:
        """Closes a file that is thrown away; that it cannot be completed is no news."""
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            return

    def _failure(self, error: Exception) -> StorageError:
        return StorageError(f"cannot write {self._path}: {getattr(error, 'strerror', None) or error}")
