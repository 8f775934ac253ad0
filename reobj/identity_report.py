"""``reobj evaluate identity``: systems over recordings, with tables, scores and a page."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from reobj.errors import InputError, ReobjError, mismatch
from reobj.evaluation.identity_detections import detections
from reobj.evaluation.identity_outcome import RunOutcome, ScanOutcome
from reobj.evaluation.identity_rows import IdentityRow, row_of, rows_of
from reobj.evaluation.identity_run import IdentitySettings, evaluate_scan
from reobj.evaluation.identity_systems import Masks, RunKey, System
from reobj.evaluation.identity_tables import all_tables, names_of
from reobj.files import write_text
from reobj.processes import available_cores, single_threaded_children, start_worker
from reobj.progress import Progress, silent
from reobj.scans.opening import open_source
from reobj.visual.cmc_plot import cmc_svg
from reobj.visual.identity_page import FailureSection, IdentityPage, write_identity_page
from reobj.visual.identity_pictures import Failure, failures_of
from reobj.visual.identity_plot import reliability_figure
from reobj.visual.report import installed_versions

PAGE_FILE, TABLE_FILE, SCORES_FILE = "identity.html", "identity.md", "scores.json"
VERSIONS = ("torch", "numpy", "scipy", "trackeval")


@dataclass(frozen=True, slots=True)
class IdentityReportConfig:
    """What is evaluated.

    Attributes:
        scans: recordings with true instances.
        out: folder of identity.html, identity.md and scores.json.
        settings: what is run over each.
        workers: processes; None for one per core.
        pictures: wrong decisions shown per run of ours and recording; 0 for none.
        command: for the page.
    """

    scans: tuple[Path, ...]
    out: Path
    settings: IdentitySettings = field(default_factory=IdentitySettings)
    workers: int | None = None
    pictures: int = 2
    command: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """One recording with one kind of masks: what one process does at a time."""

    path: Path
    settings: IdentitySettings
    pictures: int


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a task: the runs, and the failures of some of them."""

    outcome: ScanOutcome
    failures: dict[RunKey, list[Failure]]


def evaluate_identity(config: IdentityReportConfig, progress: Progress = silent) -> list[IdentityRow]:
    """Runs everything, in processes side by side, and writes the results into ``config.out``.

    Args:
        config: see there.
        progress: counts recordings times kinds of masks.

    Returns:
        One row per run, over all recordings.

    Raises:
        InputError: no recording, or one without truth.
        ReobjError: a recording or a stage failed, a process died, or a file could not be written.
    """
    if not config.scans:
        raise InputError(mismatch("recordings", "at least one", "none"))
    masks = config.settings.masks
    tasks = [
        _Task(path, replace(config.settings, masks=(kind,)), config.pictures)
        for kind in masks
        for path in config.scans
    ]
    workers = min(config.workers or available_cores(), len(tasks))
    done: list[_Done] = []
    for item in map(_evaluate, tasks) if workers == 1 else _in_processes(tasks, workers):
        done.append(item)
        progress(len(done), len(tasks))
    rows = rows_of([item.outcome for item in done])
    _write(config, rows, done)
    return rows


def _in_processes(tasks: Sequence[_Task], workers: int) -> Iterator[_Done]:
    """The results in the order of the tasks."""
    # "spawn": a fork of a process that runs torch threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker)
    try:
        with single_threaded_children():
            futures = [pool.submit(_evaluate, task) for task in tasks]
        for future in futures:
            yield future.result()
    except BrokenProcessPool as error:
        raise ReobjError("evaluating: a process ended unexpectedly (out of memory?)") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _evaluate(task: _Task) -> _Done:
    """All runs of one task, and pictures of what went wrong in ours."""
    outcome = evaluate_scan(task.path, task.settings)
    ours = [run for run in outcome.runs if run.key.system is System.reobj]
    if not (task.pictures and ours):
        return _Done(outcome, {})
    failures = _pictured(task, ours)
    return _Done(outcome, {run.key: some for run, some in zip(ours, failures, strict=True)})


def _pictured(task: _Task, runs: Sequence[RunOutcome]) -> list[list[Failure]]:
    """Detections come from the cache; without one they are computed again."""
    settings = task.settings
    source = open_source(task.path)
    scan = detections(
        task.path,
        source,
        settings.masks[0],
        settings.encoder,
        settings.device,
        detector=settings.detector,
        limit=settings.frames,
        cache=settings.cache,
    )
    return failures_of(source, scan, runs, task.pictures)


def _write(config: IdentityReportConfig, rows: Sequence[IdentityRow], done: Sequence[_Done]) -> None:
    tables = all_tables(rows)
    text = "\n".join(f"## {table.title}\n\n{table.markdown()}" for table in tables)
    write_text(config.out / TABLE_FILE, text)
    write_text(config.out / SCORES_FILE, json.dumps(_scores(rows, done), indent=1, allow_nan=False) + "\n")
    bins = {", ".join(names_of(row.key)): row.reliability for row in rows if row.reliability}
    page = IdentityPage(
        title="Who is who? Identity over whole walks",
        notes=_notes(config, rows),
        tables=tables,
        reliability=cmc_svg(reliability_figure(bins)) if bins else None,
        failures=_sections(rows, done),
        command=config.command,
        versions=installed_versions(VERSIONS),
    )
    write_identity_page(config.out / PAGE_FILE, page)


def _sections(rows: Sequence[IdentityRow], done: Sequence[_Done]) -> list[FailureSection]:
    """By run, the surest failures of all recordings first."""
    sections = []
    for row in rows:
        found = [failure for item in done for failure in item.failures.get(row.key, ())]
        found.sort(key=lambda failure: (failure.decision, -failure.probability))
        if found:
            sections.append(FailureSection(", ".join(names_of(row.key)), found))
    return sections


def _notes(config: IdentityReportConfig, rows: Sequence[IdentityRow]) -> list[str]:
    """What a reader must know to judge the figures."""
    first = rows[0]
    notes = [
        f"{first.scans} recordings, {first.frames} frames, {first.objects_true} true objects; "
        "counts of all recordings are added before ratios are taken.",
        "Ceiling: the true ids given to these very instances; what the masks allow at best.",
    ]
    if any(row.key.inputs.value == "drifting_pose" for row in rows):
        drift = config.settings.drift
        notes.append(
            f"Drifting poses: {100 * drift.translation:g} % of the distance travelled and "
            f"{drift.yaw_deg_per_m:g} degrees of yaw per metre, in random directions."
        )
    if any(row.key.masks is Masks.imperfect for row in rows):
        notes.append("Imperfect masks: true ones with misses, splits, other labels and moved borders.")
    return notes


def _scores(rows: Sequence[IdentityRow], done: Sequence[_Done]) -> dict[str, object]:
    """All figures, over all recordings and of each."""
    scans: dict[str, list[dict[str, object]]] = {}
    for item in done:
        some = scans.setdefault(item.outcome.scan, [])
        some += [_plain(row_of([run])) for run in item.outcome.runs]
    return {"runs": [_plain(row) for row in rows], "recordings": scans}


def _plain(row: IdentityRow) -> dict[str, object]:
    """A row as plain data, with the ratios that it derives."""
    data = asdict(row)
    masks, system, inputs = names_of(row.key)
    del data["key"]
    ratios = {
        "revisit_recall": row.revisits.recall,
        "revisit_precision": row.revisits.precision,
        "new_precision": row.new_precision,
    }
    return {"masks": masks, "system": system, "inputs": inputs, **ratios, **data}
