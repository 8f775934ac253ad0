"""Why an object has its id, as tables for the console."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from reobj.association.explanations import Explanation, explained
from reobj.association.map.map_object import MapObject, ObjectState
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.association.map.visits import Visit
from reobj.commands.console import metres, seconds
from reobj.types import Event, Evidence


def explanation_tables(object_map: ObjectMap, events: Sequence[Event], object_id: int) -> list[Table]:
    """The object, its visits with their decisions, what happened to it, and where it was seen from.

    Args:
        object_map: restored from the file.
        events: its history.
        object_id: a present or an old id; what was deleted is explained, too.

    Raises:
        UnknownObjectError: it was never given out.
    """
    item = object_map.get(object_id)
    if item.merged_into:
        item = object_map.get(item.merged_into)
    visits = object_map.visits(item.object_id)
    ids = {object_id, item.object_id}
    own = [event for event in events if ids & set(event.object_ids)]
    tables = [_object(item, object_id), _visits(visits), _evidence(visits, explained(visits, events))]
    tables.append(_events(own))
    if item.state is not ObjectState.RETIRED:
        tables.append(_prototypes(object_map.prototypes_of(item.object_id)))
    return [table for table in tables if table.row_count]


def _object(item: MapObject, asked: int) -> Table:
    table = Table("what", "value", title=f"object {item.object_id}", show_header=False)
    if asked != item.object_id:
        table.add_row("asked for", f"{asked}, which was merged into it")
    table.add_row("uuid", item.uuid)
    table.add_row("name", escape(item.name or "-"))
    table.add_row("label", f"{escape(item.label)} with {item.label_share:.0%} of the votes")
    table.add_row("state", item.state.name.lower())
    table.add_row("position m", metres(item.position))
    table.add_row("extent m", metres(item.extent))
    table.add_row(
        "seen", f"{seconds(item.first_seen_ns)} to {seconds(item.last_seen_ns)}, {item.views} frames"
    )
    table.add_row("never the same as", ", ".join(map(str, sorted(item.cannot_link))) or "-")
    return table


def _visits(visits: Sequence[Visit]) -> Table:
    columns = ("visit", "track", "from", "to", "frames", "decision", "probability", "position m")
    table = Table(*columns, title="Visits")
    for visit in visits:
        table.add_row(
            str(visit.visit_id),
            str(visit.track_id or "-"),
            seconds(visit.first_ns),
            seconds(visit.last_ns),
            str(visit.views),
            visit.kind.name,
            f"{visit.probability:.3f}",
            metres(visit.position) + (" (moved)" if visit.moved else ""),
        )
    return table


def _evidence(visits: Sequence[Visit], known: Sequence[Explanation]) -> Table:
    """Two rows per visit, chosen and runner-up, where the evidence was kept."""
    sides = [
        (visit, side, evidence)
        for visit, why in zip(visits, known, strict=True)
        for side, evidence in (("chosen", why.decision.chosen), ("runner-up", why.decision.runner_up))
        if evidence is not None
    ]
    names = list(dict.fromkeys(name for _, _, evidence in sides for name in evidence.terms))
    table = Table("visit", "", "candidate", *names, "sum", title="Evidence, natural logarithms")
    for visit, side, evidence in sides:
        table.add_row(str(visit.visit_id), side, _candidate(evidence), *_terms(evidence, names))
    return table


def _candidate(evidence: Evidence) -> str:
    return f"object {evidence.object_id}" if evidence.object_id else "a new object"


def _terms(evidence: Evidence, names: list[str]) -> list[str]:
    terms = [f"{evidence.terms[name]:+.2f}" if name in evidence.terms else "" for name in names]
    return [*terms, f"{evidence.total:+.2f}"]


def _events(events: Sequence[Event]) -> Table:
    table = Table("event", "at", "what", "objects", "track", "probability", "name", title="History")
    for event in events:
        table.add_row(
            str(event.event_id),
            seconds(event.stamp_ns),
            event.kind.name,
            ", ".join(map(str, event.object_ids)),
            str(event.track_id or "-"),
            f"{event.probability:.3f}",
            escape(event.name),
        )
    return table


def _prototypes(views: Views) -> Table:
    table = Table("prototype", "seen at", "camera at m", title="Views that tracks are compared with")
    for slot, (stamp_ns, pose) in enumerate(zip(views.stamps_ns.tolist(), views.poses, strict=True)):
        table.add_row(str(slot), seconds(stamp_ns), metres(pose[:3, 3]))
    return table
