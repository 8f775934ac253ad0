"""Two maps become one."""

from __future__ import annotations

from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.map_union import NewIds, new_ids, united
from reobj.association.merging.merge_plan import MergePlan, SamePair
from reobj.association.store.snapshot import MapSnapshot
from reobj.types import Event, EventKind


def merged_snapshot(a: MapSnapshot, b: MapSnapshot, plan: MergePlan) -> MapSnapshot:
    """Map a with all that map b knows, in the frame of a.

    Every object of b gets a new id and keeps its uuid. One that is an object of a stays as a retired row
    whose id resolves to that object, which gets its visits and prototypes; the event of ``merge_events``
    can be undone. Whoever was seen last says whether it is there; a name of a goes before one of b.

    Kept of b: objects, also the retired ones and what their ids stand for, visits, prototypes, and who was
    seen together with whom. Not kept: its history, which is about other ids and stays in its file, and, where
    the plan has no transform, all its places and poses. A visit that both maps have counts once, unless it
    was still going on when they went apart.

    Args:
        plan: of ``plan_merge`` for these two maps.

    Raises:
        MapFileError: one of the maps is not whole.
    """
    ids = new_ids(a, b)
    together = ObjectMap()
    together.restore(united(a, b, plan.transform))
    for pair in _joined(plan, ids):
        new_id = ids.objects[pair.id_b]
        own, other = together.get(pair.id_a), together.get(new_id)
        # forced: two objects of one map never get here, and what is known by its uuid is certain
        together.merge(pair.id_a, [new_id], force=True)
        if other.last_seen_ns > own.last_seen_ns:
            together.set_state(pair.id_a, other.state)
        if other.name and not own.name:
            together.rename(pair.id_a, other.name)
    return together.snapshot(a.next_event_id + len(_joined(plan, ids)))


def merge_events(a: MapSnapshot, b: MapSnapshot, plan: MergePlan, stamp_ns: int) -> tuple[Event, ...]:
    """One MERGED event for each object of b that was joined to one of a, with ids that follow those of a.

    ``details`` are ``{"visits": {old id: [visit ids]}}`` as of any other MERGED event, in the ids of
    ``merged_snapshot``.
    """
    ids = new_ids(a, b)
    visits: dict[int, list[int]] = {}
    for visit_id, owner in zip(b.visits.visit_ids.tolist(), b.visits.object_ids.tolist(), strict=True):
        if visit_id in ids.visits:
            visits.setdefault(ids.objects[owner], []).append(ids.visits[visit_id])
    return tuple(
        Event(
            EventKind.MERGED,
            stamp_ns,
            (pair.id_a, ids.objects[pair.id_b]),
            probability=pair.probability,
            event_id=a.next_event_id + k,
            details={"visits": {str(ids.objects[pair.id_b]): visits[ids.objects[pair.id_b]]}},
        )
        for k, pair in enumerate(_joined(plan, ids))
    )


def _joined(plan: MergePlan, ids: NewIds) -> list[SamePair]:
    """Pairs of which b knows something that a does not."""
    return [pair for pair in plan.pairs if ids.objects[pair.id_b] >= ids.first_object]
