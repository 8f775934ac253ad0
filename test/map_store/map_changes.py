"""Objects and changes that tests hand to a store."""

from __future__ import annotations

import uuid

import numpy as np

from reobj.association.store.changes import MapChanges
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.visit_rows import VisitRows
from reobj.types import DecisionKind, Event, EventKind, ModelId

MODEL = ModelId("test", "ab" * 16, 4)
E = np.eye(4, dtype=np.float32)


def objects(*ids, words=("chair", "table"), **columns) -> ObjectRows:
    """Objects that all differ; those of even ids have a place."""
    n, number = len(ids), np.array(ids, np.int64)
    placed = np.where(number % 2 == 0, 1.0, np.nan)
    made = {
        "object_ids": number,
        "uuids": tuple(str(uuid.UUID(int=i)) for i in ids),
        "names": tuple(f"name {i}" for i in ids),
        "states": np.zeros(n, np.int64),
        "votes": np.stack([number + 1.0, np.ones(n)], axis=1)[:, : len(words)],
        "words": words,
        "positions": placed[:, None] * (number[:, None] + [0.25, 0.5, 0.75]),
        "covariances": placed[:, None, None] * (0.01 * np.eye(3)) * number[:, None, None],
        "extents": placed[:, None] * np.full((n, 3), 0.5),
        "orientations": np.tile([0.0, 0.0, 0.0, 1.0], (n, 1)),
        "first_seen_ns": 10 * number,
        "last_seen_ns": 20 * number,
        "views": 3 * number,
        "visits": np.ones(n, np.int64),
        "prototype_counts": np.ones(n, np.int64),
    }
    return ObjectRows(**{**made, **columns})


def visits(*ids, words=("chair", "table"), **columns) -> VisitRows:
    """One for each object, of the same number, that holds all of it: what the migration makes."""
    rows = objects(*ids, words=words)
    n = len(ids)
    made = {
        "visit_ids": rows.object_ids,
        "object_ids": rows.object_ids,
        "track_ids": np.zeros(n, np.int64),
        "kinds": np.full(n, int(DecisionKind.NEW)),
        "probabilities": np.ones(n),
        "first_ns": rows.first_seen_ns,
        "last_ns": rows.last_seen_ns,
        "views": rows.views,
        "votes": rows.votes,
        "words": words,
        "positions": rows.positions,
        "covariances": rows.covariances,
        "extents": rows.extents,
        "orientations": rows.orientations,
        "moved": np.zeros(n, np.int64),
        "last_poses": np.full((n, 4, 4), np.nan),
    }
    return VisitRows(**{**made, **columns})


def prototypes(*places, embeddings=None, stamp_ns=5) -> PrototypeRows:
    """One for each (object id, slot), of the visit of the same number."""
    n = len(places)
    ids, slots = np.array(places, np.int64).reshape(n, 2).T
    poses = np.full((n, 4, 4), np.nan)
    poses[::2] = np.eye(4)
    if embeddings is None:
        embeddings = E[(ids + slots) % 4]
    return PrototypeRows(ids, slots, ids.copy(), embeddings, np.full(n, stamp_ns), poses)


def event(event_id, *ids, kind=EventKind.CREATED, **details) -> Event:
    return Event(kind, 7 * event_id, ids, 3, 0.9, 11, event_id, details=details)


def changes(*ids, **others) -> MapChanges:
    """Objects with one visit and one prototype each."""
    made = {
        "model": MODEL,
        "next_object_id": max(ids, default=0) + 1,
        "next_visit_id": max(ids, default=0) + 1,
        "objects": objects(*ids),
        "visits": visits(*ids),
        "prototypes": prototypes(*((i, 0) for i in ids)),
    }
    return MapChanges(**{**made, **others})


def links(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


def assert_same(a, b) -> None:
    """All columns are equal; NaN equals NaN."""
    assert type(a) is type(b)
    for name in a.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
