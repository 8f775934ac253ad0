"""A map as JSON, for people and for programs that know nothing of reobj."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.map_object import ObjectState
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.store.visit_rows import VisitRows
from reobj.files import write_text
from reobj.types import DecisionKind, Event

#: of the form of the JSON file
_VERSION = 1


def export_json(snapshot: MapSnapshot, events: Sequence[Event], path: Path | str) -> None:
    """Writes all but the embeddings. Metres, nanoseconds, quaternions x y z w; null where unknown.

    Raises:
        StorageError: the file cannot be written.
    """
    model = snapshot.model
    document = {
        "format": "reobj map",
        "version": _VERSION,
        "uuid": snapshot.uuid,
        "model": model and {"name": model.name, "hash": model.content_hash, "dim": model.dim},
        "objects": [_object(snapshot, row) for row in range(len(snapshot.objects))],
        "visits": [_visit(snapshot.visits, row) for row in range(len(snapshot.visits))],
        "cannot_links": snapshot.cannot_links.tolist(),
        "events": [_event(event) for event in events],
    }
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _object(snapshot: MapSnapshot, row: int) -> dict[str, Any]:
    rows = snapshot.objects
    object_id = int(rows.object_ids[row])
    merged = snapshot.resolve(object_id)
    return {
        "object_id": object_id,
        "uuid": rows.uuids[row],
        "name": rows.names[row],
        "label": rows.label_of(row),
        "votes": rows.votes_of(row),
        "state": ObjectState(int(rows.states[row])).name,
        "merged_into": None if merged == object_id else merged,
        "position": _known(rows.positions[row]),
        "covariance": _known(rows.covariances[row]),
        "extent": _known(rows.extents[row]),
        "orientation": _known(rows.orientations[row]),
        "first_seen_ns": int(rows.first_seen_ns[row]),
        "last_seen_ns": int(rows.last_seen_ns[row]),
        "views": int(rows.views[row]),
        "visits": int(rows.visits[row]),
        "prototypes": int(rows.prototype_counts[row]),
    }


def _visit(rows: VisitRows, row: int) -> dict[str, Any]:
    return {
        "visit_id": int(rows.visit_ids[row]),
        "object_id": int(rows.object_ids[row]),
        "track_id": int(rows.track_ids[row]),
        "kind": DecisionKind(int(rows.kinds[row])).name,
        "probability": float(rows.probabilities[row]),
        "first_ns": int(rows.first_ns[row]),
        "last_ns": int(rows.last_ns[row]),
        "views": int(rows.views[row]),
        "votes": rows.votes_of(row),
        "position": _known(rows.positions[row]),
        "moved": bool(rows.moved[row]),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "kind": event.kind.name,
        "stamp_ns": event.stamp_ns,
        "object_ids": list(event.object_ids),
        "track_id": event.track_id,
        "probability": event.probability,
        "absence_ns": event.absence_ns,
        "name": event.name,
        "pose_then": None if event.pose_then is None else event.pose_then.tolist(),
        "pose_now": None if event.pose_now is None else event.pose_now.tolist(),
        "details": event.details,
    }


def _known(values: NDArray[np.float64]) -> Any:
    return values.tolist() if np.isfinite(values).all() else None
