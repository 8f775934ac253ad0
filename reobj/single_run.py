"""One pipeline over one recording: a video, a report and the ids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reobj.association.associator import MapAssociator
from reobj.config import PipelineConfig, build_pipeline, load_config, parse_config
from reobj.detection.registry import AUTO
from reobj.detection.truth import TruthBuffer
from reobj.evaluation.identity import IdentityScores
from reobj.evaluation.latency import LatencyRecorder, Percentiles
from reobj.files import write_text
from reobj.offline import Mode, Moment, Run, frame_rate, run_offline
from reobj.pipeline import Pipeline
from reobj.progress import Progress, silent
from reobj.refinement.archive import FrameArchive
from reobj.refinement.refined_run import RUN, RefinedRun, RoundOutcome
from reobj.refinement.rounds import RoundProgress, silent_rounds
from reobj.scans.base import FrameSource
from reobj.scans.opening import open_source
from reobj.types import FrameResult
from reobj.visual.report import ReportData, installed_versions, write_report
from reobj.visual.report import Run as ReportRun
from reobj.visual.story import Story
from reobj.visual.video import VideoWriter

VERSIONS = ("torch", "torchvision", "numpy", "scipy", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What to run.

    Attributes:
        source: a scan folder, a .sens file or a bag.
        out: folder of overlay.mp4, report.html and ids.json.
        config: YAML file of the pipeline; None for the defaults, with true masks if there are such.
        mode: which inputs may be used.
        frames: at most so many; None for all.
        device: of the networks.
        map_file: the object map goes on from this file and is written to it; None for an empty map that
            is not kept.
        refine: look at the recording again, in rounds, until nothing new is found; the results are of the
            last round, the map is of the first run.
    """

    source: Path
    out: Path
    config: Path | None = None
    mode: Mode = Mode.colour_depth_pose
    frames: int | None = None
    device: str = "auto"
    map_file: Path | None = None
    refine: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        scores: None where the recording knows no truth.
        latency_ms: by stage.
        objects: in the map.
        rounds: the first run and each round after it; empty where nothing was refined.
    """

    scores: IdentityScores | None
    latency_ms: Mapping[str, Percentiles]
    objects: int
    rounds: Sequence[RoundOutcome] = field(default_factory=tuple)


def run_recording(
    config: RunConfig, progress: Progress = silent, parts: RoundProgress = silent_rounds
) -> Outcome:
    """Runs the pipeline and writes the results into ``config.out``.

    Args:
        config: what to run.
        progress: of a run without rounds.
        parts: of each part of one with rounds.

    Raises:
        ReobjError: the recording, the configuration or the device cannot be used, or a write failed.
    """
    recording = open_source(config.source)
    settings = default_config(recording) if config.config is None else load_config(config.config)
    if not config.refine:
        truth = TruthBuffer()
        run = Run(build_pipeline(settings, config.device, truth), config.mode)
        moments = run_offline(recording, {RUN: run}, truth, progress, config.frames)
        return _with_map(config, recording, run.pipeline, moments, ())
    with FrameArchive(recording, config.frames) as archive:
        refined = RefinedRun(archive, settings, config.mode, config.device, parts)
        return _with_map(config, recording, refined.pipeline, refined.moments(), refined.outcomes)


def _with_map(
    config: RunConfig,
    recording: FrameSource,
    pipeline: Pipeline,
    moments: Iterator[Moment],
    rounds: Sequence[RoundOutcome],
) -> Outcome:
    """Goes on from the map's file where there is one."""
    associator = pipeline.associator
    assert isinstance(associator, MapAssociator)
    if config.map_file is not None:
        associator.keeper.open(config.map_file, pipeline.encoder.model)
    try:
        return _run(config, recording, associator, moments, rounds)
    finally:
        associator.keeper.close()


def _run(
    config: RunConfig,
    recording: FrameSource,
    associator: MapAssociator,
    moments: Iterator[Moment],
    rounds: Sequence[RoundOutcome],
) -> Outcome:
    latency, ids = LatencyRecorder(), []
    frames = len(recording) if config.frames is None else config.frames
    with VideoWriter(config.out / "overlay.mp4", frame_rate(recording)) as video:
        story = Story(video, strip_every=frames // 8)
        for moment in moments:
            result = moment.results[RUN]
            story.add(moment.frame, result, moment.truth)
            latency.add(result.latency_ms)
            ids.append(ids_of(result))
    write_text(config.out / "ids.json", json.dumps({"source": recording.name, "frames": ids}, indent=1))
    scores = story.scores() if story.has_truth else None
    outcome = Outcome(scores, latency.percentiles(), len(associator.objects()), tuple(rounds))
    write_report(config.out / "report.html", report_data(config, recording.name, story, outcome, associator))
    return outcome


def default_config(recording: FrameSource) -> PipelineConfig:
    """The defaults, with true masks where the recording has them and ``choose_detector``'s where not."""
    if recording.has_truth:
        return PipelineConfig()
    return parse_config({"detector": {"name": AUTO}})


def report_data(
    config: RunConfig, name: str, story: Story, outcome: Outcome, associator: MapAssociator
) -> ReportData:
    """All that report.html shows."""
    scores = outcome.scores
    return ReportData(
        title=f"reobj: {name}",
        scan=name,
        frames=story.frames,
        duration_s=story.duration_s,
        objects_true=0 if scores is None else scores.objects_true,
        runs=_report_runs(config.mode.value, outcome),
        latency_ms=outcome.latency_ms,
        reidentifications=story.pictures(),
        strip=story.strip,
        top_view=story.top_view(associator.objects()),
        timeline=story.timeline(),
        command=f"reobj run {name} --mode {config.mode.value}{' --refine' if config.refine else ''}",
        rounds=[f"{item.name}: {item.note}" for item in outcome.rounds],
        versions=installed_versions(VERSIONS),
    )


def _report_runs(name: str, outcome: Outcome) -> list[ReportRun]:
    """The rows of the table: what came of it, and before it what each round but the last came to."""
    if outcome.scores is None:
        return []
    note = outcome.rounds[-1].note if outcome.rounds else "this run"
    earlier = [(f"{name}, {r.name}", r.note, r.scores) for r in outcome.rounds[:-1]]
    rows = [(name, note, outcome.scores), *earlier]
    return [ReportRun(title, text, scores) for title, text, scores in rows if scores is not None]


def ids_of(result: FrameResult) -> dict[str, object]:
    """What ids.json says of one frame."""
    objects = [
        {
            "object_id": item.object_id,
            "track_id": item.track_id,
            "decision": item.decision.kind.name,
            "probability": round(float(item.decision.probability), 4),
            "label": result.instances.labels[item.index],
            "box": [round(float(v), 1) for v in result.instances.boxes[item.index]],
        }
        for item in result.objects
    ]
    return {"stamp_ns": result.stamp_ns, "objects": objects}
