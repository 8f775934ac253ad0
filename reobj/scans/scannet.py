"""Reads a ScanNet scan as it was downloaded."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, ScanError, mismatch
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.frame_zip import FrameZip
from reobj.scans.labels import (
    UNNAMED,
    axis_alignment,
    find_label_map,
    read_aggregation,
    read_label_map,
    read_meta,
)
from reobj.scans.majority import majority_labels
from reobj.scans.registration import Resampler
from reobj.scans.scan_files import find_scan
from reobj.scans.sens import SensReader
from reobj.scans.sens_format import ColourCompression
from reobj.types import Frame, Intrinsics, LabelImage

FRAME_ID = "camera_optical_frame"
logger = logging.getLogger(__name__)


class ScanNetScan:
    """A scan folder ``sceneXXXX_YY/``, or a ``.sens`` file with whatever lies beside it. A ``FrameSource``.

    Streams: memory does not grow with the length of the scan. May be read from several threads.
    The extrinsics in the file are not applied: ScanNet's colour and depth come aligned.

    Args:
        path: the scan folder, or the ``.sens`` file.
        resolution: which camera's pixel grid a Frame and its truth have. ScanNet's colour is
            larger than its depth; "depth" shrinks the colour, "colour" enlarges the depth.
        label_map: ``scannetv2-labels.combined.tsv``; default: looked for in the folder and above it.

    Raises:
        ScanError: nothing there, damaged, or of an unknown version.
        InputError: another resolution.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        resolution: Literal["depth", "colour"] = "depth",
        label_map: Path | str | None = None,
    ) -> None:
        if resolution not in ("depth", "colour"):
            raise InputError(mismatch("resolution", "'depth' or 'colour'", repr(resolution)))
        self._files = find_scan(path)
        self._label_map_path = find_label_map(self._files.folder) if label_map is None else Path(label_map)
        with ExitStack() as opened:
            self._sens = opened.enter_context(SensReader(self._files.sens))
            colour, depth = _cameras(self._sens)
            self._camera = depth if resolution == "depth" else colour
            self._from_colour = Resampler(colour, self._camera)
            self._from_depth = Resampler(depth, self._camera)
            self._instances = _open_zip(self._files.instances, colour, opened)
            self._labels = _open_zip(self._files.labels, colour, opened)
            self._opened = opened.pop_all()

    @property
    def name(self) -> str:
        """Such as ``scene0000_00``."""
        return self._files.name

    @property
    def intrinsics(self) -> Intrinsics:
        """Of every Frame."""
        return self._camera

    @property
    def has_truth(self) -> bool:
        """Whether there are instance images."""
        return self._instances is not None

    def __len__(self) -> int:
        """Number of frames that the ``.sens`` file promises."""
        return len(self._sens)

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        """Every frame with its true instances, decoded ahead on all cores.

        One warning in the log says how many frames have no instance image, where only some have one.

        Raises:
            ScanError: when iteration reaches a damaged frame or image; the message names it.
        """
        if self._instances is not None:
            missing = len(self) - self._instances.count_below(len(self))
            if missing:
                logger.warning("%s: %d of %d frames have no instance image", self.name, missing, len(self))
            self.label_names()  # read once here, and not in each of the threads
        return map_ahead(lambda index: (self.frame(index), self.truth(index)), range(len(self)))

    def frame(self, index: int) -> Frame:
        """Frame ``index``, registered: colour, depth, intrinsics, and pose unless it was lost.

        Raises:
            InputError: no such frame.
            ScanError: the frame is damaged.
        """
        images = self._sens.decode(self._checked(index))
        try:
            return Frame(
                colour=self._from_colour.smooth(images.colour),
                stamp_ns=images.stamp_ns,
                frame_id=FRAME_ID,
                depth=self._from_depth.nearest(images.depth),
                intrinsics=self._camera,
                pose=images.pose,
            )
        except InputError as error:  # a pose that is finite, but not rigid
            raise ScanError(f"frame {index} of {self._files.sens.name}: {error}") from error

    def stamp_ns(self, index: int) -> int:
        """Nanoseconds, strictly increasing with ``index``; see ``SensReader.stamp_ns``.

        Raises:
            InputError, ScanError: as for ``frame``.
        """
        return self._sens.stamp_ns(self._checked(index))

    def colour_jpeg(self, index: int) -> bytes | None:
        """The stored JPEG, when its pixel grid is that of ``frame(index)``; else None.

        Raises:
            InputError, ScanError: as for ``frame``.
        """
        stored = self._sens.header.colour_compression is ColourCompression.JPEG and self._from_colour.same
        return self._sens[self._checked(index)].colour if stored else None

    def truth(self, index: int) -> LabelImage | None:
        """True instances of frame ``index`` in the pixel grid of ``frame(index)``; None where not known.

        An id is objectId + 1 of the aggregation, the same in all frames; one without a label is an "object".

        Raises:
            InputError: no such frame.
            ScanError: the image is damaged.
        """
        ids = self._read(self._instances, index)
        if ids is None:
            return None
        ids = self._from_colour.nearest(ids)
        unnamed = {instance: UNNAMED for instance in _ids_in(ids) if instance not in self._names}
        return LabelImage(ids, self._names | unnamed if unnamed else self._names)

    def label_image_raw(self, index: int) -> NDArray[np.uint16] | None:
        """Raw label ids of frame ``index``, (H, W) uint16 as stored, 0 = none; None where not known.

        Raises:
            InputError, ScanError: as for ``truth``.
        """
        return self._read(self._labels, index)

    def label_names(self) -> dict[int, str]:
        """Label of each instance id, from the aggregation file.

        Without that file: what most of an instance's pixels say in the label images, in terms of the
        label map. This reads up to 300 frames, once. Without those too: empty.

        Raises:
            ScanError: one of the files is damaged.
        """
        return dict(self._names)

    @cached_property
    def _names(self) -> dict[int, str]:
        if self._files.aggregation is not None:
            return read_aggregation(self._files.aggregation)
        if self._instances is None or self._labels is None or not self.label_map:
            return {}
        return majority_labels(self._instances, self._labels, self.label_map, len(self))

    @cached_property
    def label_map(self) -> Mapping[int, str]:
        """Name (raw category) of each raw label id; empty without a label map. Raises ScanError."""
        return {} if self._label_map_path is None else read_label_map(self._label_map_path)

    @cached_property
    def meta(self) -> Mapping[str, str]:
        """The entries of ``sceneXXXX_YY.txt``; empty without it. Raises ScanError."""
        return {} if self._files.meta is None else read_meta(self._files.meta)

    @property
    def axis_alignment(self) -> NDArray[np.float64]:
        """(4, 4) float64 from the scan's world to one with upright axes; identity where not given."""
        return axis_alignment(self.meta, f"{self.name}.txt")

    def close(self) -> None:
        """Closes the files."""
        self._opened.close()

    def __enter__(self) -> ScanNetScan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, images: FrameZip | None, index: int) -> NDArray[np.uint16] | None:
        index = self._checked(index)
        return None if images is None else images.read(index)

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise InputError(mismatch(f"frame of {self.name}", f"an index from 0 to {len(self) - 1}", index))
        return index


def _cameras(sens: SensReader) -> tuple[Intrinsics, Intrinsics]:
    try:
        return sens.header.colour_camera, sens.header.depth_camera
    except InputError as error:
        raise ScanError(f"{sens.path}: {error}") from error


def _open_zip(path: Path | None, camera: Intrinsics, opened: ExitStack) -> FrameZip | None:
    return None if path is None else opened.enter_context(FrameZip(path, (camera.width, camera.height)))


def _ids_in(image: NDArray[np.uint16]) -> list[int]:
    counts = np.bincount(image.ravel())
    counts[:1] = 0
    return np.flatnonzero(counts).tolist()
