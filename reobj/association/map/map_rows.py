"""The contents of an object map as rows of its file, and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.map_journal import Journal
from reobj.association.map.map_object import ObjectState
from reobj.association.map.map_places import PLACE
from reobj.association.map.map_prototypes import Prototypes
from reobj.association.map.map_state import MapState
from reobj.association.map.views import Views
from reobj.association.store.changes import MapChanges
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.store.visit_rows import VisitRows
from reobj.association.table import Table
from reobj.errors import MapFileError, mismatch
from reobj.types import Event

Indices = NDArray[np.intp]


def everything(state: MapState) -> Journal:
    """As if all of the map were new."""
    every = range(len(state.table))
    return Journal(
        model=state.model,
        objects=set(every),
        visits=set(range(len(state.visits))),
        slots=_slots(state, every),
        links=list(state.identities.pairs()),
        redirects=dict(state.identities.redirects),
    )


def changes(
    state: MapState, journal: Journal, next_ids: tuple[int, int], events: Iterable[Event]
) -> MapChanges:
    """What is noted in the journal, as it is now.

    Args:
        next_ids: first ids of objects and of visits that were never given out.
    """
    return MapChanges(
        model=state.model,
        next_object_id=next_ids[0],
        next_visit_id=next_ids[1],
        cleared=journal.cleared,
        objects=_object_rows(state, np.array(sorted(journal.objects), np.intp)),
        visits=_visit_rows(state, np.array(sorted(journal.visits), np.intp)),
        prototypes=_prototype_rows(state, sorted(journal.slots)),
        cannot_links=np.array(journal.links, np.int64).reshape(-1, 2),
        redirects=journal.redirects,
        events=tuple(events),
    )


def snapshot(state: MapState, next_ids: tuple[int, int], next_event_id: int) -> MapSnapshot:
    """A copy of all of the map."""
    every = changes(state, everything(state), next_ids, ())
    order = np.argsort(every.objects.object_ids, kind="stable")
    placed = np.lexsort((every.prototypes.slots, every.prototypes.object_ids))
    return MapSnapshot(
        uuid=state.uuid,
        model=state.model,
        next_object_id=next_ids[0],
        next_event_id=next_event_id,
        next_visit_id=next_ids[1],
        objects=every.objects.select(order),
        visits=every.visits.select(np.argsort(every.visits.visit_ids, kind="stable")),
        prototypes=every.prototypes.select(placed),
        cannot_links=every.cannot_links,
        redirects=every.redirects,
    )


def fill(state: MapState, found: MapSnapshot) -> None:
    """Puts the contents of a file into an empty map.

    Raises:
        MapFileError: a living object has no visit or no prototype.
    """
    state.uuid = found.uuid
    if found.model is not None:
        state.use(found.model)
    _fill_objects(state, found)
    _fill_visits(state, found.visits)
    _find_running(state)
    for a, b in found.cannot_links.tolist():
        state.identities.link(a, b)
    for old, new in found.redirects.items():
        state.identities.redirect(old, new)


def _fill_objects(state: MapState, found: MapSnapshot) -> None:
    rows, views = found.objects, found.prototypes
    ends = np.searchsorted(views.object_ids, rows.object_ids, "right").tolist()
    starts = np.searchsorted(views.object_ids, rows.object_ids).tolist()
    every = Prototypes(Views(views.embeddings, views.stamps_ns, views.poses), views.visit_ids)
    codes = state.votes.encode(rows.words)
    for k, object_id in enumerate(rows.object_ids.tolist()):
        own = every.select(np.arange(starts[k], ends[k]))
        nothing = own.select(np.zeros(0, np.intp))
        row = state.append(object_id, ObjectState(int(rows.states[k])), rows.uuids[k], rows.names[k], nothing)
        state.prototypes.restore(row, own)  # in the slots that they have in the file
        state.votes.put(row, _spread(rows.votes[k], codes, len(state.votes.words)))
    at = np.arange(len(rows))
    state.table["first"][at], state.table["last"][at] = rows.first_seen_ns, rows.last_seen_ns
    state.table["views"][at] = rows.views
    _put(state.table, at, rows)


def _fill_visits(state: MapState, rows: VisitRows) -> None:
    codes = state.votes.encode(rows.words)
    for k, visit_id in enumerate(rows.visit_ids.tolist()):
        owner = state.row(int(rows.object_ids[k]))
        votes = _spread(rows.votes[k], codes, len(state.votes.words))
        state.visits.open(visit_id, owner, votes)
    at, table = np.arange(len(rows)), state.visits.table
    for column, values in (
        ("track", rows.track_ids),
        ("kind", rows.kinds),
        ("probability", rows.probabilities),
        ("first", rows.first_ns),
        ("last", rows.last_ns),
        ("views", rows.views),
        ("moved", rows.moved),
        ("last_pose", rows.last_poses),
    ):
        table[column][at] = values
    _put(table, at, rows)


def _put(table: Table, at: Indices, rows: ObjectRows | VisitRows) -> None:
    for column, name in PLACE.items():
        table[column][at] = getattr(rows, name)


def _spread(votes: NDArray[np.float64], codes: Indices, width: int) -> NDArray[np.float64]:
    """(L,) votes of the file as votes for the words of the map."""
    spread = np.zeros(width)
    spread[codes] = votes
    return spread


def _find_running(state: MapState) -> None:
    for object_id, row in state.row_of.items():
        visits = np.array(state.visits.of(row), np.intp)
        if len(visits) and state.prototypes.count(row):
            state.table["running"][row] = visits[np.lexsort((visits, state.visits.table["last"][visits]))[-1]]
        elif state.table["state"][row] != ObjectState.RETIRED:
            got = f"{len(visits)} and {state.prototypes.count(row)}"
            raise MapFileError(mismatch(f"visits and prototypes of object {object_id}", "some", got))


def _slots(state: MapState, rows: Iterable[int]) -> set[tuple[int, int]]:
    return {(row, slot) for row in rows for slot in range(state.prototypes.count(row))}


def _object_rows(state: MapState, rows: Indices) -> ObjectRows:
    table = state.table
    places = {name: table[column][rows] for column, name in PLACE.items()}
    return ObjectRows(
        object_ids=table["id"][rows],
        uuids=tuple(state.uuids[row] for row in rows.tolist()),
        names=tuple(state.names[row] for row in rows.tolist()),
        states=table["state"][rows],
        votes=state.votes.counts(rows),
        words=state.votes.words,
        first_seen_ns=table["first"][rows],
        last_seen_ns=table["last"][rows],
        views=table["views"][rows],
        visits=np.array([len(state.visits.of(row)) for row in rows.tolist()], np.int64),
        prototype_counts=np.array([state.prototypes.count(row) for row in rows.tolist()], np.int64),
        **places,
    )


def _visit_rows(state: MapState, rows: Indices) -> VisitRows:
    table = state.visits.table
    places = {name: table[column][rows] for column, name in PLACE.items()}
    return VisitRows(
        visit_ids=table["id"][rows],
        object_ids=state.table["id"][table["owner"][rows]],
        track_ids=table["track"][rows],
        kinds=table["kind"][rows],
        probabilities=table["probability"][rows],
        first_ns=table["first"][rows],
        last_ns=table["last"][rows],
        views=table["views"][rows],
        votes=state.visits.votes.counts(rows),
        words=state.votes.words,
        moved=table["moved"][rows],
        last_poses=table["last_pose"][rows],
        **places,
    )


def _prototype_rows(state: MapState, slots: Sequence[tuple[int, int]]) -> PrototypeRows:
    """Prototypes by row of the object and place; first those of the banks, then those in reserve."""
    rows, places = np.array(slots, np.intp).reshape(-1, 2).T
    banked = state.prototypes.in_bank(rows, places)
    parts = [
        _placed(state, rows[banked], places[banked], state.prototypes.pick(rows[banked], places[banked]))
    ]
    spare = zip(rows[~banked].tolist(), places[~banked].tolist(), strict=True)
    for row, entries in itertools.groupby(spare, key=lambda entry: entry[0]):
        count = state.prototypes.count(row)  # smaller than it was when they were noted, after a split
        at = np.array([place for _, place in entries if place < count], np.intp)
        parts.append(_placed(state, np.full(len(at), row), at, state.prototypes.get(row).select(at)))
    return PrototypeRows.joined(parts)


def _placed(state: MapState, rows: Indices, places: Indices, some: Prototypes) -> PrototypeRows:
    owners, views = state.table["id"][rows], some.views
    return PrototypeRows(owners, places, some.visit_ids, views.embeddings, views.stamps_ns, views.poses)
