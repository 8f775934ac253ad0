"""Changes of an object map as SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.association.store.changes import MapChanges
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.visit_rows import VisitRows
from reobj.types import Event

_FORGET = (
    "DELETE FROM objects",
    "DELETE FROM visits",
    "DELETE FROM prototypes",
    "DELETE FROM cannot_links",
    "DELETE FROM redirects",
    "UPDATE map SET model_name = NULL, model_hash = NULL, model_dim = NULL",
)
_NEXT_IDS = (
    "UPDATE map SET next_object_id = max(next_object_id, ?), next_event_id = max(next_event_id, ?), "
    "next_visit_id = max(next_visit_id, ?)"
)


def write(connection: sqlite3.Connection, changes: MapChanges) -> None:
    """Writes all of it in one transaction, or nothing. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _write(connection, changes)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk ends the transaction by itself
            connection.execute("ROLLBACK")
        raise


def _write(connection: sqlite3.Connection, changes: MapChanges) -> None:
    if changes.cleared:
        for statement in _FORGET:
            connection.execute(statement)
    if changes.model is not None:
        connection.execute(
            "UPDATE map SET model_name = ?, model_hash = ?, model_dim = ?",
            (changes.model.name, changes.model.content_hash, changes.model.dim),
        )
    last_event = max((event.event_id for event in changes.events), default=0)
    connection.execute(_NEXT_IDS, (changes.next_object_id, last_event + 1, changes.next_visit_id))
    # rows one by one: SQLite lets the other threads run at each of them
    connection.executemany(f"REPLACE INTO objects VALUES ({_places(17)})", _objects(changes.objects))
    connection.executemany(f"REPLACE INTO visits VALUES ({_places(19)})", _visits(changes.visits))
    connection.executemany(f"REPLACE INTO prototypes VALUES ({_places(6)})", _prototypes(changes.prototypes))
    counts = zip(changes.objects.object_ids.tolist(), changes.objects.prototype_counts.tolist(), strict=True)
    connection.executemany("DELETE FROM prototypes WHERE object_id = ? AND slot >= ?", counts)
    pairs = np.sort(changes.cannot_links).tolist()
    connection.executemany("INSERT OR IGNORE INTO cannot_links VALUES (?, ?)", pairs)
    _redirect(connection, changes)
    connection.executemany(f"INSERT INTO events VALUES ({_places(11)})", map(_event, changes.events))


def _places(count: int) -> str:
    return ", ".join("?" * count)


def _redirect(connection: sqlite3.Connection, changes: MapChanges) -> None:
    for old, new in changes.redirects.items():
        if new:
            connection.execute("REPLACE INTO redirects VALUES (?, ?)", (old, new))
        else:
            connection.execute("DELETE FROM redirects WHERE old_id = ?", (old,))


def _objects(rows: ObjectRows) -> Iterator[tuple[Any, ...]]:
    return zip(
        rows.object_ids.tolist(),
        rows.uuids,
        rows.names,
        rows.states.tolist(),
        _votes(rows),
        *rows.positions.T.tolist(),
        *rows.extents.T.tolist(),
        _blobs(rows.orientations, "<f8"),
        _blobs(rows.covariances, "<f8"),
        rows.first_seen_ns.tolist(),
        rows.last_seen_ns.tolist(),
        rows.views.tolist(),
        rows.visits.tolist(),
        strict=True,
    )


def _visits(rows: VisitRows) -> Iterator[tuple[Any, ...]]:
    return zip(
        rows.visit_ids.tolist(),
        rows.object_ids.tolist(),
        rows.track_ids.tolist(),
        rows.kinds.tolist(),
        rows.probabilities.tolist(),
        rows.first_ns.tolist(),
        rows.last_ns.tolist(),
        rows.views.tolist(),
        _votes(rows),
        *rows.positions.T.tolist(),
        *rows.extents.T.tolist(),
        _blobs(rows.orientations, "<f8"),
        _blobs(rows.covariances, "<f8"),
        rows.moved.tolist(),
        _blobs(rows.last_poses, "<f8"),
        strict=True,
    )


def _prototypes(rows: PrototypeRows) -> Iterator[tuple[Any, ...]]:
    return zip(
        rows.object_ids.tolist(),
        rows.slots.tolist(),
        _blobs(rows.embeddings, "<f4"),
        rows.stamps_ns.tolist(),
        _blobs(rows.poses, "<f8"),
        rows.visit_ids.tolist(),
        strict=True,
    )


def _votes(rows: ObjectRows | VisitRows) -> Iterator[str]:
    return (json.dumps(rows.votes_of(i), ensure_ascii=False) for i in range(len(rows)))


def _blobs(values: NDArray[Any], dtype: str) -> Iterator[bytes]:
    return (row.tobytes() for row in values.astype(dtype))


def _pose(pose: NDArray[np.float64] | None) -> bytes | None:
    return None if pose is None else pose.astype("<f8").tobytes()


def _event(event: Event) -> tuple[Any, ...]:
    return (
        event.event_id,
        int(event.kind),
        event.stamp_ns,
        json.dumps([int(i) for i in event.object_ids]),
        event.track_id,
        event.probability,
        event.absence_ns,
        event.name,
        json.dumps(event.details, ensure_ascii=False),
        _pose(event.pose_then),
        _pose(event.pose_now),
    )
