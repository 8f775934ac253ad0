"""Taking objects together and apart: visits move, and with them all that is known through them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence

import numpy as np

from reobj.association.map.map_object import ObjectState
from reobj.association.map.map_prototypes import Prototypes
from reobj.association.map.map_state import MapState
from reobj.errors import CannotLinkError, InputError, mismatch

Moved = dict[int, tuple[int, ...]]


def merge(state: MapState, kept: int, absorbed: Sequence[int], force: bool) -> Moved:
    """As ``ObjectMap.merge``."""
    ids = [kept, *absorbed]
    rows = [state.living_row(object_id) for object_id in ids]
    if len(ids) < 2 or len(set(ids)) != len(ids):
        raise InputError(mismatch("objects to merge", "at least two different ones", ids))
    if not force:
        _check_links(state, ids)
    seen_last = {row: ObjectState(int(state.table["state"][row])) for row in rows}
    moved = {}
    for object_id, row in zip(absorbed, rows[1:], strict=True):
        visits = list(state.visits.of(row))
        moved[object_id] = tuple(int(state.visits.table["id"][visit]) for visit in visits)
        _give(state, visits, row, rows[0])
        state.set_state(row, ObjectState.RETIRED)
        state.identities.redirect(object_id, kept)
        state.journal.redirects[object_id] = kept
    latest = max(rows, key=lambda row: int(state.table["last"][row]))
    state.set_state(rows[0], seen_last[latest])
    state.recompute(rows[:1])
    return moved


def _check_links(state: MapState, ids: list[int]) -> None:
    for a, b in itertools.combinations(ids, 2):
        if b in state.identities.linked(a):
            raise CannotLinkError(
                mismatch(f"objects {a} and {b}", "never seen in one image", "seen together")
            )


def unmerge(state: MapState, kept: int, moved: Mapping[int, Sequence[int]]) -> None:
    """As ``ObjectMap.unmerge``."""
    holder_id = state.identities.resolve(kept)
    holder = state.living_row(holder_id)
    takes = {old: _taken(state, holder, kept, old, ids) for old, ids in moved.items()}
    if sum(map(len, takes.values())) == len(state.visits.of(holder)):
        raise InputError(mismatch(f"visits left to object {holder_id}", "at least one", 0))
    for old, visits in takes.items():
        row = state.row(old)
        state.identities.release(old)
        state.journal.redirects[old] = 0
        state.set_state(row, ObjectState.PRESENT)
        _give(state, visits, holder, row)
    state.recompute([holder, *(state.row(old) for old in takes)])


def _taken(state: MapState, holder: int, kept: int, old: int, visit_ids: Sequence[int]) -> list[int]:
    """Rows of the visits that go back to an old object. Raises InputError where there are none."""
    if state.identities.redirects.get(old) != kept:
        raise InputError(mismatch(f"object {old}", f"one that is merged into {kept}", "one that is not"))
    rows = (state.visits.row(visit_id) for visit_id in visit_ids)
    taken = [row for row in rows if state.visits.table["owner"][row] == holder]
    if not taken:
        raise InputError(mismatch(f"visits to give back to object {old}", "at least one", 0))
    return taken


def split(state: MapState, object_id: int, visit_ids: Sequence[int], new_id: int) -> None:
    """As ``ObjectMap.split``, with the id of the new object."""
    row = state.living_row(object_id)
    visits = sorted({state.visits.row(visit_id) for visit_id in visit_ids})
    own = state.visits.of(row)
    if not set(visits) <= set(own) or not 0 < len(visits) < len(own):
        expected = f"some but not all of the {len(own)} visits of object {object_id}"
        raise InputError(mismatch("visits to split off", expected, list(visit_ids)))
    nothing = state.prototypes.get(row).select(np.zeros(0, np.intp))
    new = state.append(new_id, ObjectState.PRESENT, str(uuid.uuid4()), "", nothing)
    _give(state, visits, row, new)
    if state.identities.link(object_id, new_id):
        state.journal.links.append((object_id, new_id))
    state.recompute([row, new])


def _give(state: MapState, visits: list[int], giver: int, taker: int) -> None:
    """Visits and their prototypes change hands.

    Where one of two living sides would be left without a prototype, as all its views looked like
    ones of the other side, it gets a copy of them.
    """
    ids = {int(state.visits.table["id"][visit]) for visit in visits}
    before = state.prototypes.get(giver)
    going = np.isin(before.visit_ids, list(ids))
    state.visits.give(visits, taker)
    arriving, staying = before.select(going), before.select(~going)
    arriving = Prototypes.joined([state.prototypes.get(taker), arriving])
    if not len(arriving):
        arriving = _lent(before, min(ids))
    if not len(staying) and state.visits.of(giver):
        staying = _lent(before, int(state.visits.table["id"][state.visits.of(giver)[0]]))
    for row, prototypes in ((giver, staying), (taker, arriving)):
        state.prototypes.put(row, prototypes)
        state.journal.slots.update((row, slot) for slot in range(state.prototypes.count(row)))
        state.journal.objects.add(row)
    state.journal.visits.update(visits)


def _lent(prototypes: Prototypes, visit_id: int) -> Prototypes:
    return Prototypes(prototypes.views, np.full(len(prototypes), visit_id))
