"""``reobj views``: make and look at folders of views."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from reobj.commands.console import console, progress_bar
from reobj.errors import InputError, mismatch

if TYPE_CHECKING:
    from reobj.views.counts import Counts
    from reobj.views.settings import ViewSettings

app = typer.Typer(no_args_is_help=True, help="Make and look at views: what encoders are trained with.")


@app.command("build")
def build_command(
    scans: Annotated[
        list[Path], typer.Argument(help="Scan folders, .sens files, bags, or folders of those.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder of the views; what is finished there is kept.")],
    detector: Annotated[
        str | None, typer.Option(help="Take its valid detections; default: the true masks.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="As config/pipeline.yaml: take the valid detections of its detector.")
    ] = None,
    every: Annotated[int, typer.Option(help="Every so many frames.", min=1)] = 1,
    context: Annotated[float, typer.Option(help="Side of what is stored over that of the box.", min=1)] = 3.0,
    max_side: Annotated[int, typer.Option(help="Pixels of a stored image at most.", min=16)] = 320,
    min_side: Annotated[int, typer.Option(help="Pixels of a box's shorter side at least.", min=1)] = 12,
    keep_structure: Annotated[
        bool, typer.Option("--keep-structure", help="Walls, floors and ceilings too.")
    ] = False,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.", min=1)] = None,
    ray: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster; local starts one here.", metavar="ADDRESS")
    ] = None,
    device: Annotated[str, typer.Option(help="Of a detector: auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Cut every instance of every frame, with its surroundings, out of recordings with true instances."""
    from reobj.encoding.context import ContextSpec
    from reobj.views.build import ViewBuildConfig, build_views
    from reobj.views.settings import ViewSettings

    settings = ViewSettings(
        context=ContextSpec(ratio=context, square=True),
        max_side=max_side,
        min_side=min_side,
        every=every,
        exclude=() if keep_structure else ViewSettings().exclude,
        detector=_detector_section(detector, config),
    )
    with progress_bar(f"views in {out.name}") as progress:
        report = build_views(scans, out, ViewBuildConfig(settings, device), workers, ray, progress)
    console.print(count_table(report.counts, settings.detector is not None))
    there = [scene for scene in report.scenes if scene.reason is None]
    kept = sum(scene.kept for scene in there)
    console.print(f"{report.views} views of {len(there)} scenes in {out}, {kept} of them from before")
    _print_skipped({scene.scene: scene.reason or "" for scene in report.skipped})


@app.command("info")
def info_command(
    views: Annotated[Path, typer.Argument(help="A folder of views.")],
) -> None:
    """Say what is in a folder of views."""
    from reobj.views.store import ViewStore, read_index

    store, index = ViewStore(views), read_index(views)
    console.print(count_table(index.counts, index.settings.detector is not None))
    console.print(settings_table(index.settings))
    console.print(f"{len(store)} views of {len(index.scenes)} scenes")
    _print_skipped(index.skipped)


def count_table(counts: Counts, detected: bool) -> Table:
    """Detections, views and instances per class, as Table 1 of the papers."""
    first = "detections" if detected else "visible"
    table = Table("class", first, "views", "instances", title="Views and instances per class")
    for label, count in sorted(counts.items(), key=lambda entry: -entry[1].views):
        table.add_row(label, f"{count.detections:,}", f"{count.views:,}", f"{count.instances:,}")
    table.add_section()
    totals = (sum(getattr(c, key) for c in counts.values()) for key in ("detections", "views", "instances"))
    table.add_row("all", *(f"{total:,}" for total in totals))
    return table


def settings_table(settings: ViewSettings) -> Table:
    """How the views were made."""
    table = Table("setting", "value", show_header=False)
    for name, value in settings.mapping().items():
        table.add_row(name, "true masks" if name == "detector" and value is None else str(value))
    return table


def _print_skipped(reasons: Mapping[str, str]) -> None:
    if reasons:
        console.print(f"[yellow]{len(reasons)} recordings were skipped:[/]")
    for name, reason in reasons.items():
        console.print(f"  {name}: {reason}", highlight=False, markup=False, soft_wrap=True)


def _detector_section(name: str | None, config: Path | None) -> dict[str, object] | None:
    """The section ``detector`` of a pipeline's configuration; None for true masks.

    Raises:
        InputError: both are given.
        ConfigError: the file is no pipeline's configuration.
    """
    if name is not None and config is not None:
        raise InputError(mismatch("detector", "--detector or --config", "both"))
    if config is None:
        return None if name is None else {"name": name}
    from reobj.config import load_config
    from reobj.views.detector_section import section_mapping

    return section_mapping(load_config(config).detector)
