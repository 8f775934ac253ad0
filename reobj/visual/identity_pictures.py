"""Pictures of wrong decisions: what it is, and what it was taken for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reobj.evaluation.identity_cache import DetectedScan
from reobj.evaluation.identity_decisions import JudgedDecision, Verdict, ViewRef
from reobj.evaluation.identity_outcome import RunOutcome
from reobj.scans.base import FrameSource
from reobj.types import DecisionKind, Evidence
from reobj.visual.object_crop import outlined_crop

#: Longer side of a picture in pixels.
_MAX_SIDE = 200
_RED, _GREEN = (215, 48, 39), (26, 152, 80)

#: Evidence as rows of a table: kind, of the chosen candidate, of the runner-up.
EvidenceRows = tuple[tuple[str, float | None, float | None], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A wrong decision as the page shows it.

    Attributes:
        scan: name of the recording.
        at_s: seconds since its beginning.
        decision: MATCH or NEW.
        called: what it was called.
        truth: what it is.
        probability: in [0, 1], the system's own.
        now: a JPEG file of the instance.
        other: of what it was taken for, or of the object before; None when there is no view.
        other_caption: what ``other`` shows.
        chosen, runner_up: names of the two candidates.
        evidence: of both.
    """

    scan: str
    at_s: float
    decision: str
    called: str
    truth: str
    probability: float
    now: bytes
    other: bytes | None
    other_caption: str
    chosen: str
    runner_up: str
    evidence: EvidenceRows


def worst_decisions(run: RunOutcome, count: int) -> list[JudgedDecision]:
    """Wrong ones, the surest first, wrong objects before duplicates, and each true object only once."""
    wrong = [d for d in run.decisions if d.verdict in (Verdict.WRONG_OBJECT, Verdict.DUPLICATE)]
    wrong.sort(key=lambda d: (d.verdict, -d.probability))
    first = {(d.true_id, d.verdict): d for d in reversed(wrong)}
    return [d for d in wrong if first[d.true_id, d.verdict] is d][:count]


def failures_of(
    source: FrameSource, scan: DetectedScan, runs: Sequence[RunOutcome], count: int
) -> list[list[Failure]]:
    """The worst decisions of each run with pictures, cut out in one more pass over the recording.

    Args:
        source: the recording.
        scan: its detections, which all runs had.
        runs: over it.
        count: failures per run at most.

    Raises:
        ReobjError: the recording is damaged.
    """
    chosen = [worst_decisions(run, count) for run in runs]
    wanted = [d.view for some in chosen for d in some]
    others = [d.other for some in chosen for d in some if d.other is not None]
    crops = _cut(source, scan, wanted, _RED) | _cut(source, scan, set(others) - set(wanted), _GREEN)
    return [
        [_failure(run, scan, decision, crops) for decision in some]
        for run, some in zip(runs, chosen, strict=True)
    ]


def _cut(
    source: FrameSource, scan: DetectedScan, views: Iterable[ViewRef], outline: tuple[int, int, int]
) -> dict[ViewRef, bytes]:
    """JPEG files of instances."""
    wanted: dict[int, list[ViewRef]] = {}
    for view in set(views):
        wanted.setdefault(view.stamp_ns, []).append(view)
    crops: dict[ViewRef, bytes] = {}
    if not wanted:
        return crops
    detected = {frame.stamp_ns: frame for frame in scan.frames}
    last = max(wanted)
    for frame, _ in source:
        for view in wanted.get(frame.stamp_ns, ()):
            instances = detected[frame.stamp_ns].instances()
            crops[view] = outlined_crop(frame.colour, instances, view.index, outline, _MAX_SIDE)
        if frame.stamp_ns >= last:
            break
    return crops


def _failure(
    run: RunOutcome, scan: DetectedScan, decision: JudgedDecision, crops: Mapping[ViewRef, bytes]
) -> Failure:
    new = decision.kind == DecisionKind.NEW
    called = f"a new object, #{decision.object_id}"
    if not new:
        called = f"#{decision.object_id}, which was {_name(run, decision.owner)}"
    return Failure(
        scan=run.scan,
        at_s=(decision.view.stamp_ns - scan.frames[0].stamp_ns) / 1e9,
        decision=decision.kind.name,
        called=called,
        truth=_name(run, decision.true_id),
        probability=decision.probability,
        now=crops[decision.view],
        other=None if decision.other is None else crops[decision.other],
        other_caption="the same object before" if new else f"object #{decision.object_id} before",
        chosen=_candidate(decision.chosen),
        runner_up=_candidate(decision.runner_up),
        evidence=_evidence(decision.chosen, decision.runner_up),
    )


def _name(run: RunOutcome, true_id: int) -> str:
    """A true object, e.g. ``chair 12``."""
    return f"{run.true_labels.get(true_id, 'object')} {true_id}" if true_id else "no object"


def _candidate(evidence: Evidence | None) -> str:
    if evidence is None:
        return "-"
    return f"#{evidence.object_id}" if evidence.object_id else "new"


def _evidence(chosen: Evidence | None, runner_up: Evidence | None) -> EvidenceRows:
    """All kinds that either has, and the sums."""
    columns = [{} if item is None else {**item.terms, "sum": item.total} for item in (chosen, runner_up)]
    kinds = sorted({kind for column in columns for kind in column}, key=lambda kind: (kind == "sum", kind))
    return tuple((kind, columns[0].get(kind), columns[1].get(kind)) for kind in kinds)
