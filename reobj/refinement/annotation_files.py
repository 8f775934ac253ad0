"""An annotation on disk: a scan in ScanNet's form, and pictures to look it through."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, StorageError, mismatch
from reobj.files import atomic_path
from reobj.offline import frame_rate
from reobj.progress import Progress, silent
from reobj.refinement.annotation import Annotation
from reobj.refinement.archive import FrameArchive
from reobj.refinement.contact_sheet import ContactSheet
from reobj.refinement.doubts import Doubt, find_doubts
from reobj.refinement.frame_masks import FrameMasks
from reobj.refinement.refined_run import tracked
from reobj.scans.frame_zip import FrameZipWriter
from reobj.scans.labels import aggregation
from reobj.scans.registration import Resampler
from reobj.scans.scan_files import find_scan
from reobj.scans.scannet import ScanNetScan
from reobj.scans.sens import SensReader
from reobj.scans.writer import ScanNetWriter
from reobj.types import Frame
from reobj.visual.overlay import draw_overlay
from reobj.visual.video import VideoWriter

SUMMARY_FILE, SHEET_FILE, VIDEO_FILE = "annotation.json", "sheet.jpg", "overlay.mp4"
_DEPTH_MAX_MM = 65_535


def check_out(out: Path, others: Sequence[Path]) -> None:
    """Raises InputError when ``out`` holds anything but an annotation, which would be replaced."""
    if any(out.resolve() == other.resolve() for other in others):
        raise InputError(mismatch("--out", "a folder of its own", out))
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / SUMMARY_FILE).is_file())):
        raise InputError(
            mismatch(f"--out {out}", "a new folder, or one with an earlier annotation", "other files")
        )


def write_annotation(
    out: Path, source: Path, archive: FrameArchive, found: Annotation, progress: Progress = silent
) -> list[Doubt]:
    """Writes ``out``, which appears under its name when it is complete.

    Args:
        out: the folder: a scan that ``open_source`` takes, with what was found as its true instances;
            pictures; and ``annotation.json``.
        source: path of the recording.
        archive: the recording.
        found: the annotation.
        progress: counts frames.

    Returns:
        The doubts.

    Raises:
        InputError: a recording without intrinsics, which ScanNet's form needs.
        StorageError: the operating system refused a write.
    """
    doubts = find_doubts(found.book)
    with atomic_path(out) as folder:
        folder.mkdir()
        _write_scan(folder, source, archive, found)
        _write_pictures(folder, archive, found, progress)
        text = json.dumps(_summary(archive, found, doubts), indent=1)
        (folder / SUMMARY_FILE).write_text(text, encoding="utf-8")
    return doubts


def _write_scan(folder: Path, source: Path, archive: FrameArchive, found: Annotation) -> None:
    if isinstance(archive.source, ScanNetScan):
        _write_beside(folder, source, archive.source, found)
    else:
        _write_whole(folder, archive, found)


def _write_beside(folder: Path, source: Path, scan: ScanNetScan, found: Annotation) -> None:
    """The recording itself as it is, with other instance images, in the size of its colour images."""
    files, name = find_scan(source), scan.name
    _link(files.sens, folder / f"{name}.sens")
    if files.meta is not None:
        shutil.copyfile(files.meta, folder / f"{name}.txt")
    with SensReader(files.sens) as sens:
        resampler = Resampler(scan.intrinsics, sens.header.colour_camera)
    with FrameZipWriter(folder / f"{name}_2d-instance-filt.zip", "instance-filt") as images:
        for number in range(len(found.book)):
            images.add(number, resampler.nearest(id_image(found.book[number])))
    groups = aggregation(name, found.drawing.names, with_segments=False)
    (folder / f"{name}.aggregation.json").write_text(json.dumps(groups), encoding="utf-8")


def _write_whole(folder: Path, archive: FrameArchive, found: Annotation) -> None:
    """A recording of another kind becomes a scan."""
    camera = archive[0][0].intrinsics
    if camera is None:
        raise InputError(mismatch(f"recording {archive.name}", "the camera's intrinsics", "none"))
    inner = folder / archive.name
    with ScanNetWriter(inner, camera, camera, found.drawing.names) as scan:
        for number, (frame, _) in enumerate(archive.in_order(range(len(found.book)))):
            ids = id_image(found.book[number])
            scan.add(frame.stamp_ns // 1000, frame.colour, _depth_mm(frame), frame.pose, ids)
    for path in list(inner.iterdir()):
        path.rename(folder / path.name)
    inner.rmdir()


def id_image(masks: FrameMasks) -> NDArray[np.uint8]:
    """(H, W) uint8 object ids, 0 for nothing."""
    ids = np.concatenate([[0], masks.object_ids]).astype(np.uint8)
    return ids[masks.label_image]


def _depth_mm(frame: Frame) -> NDArray[np.uint16]:
    if frame.depth is None:
        return np.zeros((frame.height, frame.width), np.uint16)
    depth = np.nan_to_num(frame.depth * 1000, nan=0.0, posinf=0.0)
    return np.rint(depth.clip(0, _DEPTH_MAX_MM)).astype(np.uint16)


def _link(source: Path, target: Path) -> None:
    """A second name for the file where the file system can do that, else a copy."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _write_pictures(folder: Path, archive: FrameArchive, found: Annotation, progress: Progress) -> None:
    sheet, count = ContactSheet(len(found.book), found.drawing.names), len(found.book)
    with VideoWriter(folder / VIDEO_FILE, frame_rate(archive.source)) as video:
        for number, (frame, _) in enumerate(archive.in_order(range(count))):
            masks = found.book[number]
            shown = masks.select(np.flatnonzero(masks.object_ids > 0))
            video.add(draw_overlay(frame.colour, shown.instances(), tracked(shown)))
            sheet.add(number, frame, shown)
            progress(number + 1, count)
    try:
        (folder / SHEET_FILE).write_bytes(sheet.jpeg())
    except OSError as error:
        raise StorageError(f"cannot write {SHEET_FILE}: {error}") from error


def _summary(archive: FrameArchive, found: Annotation, doubts: Sequence[Doubt]) -> dict[str, object]:
    shown = dict.fromkeys(found.drawing.names, 0)
    for number in range(len(found.book)):
        for object_id in found.book.rows(number).shown():
            shown[object_id] += 1
    names = found.drawing.names
    return {
        "source": archive.name,
        "frames": len(found.book),
        "drawn_frames": list(found.drawing.images),
        "objects": [{"id": i, "name": names[i], "frames": count} for i, count in shown.items()],
        "doubts": [{"object": d.object_id, "first": d.first, "last": d.last, "why": d.why} for d in doubts],
    }
