"""Which views ask and which views answer: the question itself, published so that others can ask it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, StorageError, mismatch
from reobj.evaluation.retrieval_views import Views
from reobj.files import write_text

FORMAT = "reobj retrieval index"
VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Queries that share one gallery. **A view is never compared with itself**: where a query's own view
    is in the gallery too, it is neither right nor wrong.

    Attributes:
        queries: (M,) int64, rows of the views that ask.
        pools: (M,) int64 ascending, 0, 1, ...: rows of the same pool ask together (multiple query); all
            of one object. Single query: 0 to M - 1.
        gallery: (G,) int64, rows of the views that answer, different.
    """

    queries: NDArray[np.int64]
    pools: NDArray[np.int64]
    gallery: NDArray[np.int64]

    def __post_init__(self) -> None:
        steps = np.diff(self.pools, prepend=0)
        if self.pools.shape != self.queries.shape or not np.isin(steps, (0, 1)).all() or self.pools[:1].any():
            expected = f"{self.queries.shape} numbers 0, 1, ... without gaps"
            raise InputError(mismatch("pools of an index", expected, self.pools))
        if len(np.unique(self.gallery)) != len(self.gallery):
            raise InputError(mismatch("gallery of an index", "different views", "one of them twice"))

    @classmethod
    def single(cls, queries: NDArray[np.int64], gallery: NDArray[np.int64]) -> Block:
        """Every view asks for itself."""
        return cls(queries, np.arange(len(queries)), gallery)


@dataclass(frozen=True, slots=True)
class RetrievalIndex:
    """All questions of one protocol.

    Attributes:
        protocol: its name.
        blocks: the questions, gallery by gallery.
    """

    protocol: str
    blocks: tuple[Block, ...]

    def rows(self) -> NDArray[np.int64]:
        """(K,) int64 ascending: every view that asks or answers."""
        parts = [part for block in self.blocks for part in (block.queries, block.gallery)]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def write_index(path: Path | str, index: RetrievalIndex, views: Views) -> None:
    """Writes ``index`` as JSON, its views named by scene, instance and frame.

    The file has ``scenes`` and ``labels`` (names), ``views`` (columns ``scene``, ``instance``, ``frame``,
    ``label``; the first and the last index the names) and ``blocks`` of ``query``, ``pool`` and
    ``gallery``, which index the views. It says nothing about embeddings and serves any encoder.

    Raises:
        InputError: the index belongs to other views. StorageError: the file cannot be written.
    """
    rows = index.rows()
    views.check_rows(rows)
    columns = {
        "scene": views.scenes,
        "instance": views.instances,
        "frame": views.frames,
        "label": views.labels,
    }
    blocks = [
        {
            "query": np.searchsorted(rows, block.queries).tolist(),
            "pool": block.pools.tolist(),
            "gallery": np.searchsorted(rows, block.gallery).tolist(),
        }
        for block in index.blocks
    ]
    content = {"format": FORMAT, "version": VERSION, "protocol": index.protocol}
    names = {"scenes": views.scene_names, "labels": views.label_names}
    table = {name: column[rows].tolist() for name, column in columns.items()}
    write_text(path, json.dumps({**content, **names, "views": table, "blocks": blocks}) + "\n")


def read_index(path: Path | str, views: Views) -> RetrievalIndex:
    """Reads an index and finds its views in ``views``, whatever their order there.

    Raises:
        StorageError: the file cannot be read, or is no index of this version.
        InputError: a view of the index is missing in ``views`` or stands there twice.
    """
    content = _parsed(Path(path))
    try:
        names, table = content["scenes"], content["views"]
        columns = (_integers(table[name]) for name in ("scene", "instance", "frame"))
        scenes, instances, frames = (column.tolist() for column in columns)
        keys = [(str(names[s]), i, f) for s, i, f in zip(scenes, instances, frames, strict=True)]
        protocol = str(content["protocol"])
        parts = [[_integers(b[name]) for name in ("query", "pool", "gallery")] for b in content["blocks"]]
        rows = _rows_of(keys, views)
        blocks = tuple(Block(rows[q], pool, rows[g]) for q, pool, g in parts)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise StorageError(mismatch(str(path), FORMAT, f"{type(error).__name__}: {error}")) from error
    return RetrievalIndex(protocol, blocks)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise StorageError(mismatch(str(path), FORMAT, f"no JSON: {error}")) from error
    found = (content.get("format"), content.get("version")) if isinstance(content, dict) else type(content)
    if found != (FORMAT, VERSION):
        raise StorageError(mismatch(str(path), f"{FORMAT}, version {VERSION}", found))
    return content


def _integers(values: object) -> NDArray[np.int64]:
    """(N,) int64 from a JSON list of whole numbers >= 0. Raises ValueError."""
    array = np.array(values)
    if array.shape == (0,):
        return array.astype(np.int64)
    if array.ndim != 1 or array.dtype != np.int64 or array.min() < 0:
        raise ValueError("not a list of whole numbers >= 0")
    return array


def _rows_of(keys: list[tuple[str, int, int]], views: Views) -> NDArray[np.int64]:
    """Row of each (scene, instance, frame). Raises InputError."""
    scenes = [views.scene_names[s] for s in views.scenes.tolist()]
    known = list(zip(scenes, views.instances.tolist(), views.frames.tolist(), strict=True))
    table = {key: row for row, key in enumerate(known)}
    missing = [key for key in keys if key not in table]
    if missing:
        raise InputError(mismatch("views", f"{len(keys)} views of the index", f"none for {missing[0]}"))
    if len(table) != len(known):
        raise InputError(mismatch("views", "one view per scene, instance and frame", "one of them twice"))
    return np.array([table[key] for key in keys], np.int64)
