"""The command ``reobj``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape

from reobj import __version__
from reobj.commands import (
    annotate,
    demo,
    evaluate,
    map_file,
    reproduce,
    run,
    scan,
    train,
    train_detector,
    train_refiner,
    views,
)
from reobj.commands.console import errors, show_log
from reobj.environment import PATIENT
from reobj.errors import ReobjError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which chair is this? Object instance re-identification for robots.",
)
app.add_typer(scan.app, name="scan")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(views.app, name="views")
app.add_typer(map_file.app, name="map")
app.command("train")(train.train_command)
app.command("train-detector")(train_detector.train_detector_command)
app.command("train-refiner")(train_refiner.train_refiner_command)
app.command("run")(run.run_command)
app.command("annotate")(annotate.annotate_command)
app.command("demo")(demo.demo_command)


def show_version(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        typer.echo(f"reobj {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which chair is this? Object instance re-identification for robots."""


def main() -> None:
    """Runs the command line. What went wrong on purpose is one line, not a traceback."""
    show_log()
    os.environ |= {key: os.environ.get(key, value) for key, value in PATIENT.items()}
    try:
        app()
    except ReobjError as error:
        errors.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
