"""``reobj annotate``: true ids over a recording from a few frames that were drawn in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from reobj.commands.console import console, progress_bars
from reobj.errors import InputError, mismatch
from reobj.offline import Mode

if TYPE_CHECKING:
    from reobj.refinement.annotation import Annotation
    from reobj.refinement.doubts import Doubt

#: frames that are proposed to be drawn in next
_PROPOSED = 5


def annotate_command(
    source: Annotated[Path, typer.Argument(help="A scan folder, a .sens file or a bag.")],
    labels: Annotated[
        Path,
        typer.Option(
            help="Folder with what was drawn: <frame number>.png, pixel = id, and labels.json {id: name}."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the annotated scan, which reobj run, train and views build take."),
    ] = None,
    pictures: Annotated[
        str | None,
        typer.Option(help="Only write these frames into the folder of labels, to draw in: 0,120,300."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="As config/pipeline.yaml: its detector finds lost objects again, by their looks."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Which inputs may be used.")] = Mode.colour_depth_pose,
    frames: Annotated[int | None, typer.Option(help="Only so many frames.", min=1)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Label every frame from one drawn mask per object, as ScanNet's instance images."""
    from reobj.refinement.annotation import AnnotationConfig, annotate  # torch takes seconds to import
    from reobj.refinement.annotation_files import SHEET_FILE, check_out, write_annotation
    from reobj.refinement.archive import FrameArchive
    from reobj.refinement.drawing import write_pictures
    from reobj.scans.opening import open_source

    recording = open_source(source)
    if pictures is not None:
        numbers = _numbers(pictures)
        with FrameArchive(recording, frames) as archive:
            write_pictures(archive, numbers, labels)
        console.print(f"wrote {len(numbers)} pictures into {labels}")
        return
    if out is None:
        raise InputError(mismatch("--out", "a folder", "none"))
    check_out(out, [labels, source])
    with FrameArchive(recording, frames) as archive, progress_bars() as parts:
        found = annotate(archive, AnnotationConfig(labels, config, mode, device), parts)
        doubts = write_annotation(out, source, archive, found, parts("files"))
    _tell(found, doubts)
    console.print(f"Look it through: [bold]{out / SHEET_FILE}[/]")


def _tell(found: Annotation, doubts: Sequence[Doubt]) -> None:
    """In how many frames each object is, and where to draw next."""
    from reobj.refinement.doubts import frames_to_draw

    counts = Counter(i for number in range(len(found.book)) for i in found.book.rows(number).shown())
    table = Table("id", "name", "frames", "doubts", title="Objects")
    for object_id, name in found.drawing.names.items():
        unsure = sum(doubt.object_id == object_id for doubt in doubts)
        table.add_row(str(object_id), name, str(counts[object_id]), str(unsure))
    console.print(table)
    proposed = frames_to_draw(doubts, _PROPOSED, found.drawing.images)
    if proposed:
        listed = ", ".join(map(str, proposed))
        console.print(f"Least sure around the frames {listed}: drawing in these would help most.")


def _numbers(text: str) -> list[int]:
    """Frame numbers separated by commas. Raises InputError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InputError(mismatch("--pictures", "frame numbers such as 0,120,300", text))
    return [int(part) for part in parts]
