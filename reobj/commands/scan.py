"""``reobj scan``: make, convert and look at scans."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from reobj.commands.console import console, progress_bar
from reobj.errors import InputError, mismatch
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.opening import open_source
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import LAYOUTS, simulate
from reobj.scans.simulator.rooms import RoomSettings, simulate_rooms

app = typer.Typer(no_args_is_help=True, help="Make, convert and look at scans.")

Layout = Enum("Layout", {name: name for name in LAYOUTS}, type=str)  # type: ignore[misc]


class Storage(str, Enum):
    """How a bag is stored."""

    mcap = "mcap"
    sqlite3 = "sqlite3"


@app.command("simulate")
def simulate_command(
    out: Annotated[Path, typer.Argument(help="Folder of the new scan, e.g. scans/scene0007_00.")],
    seed: Annotated[int, typer.Option(help="The room: the same seed gives the same scan.", min=0)] = 0,
    frames: Annotated[
        int | None, typer.Option(help="Length of the walk in frames; default: the whole walk.", min=1)
    ] = None,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT of colour and depth.")] = "640x480",
    layout: Annotated[Layout, typer.Option(help="Kind of room.")] = Layout.random,  # type: ignore[attr-defined]
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.", min=1)] = None,
) -> None:
    """Render a simulated indoor scan full of identical objects, in ScanNet's form."""
    with progress_bar(f"rendering {out.name}") as progress:
        simulate(out, seed, frames, parse_size(size), layout.value, workers=workers, progress=progress)
    console.print(f"wrote {out}")


@app.command("rooms")
def rooms_command(
    out: Annotated[Path, typer.Argument(help="Folder of the new scans.")],
    seeds: Annotated[str, typer.Option(help="FIRST-LAST; 1000 and above are for measuring only.")] = "0-99",
    fps: Annotated[float, typer.Option(help="Frames per second of the walk.")] = 1.0,
    frames: Annotated[
        int | None, typer.Option(help="Length of a walk in frames; default: the whole walk.", min=1)
    ] = None,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT of colour and depth.")] = "480x360",
    layout: Annotated[Layout, typer.Option(help="Kind of room.")] = Layout.random,  # type: ignore[attr-defined]
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core.", min=1)] = None,
) -> None:
    """Render many simulated rooms, to train on; finished ones are kept."""
    settings = RoomSettings(frames, parse_size(size), layout.value, fps)
    with progress_bar(f"rooms in {out.name}") as progress:
        simulate_rooms(out, parse_seeds(seeds), settings, workers, progress)
    console.print(f"wrote {out}")


@app.command("to-bag")
def to_bag_command(
    scan: Annotated[Path, typer.Argument(help="A scan folder as ScanNet has it, or a .sens file.")],
    bag: Annotated[Path, typer.Argument(help="Folder of the new bag.")],
    storage: Annotated[Storage, typer.Option(help="Storage plugin of the bag.")] = Storage.mcap,
    raw: Annotated[
        bool, typer.Option("--raw", help="Raw images in place of JPEG and PNG: larger, faster.")
    ] = False,
) -> None:
    """Turn a scan into a rosbag that `ros2 bag play` takes."""
    with progress_bar(f"writing {bag.name}") as progress:
        scan_to_bag(ScanNetScan(scan), bag, storage=storage.value, raw=raw, progress=progress)
    console.print(f"wrote {bag}")


@app.command("info")
def info_command(
    source: Annotated[Path, typer.Argument(help="A scan folder, a .sens file or a bag.")],
) -> None:
    """Say what is in a scan or a bag."""
    recording = open_source(source)
    table = Table("what", "value", title=recording.name, show_header=False)
    table.add_row("frames", str(len(recording)))
    first, truth = next(iter(recording), (None, None))
    if first is not None:
        table.add_row("size", f"{first.width}x{first.height}")
        table.add_row("depth", "yes" if first.depth is not None else "no")
        table.add_row("pose", "yes" if first.pose is not None else "no")
        table.add_row("true instances", "no" if truth is None else str(len(truth.labels)))
    console.print(table)


def parse_size(text: str) -> tuple[int, int]:
    """``(width, height)`` of ``WIDTHxHEIGHT``. Raises InputError."""
    width, x, height = text.partition("x")
    if not (x and width.isdecimal() and height.isdecimal() and int(width) > 0 and int(height) > 0):
        raise InputError(mismatch("--size", "WIDTHxHEIGHT, such as 640x480", text))
    return int(width), int(height)


def parse_seeds(text: str) -> range:
    """The seeds of ``FIRST-LAST``, both included, or of one number. Raises InputError."""
    first, dash, last = text.partition("-")
    if not (first.isdecimal() and (last.isdecimal() if dash else True)):
        raise InputError(mismatch("--seeds", "FIRST-LAST, such as 0-99", text))
    seeds = range(int(first), int(last if dash else first) + 1)
    if not seeds:
        raise InputError(mismatch("--seeds", "FIRST-LAST, such as 0-99", text))
    return seeds
