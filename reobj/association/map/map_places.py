"""Places of objects and visits, as more is seen of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.association.fusion import fuse
from reobj.association.geometry import InstanceGeometry
from reobj.association.oriented_box import Boxes, joined_boxes
from reobj.association.table import Table

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

#: columns of a table that hold a place, and where they stand in an ``InstanceGeometry``
PLACE = {
    "position": "positions",
    "covariance": "covariances",
    "extent": "extents",
    "orientation": "orientations",
}


def fused(
    before: InstanceGeometry, now: InstanceGeometry, views: Array, views_now: Array
) -> InstanceGeometry:
    """M places and what was measured of them next; where one is unknown, the other one holds.

    Args:
        before, now: of M instances. Only places and boxes are used.
        views, views_now: (M,) how many views each was made of, > 0.
    """
    known, located = before.located, now.located
    if known.all() and located.all():
        return _both(before, now, views, views_now)
    result = InstanceGeometry(before.depths, *(getattr(before, name).copy() for name in PLACE.values()))
    first, again = np.flatnonzero(located & ~known), np.flatnonzero(located & known)
    _put(result, first, now.select(first))
    if len(again):
        joined = _both(before.select(again), now.select(again), views[again], views_now[again])
        _put(result, again, joined)
    return result


def _both(
    before: InstanceGeometry, now: InstanceGeometry, views: Array, views_now: Array
) -> InstanceGeometry:
    _, covariance = fuse(before.positions, before.covariances, now.positions, now.covariances)
    box = joined_boxes(_boxes(before), _boxes(now), views, views_now)
    return InstanceGeometry(before.depths, box.centres, covariance, box.extents, box.orientations)


def _boxes(geometry: InstanceGeometry) -> Boxes:
    return Boxes(geometry.positions, geometry.extents, geometry.orientations)


def _put(places: InstanceGeometry, rows: Indices, values: InstanceGeometry) -> None:
    for name in PLACE.values():
        getattr(places, name)[rows] = getattr(values, name)


def places_in(table: Table, rows: Indices | slice) -> InstanceGeometry:
    """Of these rows of a table with the columns of ``PLACE``; without depths."""
    columns = {name: table[column][rows] for column, name in PLACE.items()}
    return InstanceGeometry(np.full(len(columns["positions"]), np.nan), **columns)


def put_places(table: Table, rows: Indices, places: InstanceGeometry) -> None:
    """Writes the places of these rows."""
    for column, name in PLACE.items():
        table[column][rows] = getattr(places, name)


def observe_places(a: Table, rows_a: Indices, b: Table, rows_b: Indices, seen: InstanceGeometry) -> None:
    """One measurement of M instances for M rows of two tables: of the objects, and of their visits."""
    located = seen.located
    if not located.all():
        rows_a, rows_b, seen = rows_a[located], rows_b[located], seen.select(np.flatnonzero(located))
    n = len(rows_a)
    if not n:
        return
    # both tables at once: the arithmetic costs hardly more than for one of them
    before = InstanceGeometry.joined([places_in(a, rows_a), places_in(b, rows_b)])
    views = np.concatenate([a["views"][rows_a], b["views"][rows_b]]).astype(np.float64)
    after = fused(before, InstanceGeometry.joined([seen, seen]), views, np.ones(2 * n))
    put_places(a, rows_a, after.select(slice(n)))
    put_places(b, rows_b, after.select(slice(n, None)))
