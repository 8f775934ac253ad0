"""Two maps side by side in one: ids of the second one given anew, its places moved into the first one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry
from reobj.association.merging.map_alignment import moved
from reobj.association.merging.map_likeness import places_of
from reobj.association.merging.merge_plan import shared_objects
from reobj.association.store.rows import ObjectRows, PrototypeRows
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.store.visit_rows import VisitRows

Array = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NewIds:
    """Where map b goes when it is put into map a.

    Attributes:
        objects: each object id of b to its id there: a new one, or that of a where a knows the object by
            its uuid and all its visits.
        visits: visit id of b to its new id; those that a has already are missing.
        first_object: object ids from here on are new.
        next_object, next_visit: the first ids that are left.
    """

    objects: Mapping[int, int]
    visits: Mapping[int, int]
    first_object: int
    next_object: int
    next_visit: int


def new_ids(a: MapSnapshot, b: MapSnapshot) -> NewIds:
    """New ids for all that a does not know, in the order of their ids in b."""
    shared, visits = shared_objects(a, b), b.visits
    known, living = set(_marks(a.visits)), set(a.objects.object_ids[a.living()].tolist())
    every = zip(visits.visit_ids.tolist(), visits.object_ids.tolist(), _marks(visits), strict=True)
    news = {
        visit_id: owner
        for visit_id, owner, mark in every
        if owner not in shared or (mark not in known and a.resolve(shared[owner]) in living)
    }
    owners = set(news.values())
    fresh = [i for i in b.objects.object_ids.tolist() if i not in shared or i in owners]
    return NewIds(
        objects=shared | {i: a.next_object_id + k for k, i in enumerate(fresh)},
        visits={visit_id: a.next_visit_id + k for k, visit_id in enumerate(news)},
        first_object=a.next_object_id,
        next_object=a.next_object_id + len(fresh),
        next_visit=a.next_visit_id + len(news),
    )


def united(a: MapSnapshot, b: MapSnapshot, transform: Array | None) -> MapSnapshot:
    """Both maps in one, with nothing joined.

    An object of b that a has with the same uuid is there once more, under a uuid made of that of map b,
    with those of its visits that a does not have; if there are none, or it was deleted in a, it is left out.

    Args:
        transform: (4, 4) from the frame of b to that of a; None: places and poses of b become unknown.
    """
    ids = new_ids(a, b)
    rows = ObjectRows.joined([a.objects, _objects(a, b, ids, transform)])
    prototypes = PrototypeRows.joined([a.prototypes, _prototypes(b, ids, transform)])
    links = np.concatenate([a.cannot_links, _renumbered(b.cannot_links, ids.objects)])
    redirects = {ids.objects[old]: ids.objects[new] for old, new in b.redirects.items()}
    return replace(
        a,
        model=a.model or b.model,
        next_object_id=ids.next_object,
        next_visit_id=ids.next_visit,
        objects=replace(rows, prototype_counts=_counts(rows.object_ids, prototypes.object_ids)),
        visits=VisitRows.joined([a.visits, _visits(b, ids, transform)]),
        prototypes=prototypes,
        cannot_links=np.unique(np.sort(links, axis=1), axis=0),
        redirects={old: new for old, new in redirects.items() if old >= ids.first_object} | dict(a.redirects),
    )


def _marks(visits: VisitRows) -> list[tuple[object, ...]]:
    """What is the same in two copies of a visit, and hardly in two visits."""
    columns = (visits.track_ids, visits.first_ns, visits.last_ns, visits.views)
    places = [place.tobytes() for place in visits.last_poses]
    return list(zip(*(column.tolist() for column in columns), places, strict=True))


def _objects(a: MapSnapshot, b: MapSnapshot, ids: NewIds, transform: Array | None) -> ObjectRows:
    numbers = _renumbered(b.objects.object_ids, ids.objects)
    taken, space = set(a.objects.uuids), uuid.UUID(b.uuid)
    uuids = tuple(
        str(uuid.uuid5(space, str(number))) if own in taken else own
        for own, number in zip(b.objects.uuids, numbers.tolist(), strict=True)
    )
    places = _placed(b.objects, transform)
    rows = replace(
        b.objects,
        object_ids=numbers,
        uuids=uuids,
        positions=places.positions,
        covariances=places.covariances,
        extents=places.extents,
        orientations=places.orientations,
    )
    return rows.select(np.flatnonzero(numbers >= ids.first_object))


def _visits(b: MapSnapshot, ids: NewIds, transform: Array | None) -> VisitRows:
    rows = b.visits.select(np.flatnonzero(np.isin(b.visits.visit_ids, list(ids.visits))))
    places = _placed(rows, transform)
    return replace(
        rows,
        visit_ids=_renumbered(rows.visit_ids, ids.visits),
        object_ids=_renumbered(rows.object_ids, ids.objects),
        last_poses=_poses(rows.last_poses, transform),
        positions=places.positions,
        covariances=places.covariances,
        extents=places.extents,
        orientations=places.orientations,
    )


def _prototypes(b: MapSnapshot, ids: NewIds, transform: Array | None) -> PrototypeRows:
    """Those of new objects; what such an object showed in a visit that a has counts for the first new one."""
    fresh = {owner for owner, new in ids.objects.items() if new >= ids.first_object}
    rows = b.prototypes.select(np.flatnonzero(np.isin(b.prototypes.object_ids, list(fresh))))
    first: dict[int, int] = {}
    for visit_id, owner in zip(b.visits.visit_ids.tolist(), b.visits.object_ids.tolist(), strict=True):
        if visit_id in ids.visits:
            first.setdefault(owner, ids.visits[visit_id])
    every = zip(rows.visit_ids.tolist(), rows.object_ids.tolist(), strict=True)
    visit_ids = [ids.visits.get(visit_id, first[owner]) for visit_id, owner in every]
    return replace(
        rows,
        object_ids=_renumbered(rows.object_ids, ids.objects),
        visit_ids=np.array(visit_ids, np.int64),
        poses=_poses(rows.poses, transform),
    )


def _placed(rows: ObjectRows | VisitRows, transform: Array | None) -> InstanceGeometry:
    return (
        InstanceGeometry.unknown(len(rows)) if transform is None else moved(places_of(rows), transform[None])
    )


def _poses(poses: Array, transform: Array | None) -> Array:
    return np.full(poses.shape, np.nan) if transform is None else transform @ poses


def _renumbered(ids: Ids, new: Mapping[int, int]) -> Ids:
    return np.array([new[i] for i in ids.ravel().tolist()], np.int64).reshape(ids.shape)


def _counts(object_ids: Ids, owners: Ids) -> Ids:
    """How many of the owners (K,), in ascending order, each object is."""
    return np.searchsorted(owners, object_ids, "right") - np.searchsorted(owners, object_ids)
