"""``reobj map``: look at object maps on disk, and make one of two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.markup import escape
from rich.table import Column, Table

from reobj.commands.console import console, metres, seconds
from reobj.errors import InputError, mismatch

if TYPE_CHECKING:
    from reobj.association.store.rows import ObjectRows
    from reobj.association.store.snapshot import MapSnapshot

app = typer.Typer(no_args_is_help=True, help="Look at object maps on disk, and make one of two.")

MapFile = Annotated[Path, typer.Argument(help="A map that no running process has open.")]


@app.command("info")
def info_command(file: MapFile) -> None:
    """Say what is in a map."""
    from reobj.association.store.reading import read_map

    snapshot = read_map(file)
    console.print(_summary(snapshot, file.name))
    if len(snapshot.living()):
        console.print(_class_table(snapshot.objects.select(snapshot.living())))


@app.command("list")
def list_command(
    file: MapFile,
    label: Annotated[str | None, typer.Option(help="Only objects of this class.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Merged and deleted objects too.")] = False,
) -> None:
    """List the objects of a map."""
    from reobj.association.store.reading import read_map

    snapshot = read_map(file)
    rows = snapshot.objects
    shown = range(len(rows)) if retired else snapshot.living().tolist()
    whole = [Column(name, no_wrap=True) for name in ("position m", "extent m")]
    table = Table("id", "label", "name", "state", *whole, "views", "visits", "last seen", padding=0)
    table.title = escape(file.name)
    for row in shown:
        if label in (None, rows.label_of(row)):
            table.add_row(*map(escape, _cells(snapshot, row)))
    console.print(table)


@app.command("export")
def export_command(
    file: MapFile,
    out: Annotated[Path, typer.Argument(help="New file: .json for all but the embeddings, .ply for boxes.")],
) -> None:
    """Write the objects of a map as JSON or as a point cloud with labels (PLY)."""
    from reobj.association.store.export_json import export_json
    from reobj.association.store.export_ply import export_ply
    from reobj.association.store.reading import read_events, read_map

    kind = out.suffix.lower()
    if kind not in (".json", ".ply"):
        raise InputError(mismatch("name of the export", "one that ends in .json or .ply", out.name))
    snapshot = read_map(file)
    count = len(snapshot.objects)
    if kind == ".json":
        export_json(snapshot, read_events(file), out)
    else:
        count = export_ply(snapshot, out)
    console.print(f"wrote {count} objects to {out}", highlight=False, markup=False, soft_wrap=True)


@app.command("explain")
def explain_command(
    file: MapFile, object_id: Annotated[int, typer.Argument(help="An object, by its present or an old id.")]
) -> None:
    """Say why an object has its id: its visits, the evidence of each decision, its history."""
    from reobj.association.map.object_map import ObjectMap
    from reobj.association.store.reading import read_events, read_map
    from reobj.commands.map_explanation import explanation_tables

    object_map = ObjectMap()
    object_map.restore(read_map(file))
    for table in explanation_tables(object_map, read_events(file), object_id):
        console.print(table)


@app.command("merge")
def merge_command(
    first: MapFile,
    second: Annotated[Path, typer.Argument(help="The map whose objects are added to or joined with those.")],
    out: Annotated[Path, typer.Argument(help="New map file.")],
) -> None:
    """Make one map of the maps of two runs, by looks and geometry; both stay as they are.

    Ids of the first map stay. Objects that were seen in one image are never joined.
    """
    from reobj.association.merging.merge_files import described, merge_files
    from reobj.config import PipelineConfig, build_associator

    said = described(merge_files(first, second, out, build_associator(PipelineConfig()).merge_config))
    console.print(f"{said}\nwrote {out}", highlight=False, markup=False, soft_wrap=True)


def _summary(snapshot: MapSnapshot, name: str) -> Table:
    rows, living = snapshot.objects, len(snapshot.living())
    table = Table("what", "value", title=escape(name), show_header=False)
    table.add_row("uuid", snapshot.uuid)
    table.add_row("model", "none yet" if snapshot.model is None else escape(str(snapshot.model)))
    table.add_row("objects", str(living))
    table.add_row("merged or deleted", str(len(rows) - living))
    table.add_row("visits", str(len(snapshot.visits)))
    table.add_row(
        "embeddings", f"{len(snapshot.prototypes)} of {snapshot.prototypes.embeddings.shape[1]} numbers"
    )
    table.add_row("pairs that are never one", str(len(snapshot.cannot_links)))
    table.add_row("last event", str(snapshot.next_event_id - 1))
    if len(rows):
        table.add_row("first image", seconds(rows.first_seen_ns.min()))
        table.add_row("last image", seconds(rows.last_seen_ns.max()))
    return table


def _class_table(rows: ObjectRows) -> Table:
    """How many objects of each class, the most first."""
    labels, counts = np.unique([rows.label_of(row) for row in range(len(rows))], return_counts=True)
    table = Table("class", "objects")
    for i in np.argsort(-counts, kind="stable").tolist():
        table.add_row(escape(str(labels[i])), str(counts[i]))
    return table


def _cells(snapshot: MapSnapshot, row: int) -> tuple[str, ...]:
    from reobj.association.map.map_object import ObjectState

    rows = snapshot.objects
    object_id = int(rows.object_ids[row])
    state, now = ObjectState(int(rows.states[row])).name.lower(), snapshot.resolve(object_id)
    return (
        str(object_id),
        rows.label_of(row),
        rows.names[row],
        state if now == object_id else f"merged into {now}",
        metres(rows.positions[row]),
        metres(rows.extents[row]),
        str(rows.views[row]),
        str(rows.visits[row]),
        seconds(rows.last_seen_ns[row]),
    )
