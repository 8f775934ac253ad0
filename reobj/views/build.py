"""From recordings to a folder of views."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reobj.errors import InputError, ViewsError, mismatch
from reobj.processes import available_cores
from reobj.progress import Progress, silent
from reobj.views.counts import Counts
from reobj.views.index import SceneOutcome, write_index
from reobj.views.recordings import find_recordings, is_recording
from reobj.views.scene_build import SceneTask, finished_scene
from reobj.views.settings import ViewSettings
from reobj.views.workers import build_locally, build_on_ray


@dataclass(frozen=True, slots=True)
class ViewBuildConfig:
    """What to build, and where a detector runs.

    Attributes:
        settings: which views, and what they show.
        device: of a detector, as for ``resolve_device``.
    """

    settings: ViewSettings = field(default_factory=ViewSettings)
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class ViewsReport:
    """What came of a build.

    Attributes:
        scenes: one outcome per recording, in their order.
        counts: by label, over all scenes.
    """

    scenes: tuple[SceneOutcome, ...]
    counts: Counts

    @property
    def views(self) -> int:
        """How many there are."""
        return sum(scene.views for scene in self.scenes)

    @property
    def skipped(self) -> tuple[SceneOutcome, ...]:
        """The recordings that could not be used, each with its reason."""
        return tuple(scene for scene in self.scenes if scene.reason is not None)


def build_views(
    scans: Sequence[Path],
    out: Path,
    config: ViewBuildConfig | None = None,
    workers: int | None = None,
    ray: str | None = None,
    progress: Progress = silent,
) -> ViewsReport:
    """Builds the views of all recordings into one folder; what is finished there already is kept.

    A recording that is damaged or knows no truth is skipped and named in the report and in
    ``views.json``. A build that was killed goes on when it is called again, and gives the same bytes.

    Args:
        scans: scan folders, .sens files, bags, and folders of those; of different names.
        out: folder of views.
        config: what to build.
        workers: processes; None for one per core.
        ray: address of a Ray cluster in place of local processes; "local" starts one here.
        progress: in recordings.

    Raises:
        InputError: no recordings, two of one name, or ``out`` is itself a recording.
        ViewsError: not one of the recordings could be used.
        ConfigError, ModelError, DeviceError: the detector cannot be made, or there is no Ray.
        StorageError: a write was refused.
    """
    config = config or ViewBuildConfig()
    if out.exists() and is_recording(out):
        raise InputError(
            mismatch("folder of the views", "a new folder or one of views", f"a recording, {out}")
        )
    paths = find_recordings(scans)
    if not paths:
        raise InputError(mismatch("recordings", "at least one", "none"))
    settings = dataclasses.replace(config.settings, detector=_complete(config.settings.detector))
    cores = available_cores()
    threads = max(1, cores // min(workers or cores, len(paths)))
    tasks = [SceneTask(path, out.resolve(), settings, config.device, threads) for path in paths]
    outcomes: dict[str, SceneOutcome] = {}
    for outcome in _outcomes(tasks, workers or cores, ray):
        outcomes[outcome.scene] = outcome
        progress(len(outcomes), len(tasks))
    scenes = tuple(outcomes[task.scene] for task in tasks)
    if all(scene.reason is not None for scene in scenes):
        raise ViewsError(f"none of {len(scenes)} recordings gave views; the first: {scenes[0].reason}")
    return ViewsReport(scenes, write_index(out, settings, scenes).counts)


def _outcomes(tasks: Sequence[SceneTask], workers: int, ray: str | None) -> Iterator[SceneOutcome]:
    """Of what is there already, then of the rest as it comes."""
    found = {task.scene: finished_scene(task) for task in tasks}
    yield from (outcome for outcome in found.values() if outcome is not None)
    rest = [task for task in tasks if found[task.scene] is None]
    if rest:
        yield from build_locally(rest, workers) if ray is None else build_on_ray(rest, ray, workers)


def _complete(detector: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A detector's section with every option it has, so that another default is another setting.

    Raises:
        ConfigError: an unknown detector or option.
    """
    if detector is None:
        return None
    from reobj.config import parse_config  # takes seconds, and true masks need none of it
    from reobj.views.detector_section import section_mapping

    return section_mapping(parse_config({"detector": detector}).detector)
