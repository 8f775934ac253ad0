"""The stored views of one scene: ``SCENE.tar`` with the images and ``SCENE.npz`` with all the rest.

The images lie in a plain tar file, named as WebDataset names them: ``KEY.jpg`` is the colour and
``KEY.png`` the mask. Training by P x K batches reads single views in random order, so the table keeps
the byte offset of each: one read of some kilobytes gives both images. Parquet would read and decode a
row group for each view. A shard is the unit of parallel work, of restart, and of folds without common
scenes.
"""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reobj.errors import StorageError, ViewsError, mismatch
from reobj.files import atomic_path, remove
from reobj.views.counts import ClassCount, Counts

FORMAT = "reobj views"
VERSION = 1
SHARDS = "shards"  #: folder of the shards within a folder of views

#: A row of the table in a shard. ``label`` is an index into the shard's own labels.
ROW = np.dtype(
    [
        ("instance", "<i8"),
        ("label", "<i8"),
        ("frame", "<i8"),
        ("stamp_ns", "<i8"),
        ("box", "<f4", 4),
        ("region", "<f4", 4),
        ("frame_size", "<i8", 2),
        ("overlap", "<f4"),
        ("pose", "<f8", (4, 4)),
        ("direction", "<f4", 3),
        ("jpg_at", "<i8"),
        ("jpg_bytes", "<i8"),
        ("png_at", "<i8"),
        ("png_bytes", "<i8"),
    ]
)

_BLOCK = 512  # of a tar file (POSIX.1-1988)
_END = bytes(2 * _BLOCK)


@dataclass(frozen=True, slots=True)
class ShardHead:
    """What a shard says of itself.

    Attributes:
        settings: of the build, as plain data.
        source: what tells the recording from another of that name, as plain data.
        frames: of the recording that were looked at.
        counts: by label.
        tar_bytes: length of the tar file.
    """

    settings: Mapping[str, Any]
    source: Mapping[str, Any]
    frames: int
    counts: Counts
    tar_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """A shard without its pixels.

    Attributes:
        head: of it.
        rows: (N,) of type ``ROW``.
        labels: names that ``rows["label"]`` points to.
    """

    head: ShardHead
    rows: NDArray[np.void]
    labels: tuple[str, ...]


class ShardWriter:
    """Writes one shard in constant memory; the table comes last, and only a finished shard has one.

    Args:
        folder: of the shards.
        scene: name of the shard.

    Raises:
        StorageError: on any refused write, here, in ``add`` or in ``finish``.
    """

    def __init__(self, folder: Path, scene: str) -> None:
        self._table = folder / f"{scene}.npz"
        self._rows: list[NDArray[np.void]] = []
        self._labels: dict[str, int] = {}
        self._opened = ExitStack()
        try:
            self._tar = self._begin(folder, scene)
        except OSError as error:
            raise StorageError(f"cannot write {self._table}: {error.strerror}") from error

    def _begin(self, folder: Path, scene: str) -> BinaryIO:
        """Clears away what a killed build left, and opens the tar file under a temporary name."""
        folder.mkdir(parents=True, exist_ok=True)
        for kind in ("tar", "npz"):
            for leftover in folder.glob(f".{escape(scene)}.{kind}.*.part"):
                remove(leftover)
        self._table.unlink(missing_ok=True)  # from here on the old tar file may go at any time
        temporary = self._opened.enter_context(atomic_path(folder / f"{scene}.tar"))
        return self._opened.enter_context(temporary.open("wb"))

    def add(self, row: NDArray[np.void], label: str, jpg: bytes, png: bytes) -> None:
        """Appends a view.

        Args:
            row: () of type ``ROW``; label and offsets are filled in here.
            label: of the object.
            jpg, png: the colour and the mask.
        """
        key = f"{int(row['frame']):06d}_{int(row['instance']):05d}"
        row["label"] = self._labels.setdefault(label, len(self._labels))
        row["jpg_at"], row["jpg_bytes"] = self._append(f"{key}.jpg", jpg), len(jpg)
        row["png_at"], row["png_bytes"] = self._append(f"{key}.png", png), len(png)
        self._rows.append(row)

    def finish(
        self, settings: Mapping[str, Any], source: Mapping[str, Any], frames: int, counts: Counts
    ) -> Shard:
        """Ends both files and gives them their names."""
        self._write(_END)
        head = ShardHead(settings, source, frames, counts, self._tar.tell())
        self._opened.close()
        shard = Shard(head, np.array(self._rows, ROW), tuple(self._labels))
        with atomic_path(self._table) as temporary, temporary.open("wb") as file:
            np.savez(
                file, rows=shard.rows, labels=np.array(shard.labels, np.str_), head=np.array(_head_text(head))
            )
        return shard

    def abort(self) -> None:
        """Leaves nothing behind."""
        failure = StorageError("given up")  # what tells ``atomic_path`` to remove the file
        self._opened.__exit__(type(failure), failure, None)

    def _append(self, name: str, data: bytes) -> int:
        """Appends a file to the tar; returns where its bytes begin."""
        info = tarfile.TarInfo(name)  # its times and owners are 0: the same views give the same bytes
        info.size = len(data)
        self._write(info.tobuf(tarfile.USTAR_FORMAT))
        at = self._tar.tell()
        self._write(data + bytes(-len(data) % _BLOCK))
        return at

    def _write(self, data: bytes) -> None:
        try:
            self._tar.write(data)
        except OSError as error:
            raise StorageError(f"cannot write {self._table.with_suffix('.tar')}: {error.strerror}") from error


def read_shard(folder: Path, scene: str) -> Shard:
    """The table of a shard; its pixels stay on disk.

    Raises:
        ViewsError: missing, damaged, of another version, or the tar file has another length.
    """
    path = folder / f"{scene}.npz"
    try:
        with np.load(path, allow_pickle=False) as data:
            shard = Shard(_parse_head(str(data["head"])), data["rows"], tuple(data["labels"].tolist()))
        length = path.with_suffix(".tar").stat().st_size
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ViewsError(
            f"{path}: expected the table of a shard, got {type(error).__name__}: {error}"
        ) from error
    if shard.rows.dtype != ROW or shard.rows.ndim != 1:
        raise ViewsError(mismatch(f"{path}: rows", f"those of version {VERSION}", shard.rows.dtype))
    if length != shard.head.tar_bytes:
        expected = f"{shard.head.tar_bytes} bytes"
        raise ViewsError(mismatch(str(path.with_suffix(".tar")), expected, f"{length}"))
    return shard


def _head_text(head: ShardHead) -> str:
    counts = {label: [c.detections, c.views, c.instances] for label, c in sorted(head.counts.items())}
    data = {
        "format": FORMAT,
        "version": VERSION,
        "settings": head.settings,
        "source": head.source,
        "frames": head.frames,
        "counts": counts,
        "tar_bytes": head.tar_bytes,
    }
    return json.dumps(data, sort_keys=True)


def _parse_head(text: str) -> ShardHead:
    """Raises ValueError, KeyError or TypeError for anything else."""
    data = json.loads(text)
    if (data["format"], data["version"]) != (FORMAT, VERSION):
        got = f"{data['format']!r} version {data['version']}"
        raise ValueError(mismatch("shard", f"{FORMAT!r} version {VERSION}", got))
    counts = {label: ClassCount(*map(int, c)) for label, c in data["counts"].items()}
    return ShardHead(data["settings"], data["source"], int(data["frames"]), counts, int(data["tar_bytes"]))
