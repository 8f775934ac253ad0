"""How an object map grows while the camera looks: new objects, new visits, further views."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_object import ObjectState
from reobj.association.map.map_places import PLACE, fused, observe_places, places_in, put_places
from reobj.association.map.map_prototypes import Prototypes
from reobj.association.map.map_state import MapState
from reobj.association.map.views import Views
from reobj.association.table import Table
from reobj.types import DecisionKind

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class NewVisit:
    """A track that became an object, or was found to be one; see ``ObjectMap.create``."""

    kind: DecisionKind
    views: Views
    labels: Counter[str]
    stamps_ns: tuple[int, int]
    geometry: InstanceGeometry
    track_id: int
    probability: float
    pose: NDArray[np.float64] | None


def add_object(state: MapState, object_id: int, visit_id: int, new: NewVisit) -> None:
    """A new object of one visit."""
    prototypes = Prototypes(new.views, np.full(len(new.views), visit_id))
    row = state.append(object_id, ObjectState.PRESENT, str(uuid.uuid4()), "", prototypes)
    state.table["first"][row] = new.stamps_ns[0]
    put_places(state.table, np.array([row]), new.geometry)
    _open(state, row, visit_id, new)
    state.journal.slots.update((row, slot) for slot in range(state.prototypes.count(row)))


def add_visit(state: MapState, row: int, visit_id: int, new: NewVisit) -> None:
    """A new visit of an object that is known."""
    _place(state.table, row, new)
    _open(state, row, visit_id, new)
    _keep_views(state, row, visit_id, new.views)


def resume(state: MapState, row: int, new: NewVisit) -> None:
    """The running visit of an object goes on after a moment."""
    table, log = state.table, state.visits
    visit = int(table["running"][row])
    for each, at in ((table, row), (log.table, visit)):
        _place(each, at, new)
        each["views"][at] += new.labels.total()
        each["last"][at] = max(each["last"][at], new.stamps_ns[1])
    log.table["last_pose"][visit] = np.nan if new.pose is None else new.pose
    for votes, at in ((state.votes, row), (log.votes, visit)):
        histogram = votes.histogram(new.labels)  # before the counts, as it may widen them
        votes.put(at, histogram + votes.counts(np.array([at]))[0])
    _keep_views(state, row, int(log.table["id"][visit]), new.views)
    state.journal.visits.add(visit)
    state.journal.objects.add(row)


def _place(table: Table, row: int, new: NewVisit) -> None:
    at, views = np.array([row]), np.maximum(table["views"][[row]], 1).astype(np.float64)
    now = np.full(1, float(new.labels.total()))
    put_places(table, at, fused(places_in(table, at), new.geometry, views, now))


def _keep_views(state: MapState, row: int, visit_id: int, views: Views) -> None:
    at, ids = np.array([row]), np.array([visit_id])
    for k, embedding in enumerate(views.embeddings):
        stamp_ns, pose = int(views.stamps_ns[k]), views.poses[k]
        state.journal.slots.update(state.prototypes.add(at, embedding[None], stamp_ns, pose, ids))


def _open(state: MapState, row: int, visit_id: int, new: NewVisit) -> None:
    votes = state.votes.histogram(new.labels)
    visit = state.visits.open(
        visit_id,
        row,
        votes,
        kind=new.kind,
        track=new.track_id,
        probability=new.probability,
        first=new.stamps_ns[0],
        last=new.stamps_ns[1],
        views=new.labels.total(),
        last_pose=np.nan if new.pose is None else new.pose,
        **{column: getattr(new.geometry, name) for column, name in PLACE.items()},
    )
    table = state.table
    state.votes.put(row, state.votes.counts(np.array([row]))[0] + state.votes.histogram(new.labels))
    table["views"][row] += new.labels.total()
    table["first"][row] = min(table["first"][row], new.stamps_ns[0])
    table["last"][row] = max(table["last"][row], new.stamps_ns[1])
    table["running"][row] = visit
    state.journal.visits.add(visit)
    state.journal.objects.add(row)


def observe(
    state: MapState,
    rows: Indices,
    embeddings: NDArray[np.float32],
    labels: list[str],
    stamp_ns: int,
    geometry: InstanceGeometry,
    pose: NDArray[np.float64] | None,
) -> None:
    """One more view of each of M different objects; see ``ObjectMap.observe``."""
    table, log = state.table, state.visits.table
    visits = table["running"][rows]
    observe_places(table, rows, log, visits, geometry)
    for each, at in ((table, rows), (log, visits)):
        each["last"][at] = np.maximum(each["last"][at], stamp_ns)
        each["views"][at] += 1
    log["last_pose"][visits] = np.nan if pose is None else pose
    for row in rows[table["state"][rows] == int(ObjectState.ABSENT)].tolist():
        state.set_state(row, ObjectState.PRESENT)
    state.votes.add(rows, labels)
    state.visits.votes.add(visits, labels)
    new = state.prototypes.add(rows, embeddings, stamp_ns, pose, log["id"][visits])
    state.journal.slots.update(new)
    state.journal.objects.update(rows.tolist())
    state.journal.visits.update(visits.tolist())


def move(state: MapState, row: int, geometry: InstanceGeometry) -> None:
    """The object is somewhere else now; places of earlier visits, and of this one, count no more."""
    visit = state.table["running"][row]
    put_places(state.table, np.array([row]), geometry)
    put_places(state.visits.table, np.array([visit]), geometry)
    state.visits.table["moved"][visit] = 1
    state.journal.objects.add(row)
    state.journal.visits.add(int(visit))
