"""Views on disk, one by one in any order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, ViewsError, mismatch
from reobj.views.cutting import StoredView
from reobj.views.index import INDEX, ViewsIndex, read_index
from reobj.views.settings import ViewSettings
from reobj.views.shard import SHARDS, Shard, read_shard
from reobj.views.table import ViewTable


class ViewStore:
    """One folder of views, or several as one.

    Only the tables are in memory. No file stays open: a store may be used by several threads, be
    inherited by a fork and be sent to another process, and many scenes meet no limit of open files.

    Args:
        paths: folder or folders as ``reobj views build`` makes them.

    Raises:
        ViewsError: missing, damaged, of another version.
        InputError: no folder, a scene that is in two of them, or folders of different context.
    """

    def __init__(self, paths: Path | str | Sequence[Path | str]) -> None:
        folders = [Path(p) for p in ([paths] if isinstance(paths, (str, Path)) else paths)]
        indices = [read_index(folder) for folder in folders]
        if not indices:
            raise InputError(mismatch("views", "at least one folder", "none"))
        self._settings = indices[0].settings
        _check_together([index.settings for index in indices], [index.scenes for index in indices])
        held = list(zip(folders, indices, strict=True))
        places = [(folder / SHARDS, scene) for folder, index in held for scene in index.scenes]
        shards = [shard for folder, index in held for shard in _shards(folder, index)]
        self._tars = tuple(str(folder / f"{scene}.tar") for folder, scene in places)
        self._bytes = _columns(shards, "jpg_at", "jpg_bytes", "png_at", "png_bytes")
        self._table = _table(shards, tuple(scene for _, scene in places))

    def __len__(self) -> int:
        return len(self._table)

    @property
    def table(self) -> ViewTable:
        """What is known of all views."""
        return self._table

    @property
    def settings(self) -> ViewSettings:
        """How the (first) folder was built."""
        return self._settings

    def read(self, row: int) -> StoredView:
        """The pixels of view ``row`` of the table.

        Raises:
            InputError: no such row.
            ViewsError: the shard is missing or damaged there.
        """
        if not 0 <= row < len(self):
            raise InputError(mismatch("row", f"one of {len(self)} views", row))
        jpg_at, jpg_bytes, png_at, png_bytes = self._bytes[row].tolist()
        data = self._read(row, jpg_at, png_at + png_bytes - jpg_at)
        colour = _decoded(data[:jpg_bytes], cv2.IMREAD_COLOR)
        mask = _decoded(data[png_at - jpg_at :], cv2.IMREAD_GRAYSCALE)
        if colour is None or mask is None or colour.shape[:2] != mask.shape:
            raise ViewsError(f"{self._place(row)}: expected a JPEG and a PNG image of one size, got others")
        cv2.cvtColor(colour, cv2.COLOR_BGR2RGB, dst=colour)
        table = self._table
        width, height = table.frame_sizes[row].tolist()
        return StoredView(colour, mask > 0, table.boxes[row], table.regions[row], (width, height))

    def _read(self, row: int, at: int, count: int) -> memoryview:
        try:
            file = os.open(self._tars[self._table.scenes[row]], os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.pread(file, count, at)
            finally:
                os.close(file)
        except OSError as error:
            raise ViewsError(f"{self._place(row)}: cannot be read: {error.strerror}") from error
        if len(data) != count:
            raise ViewsError(mismatch(self._place(row), f"{count} bytes at {at}", len(data)))
        return memoryview(data)

    def _place(self, row: int) -> str:
        return f"{self._tars[self._table.scenes[row]]}, view {row}"


def _check_together(settings: Sequence[ViewSettings], scenes: Sequence[Sequence[str]]) -> None:
    """Raises InputError unless the folders can be one store."""
    names = list(chain.from_iterable(scenes))
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputError(mismatch("folders of views", "different scenes", f"{', '.join(twice)} in two"))
    contexts = {s.context for s in settings}
    if len(contexts) > 1:
        raise InputError(mismatch("folders of views", "one context", ", ".join(map(str, contexts))))


def _shards(folder: Path, index: ViewsIndex) -> list[Shard]:
    """The tables of a folder. Raises ViewsError also where another build began and did not end."""
    shards = [read_shard(folder / SHARDS, scene) for scene in index.scenes]
    wanted = index.settings.mapping()
    for scene, shard in zip(index.scenes, shards, strict=True):
        if shard.head.settings != wanted:
            message = "another build of this folder was not finished, run it again"
            raise ViewsError(f"{folder}, {scene}: expected the settings of {INDEX}, got others: {message}")
    return shards


def _columns(shards: Sequence[Shard], *names: str) -> NDArray[np.int64]:
    """(N, len(names)) int64 of all shards' rows."""
    parts = [np.stack([shard.rows[name] for name in names], axis=1) for shard in shards]
    return np.concatenate([np.zeros((0, len(names)), np.int64), *parts])


def _table(shards: Sequence[Shard], scene_names: tuple[str, ...]) -> ViewTable:
    """All shards' rows, with labels numbered over all of them."""
    label_names = tuple(sorted(set(chain.from_iterable(shard.labels for shard in shards))))
    number = {name: code for code, name in enumerate(label_names)}
    labels = [np.array([number[n] for n in s.labels], np.int64)[s.rows["label"]] for s in shards]
    empty = np.zeros(0, np.int64)

    def column(name: str, shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
        return np.concatenate([np.zeros((0, *shape), kind), *(shard.rows[name] for shard in shards)])

    return ViewTable(
        scenes=np.repeat(np.arange(len(shards)), [len(shard.rows) for shard in shards]),
        instances=column("instance", (), np.int64),
        labels=np.concatenate([empty, *labels]),
        frames=column("frame", (), np.int64),
        stamps_ns=column("stamp_ns", (), np.int64),
        boxes=column("box", (4,), np.float32),
        regions=column("region", (4,), np.float32),
        frame_sizes=column("frame_size", (2,), np.int64),
        overlaps=column("overlap", (), np.float32),
        poses=column("pose", (4, 4), np.float64),
        directions=column("direction", (3,), np.float32),
        scene_names=scene_names,
        label_names=label_names,
    )


def _decoded(data: memoryview, flags: int) -> NDArray[np.uint8] | None:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)
