"""What an object map answers."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.map.map_object import MapObject, ObjectState
from reobj.association.map.map_places import places_in
from reobj.association.map.map_state import MapState

Array = NDArray[np.float64]
Ids = NDArray[np.int64]
Indices = NDArray[np.intp]


def follow(state: MapState, changed: Collection[int]) -> None:
    """The search learns where the objects of these rows are now, and which of them are retired."""
    rows = np.fromiter(changed, np.intp, len(changed))
    living = state.table["state"][rows] != int(ObjectState.RETIRED)
    search = state.prototypes.search
    search.place(rows[living], state.table["position"][rows[living]])
    search.remove(rows[~living])


def candidates(
    state: MapState,
    around: Array | None,
    radius_m: float,
    views: NDArray[np.float32] | None,
    also: Collection[int],
    without: Collection[int],
) -> Candidates:
    """As ``ObjectMap.candidates``."""
    follow(state, state.journal.objects)
    rows, uncompared = state.prototypes.search.rows(around, radius_m, views)
    if also:
        rows = np.union1d(rows, [state.row_of[i] for i in also if state.lives(i)]).astype(np.intp)
    if without:
        rows = rows[np.isin(state.table["id"][rows], list(without), invert=True)]
    return Candidates(
        state.table["id"][rows],
        state.prototypes.banks(rows),
        state.votes.shares(rows),
        places_in(state.table, rows),
        state.living,
        uncompared,
    )


def near(state: MapState, around: Array, radius_m: float) -> list[int]:
    """As ``ObjectMap.near``."""
    follow(state, state.journal.objects)
    found: list[int] = state.table["id"][state.prototypes.search.grid.near(around, radius_m)].tolist()
    return found


def visit_places(state: MapState, row: int) -> tuple[Ids, Ids, InstanceGeometry]:
    """As ``ObjectMap.visit_places``."""
    table = state.visits.table
    rows = np.array(state.visits.of(row), np.intp)
    moved = np.flatnonzero(table["moved"][rows])
    rows = rows[moved[-1] if len(moved) else 0 :]
    rows = rows[np.isfinite(table["position"][rows, 0])]
    return table["id"][rows], table["views"][rows], places_in(table, rows)


def similarities(state: MapState, object_ids: list[int], embeddings: NDArray[np.float32]) -> Array:
    """As ``ObjectMap.similarities``."""
    prototypes = state.prototypes.banks(state.living_rows(object_ids))
    flat = prototypes.reshape(-1, prototypes.shape[2])
    nearest = (embeddings @ flat.T).reshape(len(embeddings), *prototypes.shape[:2]).max(axis=2)
    return nearest.astype(np.float64)


def linked(state: MapState, row: int) -> frozenset[int]:
    """The living objects that the one of this row is never the same as."""
    return state.living_among(state.identities.linked(int(state.table["id"][row])))


def describe(state: MapState, row: int) -> MapObject:
    """A copy of one object."""
    return describe_all(state, np.array([row]))[0]


def describe_all(state: MapState, rows: Indices) -> tuple[MapObject, ...]:
    """Copies of the objects of N rows; arrays of theirs are rows of copies of whole columns."""
    table, words = state.table, state.votes.words
    ids, numbers = table["id"][rows].tolist(), rows.tolist()
    final = [state.identities.resolve(object_id) for object_id in ids]
    shares = state.votes.shares(rows)
    likeliest = shares.argmax(axis=1).tolist() if words else []
    placed = np.isfinite(table["position"][rows, 0])
    described = zip(  # in the order of the attributes
        ids,
        [state.uuids[row] for row in numbers],
        [state.names[row] for row in numbers],
        [words[k] for k in likeliest] if words else [""] * len(ids),
        shares.max(axis=1, initial=0.0).tolist(),
        *(_rows_of(table[column][rows], placed) for column in ("position", "covariance", "extent")),
        table["views"][rows].tolist(),
        [len(state.visits.of(row)) for row in numbers],
        [state.prototypes.count(row) for row in numbers],
        table["first"][rows].tolist(),
        table["last"][rows].tolist(),
        map(ObjectState, table["state"][rows].tolist()),
        [0 if new == old else new for old, new in zip(ids, final, strict=True)],
        [linked(state, row) for row in numbers],
        _rows_of(table["orientation"][rows], placed),
        strict=True,
    )
    return tuple(MapObject(*values) for values in described)


def _rows_of(values: Array, known: NDArray[np.bool_]) -> list[Array | None]:
    """Views of the rows (N, ...) that are not to be written; None where unknown."""
    values.setflags(write=False)
    return [row if k else None for row, k in zip(values, known.tolist(), strict=True)]
