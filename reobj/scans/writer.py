"""Writes a scan folder in exactly ScanNet's form, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.files import atomic_path
from reobj.scans.frame_zip import FrameZipWriter
from reobj.scans.image_size import JPEG_MAGIC, image_size
from reobj.scans.labels import LABEL_MAP_NAME, aggregation, meta_text, write_label_map
from reobj.scans.mesh import Mesh, write_mesh
from reobj.scans.sens_format import SensHeader, matrix_of
from reobj.scans.sens_writer import SensWriter, check_image, check_writable
from reobj.types import Intrinsics, check_pose

MAX_INSTANCE = 255  # instance images have 8 bits


class ScanNetWriter:
    """Writes ``folder`` as a ScanNet scan that :class:`reobj.scans.scannet.ScanNetScan` reads back.

    Streams: memory does not grow with the number of frames. The folder appears
    under its name only when the ``with`` block ends well; an old one is replaced then.

        with ScanNetWriter(folder, camera, camera, {1: "chair", 2: "chair"}) as scan:
            scan.add(stamp_us, rgb, depth_mm, pose, instance_ids)

    Args:
        folder: the scan's folder; its last part names the files, ``sceneXXXX_YY`` in ScanNet.
        colour, depth: the two cameras; colour and depth images must have their sizes.
        objects: label of each instance id, 1 to 255; an image may hold no other id but 0.
        label_ids: id of each label in the label images, 1 to 65535; default: labels in
            alphabetical order, from 1. May name labels that no object has (wall, floor).
        sensor_name: goes into the header of the ``.sens`` file.
        jpeg_quality: 1 to 100, for colour given as arrays. Higher: larger files, fewer artefacts.
        mesh: the scene's surface, with its instances; without it the mesh and its segments are left out.

    Raises:
        InputError: an id, label or quality out of range.
        StorageError: the operating system refused a write; nothing is left behind.
    """

    def __init__(
        self,
        folder: Path | str,
        colour: Intrinsics,
        depth: Intrinsics,
        objects: Mapping[int, str],
        *,
        label_ids: Mapping[str, int] | None = None,
        sensor_name: str = "reobj",
        jpeg_quality: int = 90,
        mesh: Mesh | None = None,
    ) -> None:
        self.folder = Path(folder)
        if not self.folder.name:
            raise InputError(
                mismatch("scan folder", "a path that ends in the scan's name", repr(str(folder)))
            )
        self.objects = dict(objects)
        self.label_ids = _checked_labels(self.objects, label_ids)
        self._header = SensHeader(
            colour_intrinsic=matrix_of(colour),
            depth_intrinsic=matrix_of(depth),
            colour_size=(colour.width, colour.height),
            depth_size=(depth.width, depth.height),
            sensor_name=sensor_name,
        )
        check_writable(self._header, jpeg_quality)
        self._jpeg_quality = jpeg_quality
        self._mesh = mesh
        self._known = np.zeros(2**16, bool)
        self._known[[0, *self.objects]] = True
        self._label_of = np.zeros(MAX_INSTANCE + 1, np.uint16)
        self._label_of[list(self.objects)] = [self.label_ids[label] for label in self.objects.values()]
        if mesh is not None:
            self._check_known("mesh", mesh.instances)
        self._last_stamp_us = -1
        self._writing = self._write()

    @property
    def name(self) -> str:
        """The scan's name, which its files begin with."""
        return self.folder.name

    def add(
        self,
        stamp_us: int,
        colour: bytes | NDArray[np.uint8],
        depth_mm: NDArray[np.uint16],
        pose: NDArray[np.float64] | None,
        instance_ids: NDArray[np.uint8] | NDArray[np.uint16],
        label_ids: NDArray[np.uint16] | None = None,
    ) -> None:
        """Appends one frame.

        Args:
            stamp_us: microseconds, >= 0, later than the last frame's.
            colour: JPEG bytes, or (H, W, 3) uint8 RGB, which is encoded.
            depth_mm: (h, w) uint16 millimetres, 0 where unknown, of the depth camera's size.
            pose: (4, 4) camera-to-world, or None where tracking was lost.
            instance_ids: (H, W), 0 = none, of the colour camera's size.
            label_ids: (H, W) uint16 raw label ids, 0 = none; default: those of the instances.

        Raises:
            InputError: an image of another size or type, an unknown instance, a stamp that goes back,
                a pose that is not rigid. Nothing is written then, the scan stays usable.
            OSError: the operating system refused a write; the ``with`` block makes it a StorageError.
        """
        if stamp_us <= self._last_stamp_us:
            raise InputError(mismatch("stamp", f"later than {self._last_stamp_us} us", f"{stamp_us} us"))
        if pose is not None:
            check_pose(pose)
        if isinstance(colour, bytes):
            _check_jpeg(colour, self._header.colour_size)
        check_image("instance", instance_ids, self._header.colour_size[::-1], np.uint8, np.uint16)
        self._check_known("image", instance_ids)
        instance_ids = instance_ids.astype(np.uint8, copy=False)
        if label_ids is None:
            label_ids = self._label_of[instance_ids]
        check_image("label", label_ids, instance_ids.shape, np.uint16)
        frame = self._sens.frames
        self._sens.add(pose, colour, depth_mm, stamp_us)
        self._instances.add(frame, instance_ids)
        self._labels.add(frame, label_ids)
        self._last_stamp_us = stamp_us

    def __enter__(self) -> ScanNetWriter:
        self._writing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writing.__exit__(kind, error, trace)

    @contextmanager
    def _write(self) -> Iterator[None]:
        with atomic_path(self.folder) as folder:
            folder.mkdir()
            with (
                (folder / f"{self.name}.sens").open("wb") as file,
                FrameZipWriter(folder / f"{self.name}_2d-instance-filt.zip", "instance-filt") as instances,
                FrameZipWriter(folder / f"{self.name}_2d-label-filt.zip", "label-filt") as labels,
            ):
                self._sens = SensWriter(file, self._header, self._jpeg_quality)
                self._instances, self._labels = instances, labels
                yield
                self._sens.finish()
            self._write_texts(folder)

    def _write_texts(self, folder: Path) -> None:
        groups = aggregation(self.name, self.objects, with_segments=self._mesh is not None)
        (folder / f"{self.name}.aggregation.json").write_text(json.dumps(groups), encoding="utf-8")
        meta = meta_text(self._header, self._sens.frames)
        (folder / f"{self.name}.txt").write_text(meta, encoding="utf-8")
        write_label_map(folder / LABEL_MAP_NAME, self.label_ids)
        if self._mesh is not None:
            write_mesh(folder, self.name, self._mesh)

    def _check_known(self, what: str, ids: NDArray[np.integer]) -> None:
        unknown = ~self._known[ids]
        if unknown.any():
            expected = f"0 and the {len(self.objects)} ids of objects"
            raise InputError(
                mismatch(f"instance ids of the {what}", expected, np.unique(ids[unknown]).tolist())
            )


def _check_jpeg(colour: bytes, size: tuple[int, int]) -> None:
    got = image_size(colour)
    if not colour.startswith(JPEG_MAGIC) or got != size:
        raise InputError(mismatch("colour image", f"JPEG of {size[0]}x{size[1]}", got or "other bytes"))


def _checked_labels(objects: Mapping[int, str], label_ids: Mapping[str, int] | None) -> dict[str, int]:
    labels = sorted(set(objects.values()))
    numbers = dict(zip(labels, count(1), strict=False)) if label_ids is None else dict(label_ids)
    if not all(1 <= instance <= MAX_INSTANCE for instance in objects):
        raise InputError(mismatch("instance ids of objects", f"1 to {MAX_INSTANCE}", sorted(objects)))
    if not numbers.keys() >= set(labels):
        raise InputError(mismatch("label_ids", f"all of {labels}", sorted(numbers)))
    values = sorted(numbers.values())
    if len(set(values)) < len(values) or not all(1 <= value < 2**16 for value in values):
        raise InputError(mismatch("label_ids", "different numbers from 1 to 65535", values))
    if any(not label.strip() or set("\t\r\n") & set(label) for label in numbers):
        raise InputError(mismatch("labels", "names without tabs and line breaks", sorted(numbers)))
    return numbers
