"""Many simulated rooms at once: data to train on, and to be measured on."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from reobj.errors import InputError, ReobjError, mismatch
from reobj.processes import available_cores, single_threaded_children, start_worker
from reobj.progress import Progress, silent
from reobj.scans.simulator.simulate import DESCRIPTION, simulate


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """How the rooms are filmed; as for ``simulate``."""

    frames: int | None = None
    size: tuple[int, int] = (480, 360)
    layout: str = "random"
    fps: float = 1.0


def simulate_rooms(
    out: Path,
    seeds: Sequence[int],
    settings: RoomSettings | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> list[Path]:
    """Renders ``out/sceneNNNN_00`` for each seed, room by room side by side. Finished ones are kept.

    Args:
        out: folder of the scans.
        seeds: of the rooms, 0 to 9999.
        settings: how they are filmed; one frame per second suits training, as nearer ones are alike.
        workers: processes; None for one per core. A script needs ``if __name__ == "__main__":``.
        progress: counts rooms.

    Returns:
        the folders, in the order of the seeds.

    Raises:
        InputError: a seed that is no scene number.
        ReobjError: a process died; what is finished is kept.
        StorageError: the operating system refused a write.
    """
    wrong = [seed for seed in seeds if not 0 <= seed <= 9999]
    if wrong:
        raise InputError(mismatch("seeds", "0 to 9999", wrong[0]))
    settings = settings or RoomSettings()
    folders = [out / f"scene{seed:04d}_00" for seed in seeds]
    missing = [
        (folder, seed, settings)
        for folder, seed in zip(folders, seeds, strict=True)
        if not (folder / DESCRIPTION).exists()
    ]
    done = len(folders) - len(missing)
    progress(done, len(folders))
    # "spawn": a fork of a process that runs threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers or available_cores(), context, start_worker) as pool:
        try:
            with single_threaded_children():
                rooms = [pool.submit(_render, *room) for room in missing]
            for future in as_completed(rooms):
                future.result()
                done += 1
                progress(done, len(folders))
        except BrokenProcessPool as error:
            raise ReobjError("rendering: a worker process ended unexpectedly (out of memory?)") from error
        finally:
            pool.shutdown(cancel_futures=True)
    return folders


def _render(folder: Path, seed: int, settings: RoomSettings) -> None:
    simulate(folder, seed, settings.frames, settings.size, settings.layout, settings.fps, workers=1)
