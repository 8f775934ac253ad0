"""A map file as arrays again."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.association.store.columns import Ids
from reobj.association.store.opening import opened_for_reading
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.store.visit_rows import VisitRows
from reobj.errors import InputError, MapFileError
from reobj.types import Event, EventKind, ModelId

#: what values of the wrong kind in a table raise
_DAMAGE = (InputError, ValueError, TypeError, KeyError, AttributeError)
_MAP = "SELECT uuid, model_name, model_hash, model_dim, next_object_id, next_event_id, next_visit_id FROM map"
_PROTOTYPES = (
    "SELECT object_id, slot, visit_id, stamp_ns, embedding, pose FROM prototypes ORDER BY object_id, slot"
)


def read_map(path: Path | str) -> MapSnapshot:
    """All objects of a map file that nobody has open.

    Raises:
        MapFileError, MapVersionError, StorageError: as ``opened_for_reading``.
    """
    path = Path(path)
    with opened_for_reading(path) as connection:
        return read_snapshot(connection)


def read_events(path: Path | str) -> tuple[Event, ...]:
    """The whole history of a map file that nobody has open.

    Raises:
        MapFileError, MapVersionError, StorageError: as ``opened_for_reading``.
    """
    with opened_for_reading(Path(path)) as connection:
        return history(connection)


def read_snapshot(connection: sqlite3.Connection) -> MapSnapshot:
    """All objects. Raises MapFileError where tables hold something else than was written."""
    try:
        map_uuid, *model, next_object_id, next_event_id, next_visit_id = connection.execute(_MAP).fetchone()
        prototypes = _prototypes(connection, model[2] or 0)
        return MapSnapshot(
            uuid=map_uuid,
            model=None if model[0] is None else ModelId(*model),
            next_object_id=next_object_id,
            next_event_id=next_event_id,
            next_visit_id=next_visit_id,
            objects=_objects(connection, prototypes.object_ids),
            visits=_visits(connection),
            prototypes=prototypes,
            cannot_links=_array(_all(connection, "SELECT low, high FROM cannot_links"), np.int64, 2),
            redirects=dict(_all(connection, "SELECT old_id, new_id FROM redirects")),
        )
    except _DAMAGE as error:
        raise MapFileError(f"damaged object map: {error}") from error


def history(connection: sqlite3.Connection) -> tuple[Event, ...]:
    """All events in the order of their ids. Raises MapFileError."""
    try:
        return tuple(_event(*row) for row in _all(connection, "SELECT * FROM events ORDER BY event_id"))
    except _DAMAGE as error:
        raise MapFileError(f"damaged object map: {error}") from error


def _objects(connection: sqlite3.Connection, owners: Ids) -> ObjectRows:
    """All objects; ``owners``: (K,) whose the prototypes are, in ascending order."""
    columns: list[Any] = list(zip(*_all(connection, "SELECT * FROM objects ORDER BY object_id"), strict=True))
    if not columns:
        return ObjectRows.empty()
    ids, uuids, names, states, votes, x, y, z, *extent, orientations, covariances = columns[:13]
    first_seen, last_seen, views, visits = columns[13:]
    matrix, words = _votes(votes)
    object_ids = _array(ids, np.int64)
    counts = np.searchsorted(owners, object_ids, "right") - np.searchsorted(owners, object_ids)
    return ObjectRows(
        object_ids,
        uuids,
        names,
        _array(states, np.int64),
        matrix,
        words,
        np.array([x, y, z], np.float64).T,
        _from_blobs(covariances, "<f8", (3, 3)),
        np.array(extent, np.float64).T,
        _from_blobs(orientations, "<f8", (4,)),
        _array(first_seen, np.int64),
        _array(last_seen, np.int64),
        _array(views, np.int64),
        _array(visits, np.int64),
        counts,
    )


def _visits(connection: sqlite3.Connection) -> VisitRows:
    columns: list[Any] = list(zip(*_all(connection, "SELECT * FROM visits ORDER BY visit_id"), strict=True))
    if not columns:
        return VisitRows.empty()
    ids, object_ids, tracks, kinds, probabilities, first, last, views, votes, x, y, z, *extent = columns[:15]
    orientations, covariances, moved, last_poses = columns[15:]
    matrix, words = _votes(votes)
    return VisitRows(
        _array(ids, np.int64),
        _array(object_ids, np.int64),
        _array(tracks, np.int64),
        _array(kinds, np.int64),
        _array(probabilities, np.float64),
        _array(first, np.int64),
        _array(last, np.int64),
        _array(views, np.int64),
        matrix,
        words,
        np.array([x, y, z], np.float64).T,
        _from_blobs(covariances, "<f8", (3, 3)),
        np.array(extent, np.float64).T,
        _from_blobs(orientations, "<f8", (4,)),
        _array(moved, np.int64),
        _from_blobs(last_poses, "<f8", (4, 4)),
    )


def _votes(texts: tuple[str, ...]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """(M, L) votes of M rows, and the L words that they are for."""
    votes: list[dict[str, float]] = [json.loads(text) for text in texts]
    codes = {word: code for code, word in enumerate(dict.fromkeys(word for row in votes for word in row))}
    matrix = np.zeros((len(votes), len(codes)))
    for row, counts in enumerate(votes):
        for word, count in counts.items():
            matrix[row, codes[word]] = count
    return matrix, tuple(codes)


def _prototypes(connection: sqlite3.Connection, dim: int) -> PrototypeRows:
    rows = _all(connection, _PROTOTYPES)
    if not rows:
        return PrototypeRows.empty(dim)
    ids, slots, visits, stamps, embeddings, poses = zip(*rows, strict=True)
    return PrototypeRows(
        _array(ids, np.int64),
        _array(slots, np.int64),
        _array(visits, np.int64),
        _from_blobs(embeddings, "<f4", (dim,)),
        _array(stamps, np.int64),
        _from_blobs(poses, "<f8", (4, 4)),
    )


def _event(
    event_id: int,
    kind: int,
    stamp_ns: int,
    object_ids: str,
    track_id: int,
    probability: float,
    absence_ns: int,
    name: str,
    details: str,
    pose_then: bytes | None,
    pose_now: bytes | None,
) -> Event:
    return Event(
        EventKind(kind),
        stamp_ns,
        tuple(json.loads(object_ids)),
        track_id,
        probability,
        absence_ns,
        event_id,
        name,
        _pose(pose_then),
        _pose(pose_now),
        json.loads(details),
    )


def _all(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _array(values: Any, dtype: type[np.generic], width: int = 0) -> NDArray[Any]:
    return np.array(values, dtype).reshape((-1, width) if width else (-1,))


def _pose(blob: bytes | None) -> NDArray[np.float64] | None:
    return None if blob is None else _from_blobs([blob], "<f8", (4, 4))[0]


def _from_blobs(blobs: Any, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """(N, *shape) writable, in the byte order of this machine."""
    flat = np.frombuffer(b"".join(blobs), dtype).reshape(len(blobs), *shape)
    return flat.astype(flat.dtype.newbyteorder("="))
