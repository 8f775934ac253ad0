"""Runs systems over a recording and judges what they say: ``evaluate_scan``."""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reobj.association.associator_config import AssociatorConfig
from reobj.association.base import Association, Associator
from reobj.config import DetectorSection, EncoderSection, PipelineConfig
from reobj.errors import ScanError, mismatch
from reobj.evaluation.identity import IdentityConfig, IdentityEvaluator
from reobj.evaluation.identity_cache import DetectedFrame, DetectedScan
from reobj.evaluation.identity_decisions import DecisionJudge, map_quality
from reobj.evaluation.identity_detections import detections
from reobj.evaluation.identity_drift import DriftConfig
from reobj.evaluation.identity_outcome import RunOutcome, ScanOutcome
from reobj.evaluation.identity_systems import (
    InputLimiter,
    Inputs,
    Masks,
    RunKey,
    System,
    make_associator,
    run_keys,
)
from reobj.evaluation.identity_truth import FrameTruth
from reobj.progress import Progress, silent
from reobj.scans.base import FrameSource
from reobj.scans.opening import open_source
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    EventKind,
    Frame,
    Instances,
    TrackedObject,
    TrackState,
)


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """What is run.

    Attributes:
        masks, systems, inputs: each system runs over each kind of masks, with all inputs it makes use of.
        detector: of ``Masks.detector``; None for Mask R-CNN.
        encoder: whose embeddings all systems get.
        association: of our system.
        drift: of the poses in ``Inputs.drifting_pose``.
        scores: what counts.
        cache: folder for detections and embeddings; None computes them anew.
        frames: at most so many of each recording; None for all.
        device: of the networks.
    """

    masks: tuple[Masks, ...] = (Masks.true, Masks.imperfect)
    systems: tuple[System, ...] = tuple(System)
    inputs: tuple[Inputs, ...] = tuple(Inputs)
    detector: DetectorSection | None = None
    encoder: EncoderSection = field(default_factory=EncoderSection)
    association: AssociatorConfig = field(default_factory=AssociatorConfig)
    drift: DriftConfig = field(default_factory=DriftConfig)
    scores: IdentityConfig = field(default_factory=IdentityConfig)
    cache: Path | None = Path("out/identity/cache")
    frames: int | None = None
    device: str = "auto"


def evaluate_scan(
    path: Path | str, settings: IdentitySettings | None = None, progress: Progress = silent
) -> ScanOutcome:
    """All runs over one recording.

    Args:
        path: a scan folder, a .sens file or a bag, with true instances.
        settings: what is run.
        progress: counts frames; first those that are detected, then those that are associated.

    Raises:
        InputError: the recording knows no truth.
        ReobjError: the recording, a stage or the cache failed.
    """
    path, settings = Path(path), settings or IdentitySettings()
    source = open_source(path)
    outcomes: list[RunOutcome] = []
    for masks in settings.masks:
        scan = detections(
            path,
            source,
            masks,
            settings.encoder,
            settings.device,
            detector=settings.detector,
            limit=settings.frames,
            cache=settings.cache,
            progress=progress,
        )
        outcomes += _run_all(source, scan, masks, settings, progress)
    return ScanOutcome(source.name, tuple(outcomes))


def _run_all(
    source: FrameSource, scan: DetectedScan, masks: Masks, settings: IdentitySettings, progress: Progress
) -> list[RunOutcome]:
    """All runs over one kind of masks, each frame through all of them."""
    config = PipelineConfig(masks.section(settings.detector), settings.encoder, settings.association)
    keys = run_keys(masks, settings.systems, settings.inputs)
    runs = [_Run(key, make_associator(key.system, config), settings.scores) for key in keys]
    used = tuple(dict.fromkeys(key.inputs for key in keys))
    limiter = InputLimiter(used, settings.drift)
    further = any(item is not Inputs.colour for item in used)
    for done, (frame, detected) in enumerate(_frames(source, scan, further), start=1):
        instances = detected.instances()
        embeddings = Embeddings(detected.embeddings, scan.model)
        seen = limiter.frames(frame)
        for run in runs:
            run.step(seen[run.key.inputs], instances, embeddings, detected.truth)
        progress(done, len(scan.frames))
    return [run.outcome(scan) for run in runs]


def _frames(source: FrameSource, scan: DetectedScan, further: bool) -> Iterator[tuple[Frame, DetectedFrame]]:
    """The frames with what was detected in them; colour alone, which no associator looks at, is not read."""
    if not further:
        for item in scan.frames:
            yield Frame.without_colour(*item.size, item.stamp_ns, "camera"), item
        return
    for (frame, _), item in zip(source, scan.frames, strict=False):
        if frame.stamp_ns != item.stamp_ns:
            expected = f"a frame of {item.stamp_ns} ns, as when it was detected"
            raise ScanError(mismatch(source.name, expected, frame.stamp_ns))
        yield frame, item


class _Run:
    """One system with one kind of inputs, and those who judge it."""

    def __init__(self, key: RunKey, associator: Associator | None, config: IdentityConfig) -> None:
        self.key = key
        self._associator = associator
        self._min_visible = config.min_visible
        self._evaluator = IdentityEvaluator(config)
        self._judge = DecisionJudge(self._evaluator.tally)
        self._seen: Counter[int] = Counter()
        self._given: dict[int, Counter[int]] = defaultdict(Counter)
        self._latency_ms: array[float] = array("f")
        self._frames = 0

    def step(
        self, frame: Frame, instances: Instances, embeddings: Embeddings, truth: FrameTruth | None
    ) -> None:
        """Takes the next frame; where truth is not known it is associated and not judged."""
        start = time.perf_counter()
        found = self._associate(frame, instances, embeddings, truth)
        self._latency_ms.append(1e3 * (time.perf_counter() - start))
        for event in found.events:
            if event.kind == EventKind.MERGED:
                self._evaluator.merge(event.stamp_ns, event.object_ids[0], event.object_ids[1:])
        if truth is None:
            return
        self._frames += 1
        self._judge.add(frame.stamp_ns, truth, found.objects, found.events)
        self._evaluator.add_truth(frame.stamp_ns, truth, found.objects)
        cared = truth.overlaps.true_ids[truth.cared(self._min_visible)].tolist()
        self._seen.update(cared)
        for item in found.objects:
            true_id = int(truth.matched[item.index])
            if item.object_id and true_id in cared:
                self._given[true_id][item.object_id] += 1

    def _associate(
        self, frame: Frame, instances: Instances, embeddings: Embeddings, truth: FrameTruth | None
    ) -> Association:
        if self._associator is not None:
            return self._associator.update(frame, instances, embeddings)
        matched = np.zeros(len(instances), np.int64) if truth is None else truth.matched
        rows = np.flatnonzero(matched).tolist()
        decisions = {i: Decision(DecisionKind.MATCH, int(matched[i]), 1.0) for i in rows}
        return Association(
            tuple(TrackedObject(i, int(matched[i]), TrackState.CONFIRMED, decisions[i]) for i in rows)
        )

    def outcome(self, scan: DetectedScan) -> RunOutcome:
        """What it came to."""
        evaluator = self._evaluator
        return RunOutcome(
            scan=scan.name,
            key=self.key,
            frames=self._frames,
            objects_true=len(self._seen),
            tracks=evaluator.track_counts(),
            visits=evaluator.judged_visits(),
            decisions=self._judge.decisions,
            undecided=self._judge.undecided,
            detected=evaluator.detected,
            deferred=evaluator.deferred,
            map_objects=len(evaluator.tally),
            duplicates=evaluator.tally.duplicates(),
            quality=map_quality(evaluator.tally),
            seen=dict(self._seen),
            given=dict(self._given),
            true_labels=scan.true_labels,
            latency_ms=np.asarray(self._latency_ms, np.float32),
        )
