"""Runs over several recordings put together: what ``reobj evaluate identity`` says of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from reobj.evaluation.calibration_error import ReliabilityBin, calibration_error, reliability
from reobj.evaluation.identity_decisions import JudgedDecision, Verdict
from reobj.evaluation.identity_outcome import (
    ClassOutcome,
    RunOutcome,
    ScanOutcome,
    best_ids,
    by_absence,
    labels_of,
)
from reobj.evaluation.identity_systems import RunKey, System
from reobj.evaluation.latency import Percentiles
from reobj.evaluation.revisits import RevisitScores, revisit_scores
from reobj.evaluation.trackeval_scores import TrackScores, combined_scores
from reobj.types import DecisionKind


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One run over all recordings. Ratios are in [0, 1], None where there was nothing to divide by.

    Attributes:
        key: which run.
        scans, frames, objects_true: how much was seen.
        tracks: IDF1, HOTA and the like, counts of all recordings added.
        idf1_found: IDF1 over the true objects that were detected, so that what the masks lack is left out:
            1 for the ceiling.
        revisits: over all visits.
        absences: revisits by class of absence.
        claims_new, new_right: decisions for NEW that could be judged, and the right ones of them.
        matches, matches_right: the same for MATCH.
        map_objects, duplicates: over all recordings.
        purity, completeness: of the map.
        deferred: part of the detected true objects, per frame, without an id.
        wait_s: seconds from a track's first frame to its decision.
        undecided: confirmed tracks that no decision was made of.
        calibration_error: of the probabilities of MATCH and NEW; None for systems without probabilities.
        reliability: its bins; empty like it.
        classes: by label, the one with most objects first.
        latency_ms: of association per frame.
    """

    key: RunKey
    scans: int
    frames: int
    objects_true: int
    tracks: TrackScores
    idf1_found: float | None
    revisits: RevisitScores
    absences: dict[str, RevisitScores]
    claims_new: int
    new_right: int
    matches: int
    matches_right: int
    map_objects: int
    duplicates: int
    purity: float | None
    completeness: float | None
    deferred: float | None
    wait_s: Percentiles | None
    undecided: int
    calibration_error: float | None
    reliability: tuple[ReliabilityBin, ...]
    classes: dict[str, ClassOutcome]
    latency_ms: Percentiles | None

    @property
    def new_precision(self) -> float | None:
        """The part of NEW that was a new object."""
        return _ratio(self.new_right, self.claims_new)


def rows_of(scans: Sequence[ScanOutcome]) -> list[IdentityRow]:
    """One row per run, in the order in which the runs were met.

    Raises:
        ConfigError: trackeval is not installed.
    """
    runs: dict[RunKey, list[RunOutcome]] = {}
    for scan in scans:
        for run in scan.runs:
            runs.setdefault(run.key, []).append(run)
    return [row_of(outcomes) for outcomes in runs.values()]


def row_of(outcomes: Sequence[RunOutcome]) -> IdentityRow:
    """One run over some recordings, at least one. Raises like ``rows_of``."""
    key = outcomes[0].key
    visits = [visit for item in outcomes for visit in item.visits]
    judged = [d for item in outcomes for d in item.decisions if d.verdict != Verdict.UNKNOWN]
    new, matches = (_of_kind(judged, kind) for kind in (DecisionKind.NEW, DecisionKind.MATCH))
    bins = _reliability(judged) if key.system is System.reobj else ()
    given = sum(item.quality.given for item in outcomes)
    waits = [d.wait_ns / 1e9 for item in outcomes for d in item.decisions]
    return IdentityRow(
        key=key,
        scans=len(outcomes),
        frames=sum(item.frames for item in outcomes),
        objects_true=sum(item.objects_true for item in outcomes),
        tracks=combined_scores([item.tracks for item in outcomes]),
        idf1_found=_idf1_found(outcomes),
        revisits=revisit_scores(visits),
        absences={name: revisit_scores(some) for name, some in by_absence(visits).items()},
        claims_new=len(new),
        new_right=_right(new),
        matches=len(matches),
        matches_right=_right(matches),
        map_objects=sum(item.map_objects for item in outcomes),
        duplicates=sum(item.duplicates for item in outcomes),
        purity=_ratio(sum(item.quality.pure for item in outcomes), given),
        completeness=_ratio(sum(item.quality.whole for item in outcomes), given),
        deferred=_ratio(sum(item.deferred for item in outcomes), sum(item.detected for item in outcomes)),
        wait_s=_percentiles(waits),
        undecided=sum(item.undecided for item in outcomes),
        calibration_error=calibration_error(bins),
        reliability=bins,
        classes={label: _class_outcome(outcomes, label) for label in labels_of(outcomes)},
        latency_ms=_percentiles(np.concatenate([item.latency_ms for item in outcomes]).tolist()),
    )


def _idf1_found(outcomes: Sequence[RunOutcome]) -> float | None:
    """2 IDTP / (detected + given), counted over instances that show a true object."""
    idtp = sum(best_ids(item.given, item.given) for item in outcomes)
    given = sum(sum(ids.values()) for item in outcomes for ids in item.given.values())
    return _ratio(2 * idtp, sum(item.detected for item in outcomes) + given)


def _class_outcome(outcomes: Sequence[RunOutcome], label: str) -> ClassOutcome:
    """Of the true objects of one class."""
    parts = [_class_of_run(item, label) for item in outcomes]
    counts = zip(*(asdict(part.revisits).values() for part in parts), strict=True)
    totals = {
        name: sum(getattr(part, name) for part in parts)
        for name in ("objects", "idtp", "seen", "given", "wrong_objects", "duplicates", "decisions")
    }
    return ClassOutcome(**totals, revisits=RevisitScores(*(sum(values) for values in counts)))


def _class_of_run(run: RunOutcome, label: str) -> ClassOutcome:
    members = {true_id for true_id in run.seen if run.true_labels.get(true_id, "object") == label}
    verdicts = [d.verdict for d in run.decisions if d.true_id in members]
    return ClassOutcome(
        objects=len(members),
        idtp=best_ids(run.given, members),
        seen=sum(run.seen[true_id] for true_id in members),
        given=sum(sum(run.given.get(true_id, {}).values()) for true_id in members),
        revisits=revisit_scores(item for item in run.visits if item.visit.true_id in members),
        wrong_objects=verdicts.count(Verdict.WRONG_OBJECT),
        duplicates=verdicts.count(Verdict.DUPLICATE),
        decisions=len(verdicts),
    )


def _reliability(judged: Sequence[JudgedDecision]) -> tuple[ReliabilityBin, ...]:
    probabilities = np.array([item.probability for item in judged], np.float64)
    return reliability(probabilities, np.array([item.verdict == Verdict.RIGHT for item in judged], bool))


def _of_kind(decisions: Sequence[JudgedDecision], kind: DecisionKind) -> list[JudgedDecision]:
    return [item for item in decisions if item.kind == kind]


def _right(decisions: Sequence[JudgedDecision]) -> int:
    return sum(item.verdict == Verdict.RIGHT for item in decisions)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentiles(values: Sequence[float]) -> Percentiles | None:
    return Percentiles(*np.percentile(values, (50, 95)).tolist()) if len(values) else None
