from collections.abc import Iterator

import cv2
import numpy as np

from reobj.evaluation.identity_cache import DetectedFrame, DetectedScan
from reobj.evaluation.identity_decisions import JudgedDecision, MapQuality, Verdict, ViewRef
from reobj.evaluation.identity_outcome import RunOutcome
from reobj.evaluation.identity_systems import Inputs, Masks, RunKey, System
from reobj.evaluation.trackeval_scores import TrackCounts
from reobj.types import DecisionKind, Embeddings, Evidence, Frame, Instances, LabelImage, ModelId
from reobj.visual.identity_pictures import failures_of, worst_decisions

MODEL = ModelId("m", "h", 1)
GREYS = (40, 120, 200)


class Recording:
    """Three frames of different grey."""

    name = "scene"
    has_truth = True

    def __len__(self) -> int:
        return len(GREYS)

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        for stamp_ns, grey in enumerate(GREYS):
            yield Frame(np.full((60, 80, 3), grey, np.uint8), stamp_ns * 1_000_000_000), None


def scan() -> DetectedScan:
    masks = np.zeros((60, 80), np.uint16)
    masks[20:40, 30:50] = 1
    box = np.array([[30, 20, 50, 40]], np.float32)
    one = Instances(box, masks, ("chair",), np.ones(1, np.float32))
    embeddings = Embeddings(np.ones((1, 1), np.float32), MODEL)
    frames = [DetectedFrame.of(second * 1_000_000_000, one, embeddings, None) for second in range(3)]
    return DetectedScan("scene", MODEL, frames, {1: "chair", 2: "cup"})


def decision(
    second: int, verdict: Verdict, probability: float, true_id: int, other: int | None = None
) -> JudgedDecision:
    kind = DecisionKind.NEW if verdict == Verdict.DUPLICATE else DecisionKind.MATCH
    views = [None if s is None else ViewRef(s * 1_000_000_000, 0, 400) for s in (second, other)]
    chosen, runner_up = Evidence(11, {"appearance": 3.0, "prior": -1.0}), Evidence(0, {"prior": -2.0})
    assert views[0] is not None
    return JudgedDecision(
        views[0], kind, 11, probability, verdict, true_id, 2, 0, chosen, runner_up, views[1]
    )


def run_of(*decisions: JudgedDecision) -> RunOutcome:
    key = RunKey(Masks.true, System.reobj, Inputs.colour)
    counts, quality, nothing = TrackCounts(0, {}, {}, {}), MapQuality(0, 0, 0), np.zeros(0, np.float32)
    labels = {1: "chair", 2: "cup"}
    return RunOutcome(
        "scene", key, 3, 2, counts, [], decisions, 0, 0, 0, 0, 0, quality, {}, {}, labels, nothing
    )


def test_wrong_objects_come_before_duplicates_and_the_surest_first() -> None:
    decisions = [
        decision(0, Verdict.DUPLICATE, 0.99, 1),
        decision(0, Verdict.WRONG_OBJECT, 0.8, 1),
        decision(1, Verdict.RIGHT, 1.0, 1),
        decision(1, Verdict.WRONG_OBJECT, 0.9, 2),
        decision(2, Verdict.WRONG_OBJECT, 0.85, 2),  # the same object once more
        decision(2, Verdict.UNKNOWN, 1.0, 0),
    ]
    worst = worst_decisions(run_of(*decisions), 5)
    assert [d.probability for d in worst] == [0.9, 0.8, 0.99]
    assert worst_decisions(run_of(*decisions), 1) == worst[:1]


def test_a_failure_shows_the_instance_and_what_it_was_taken_for() -> None:
    run = run_of(decision(2, Verdict.WRONG_OBJECT, 0.9, 1, other=0))
    ((failure,),) = failures_of(Recording(), scan(), [run], 3)
    assert (failure.truth, failure.called, failure.at_s) == ("chair 1", "#11, which was cup 2", 2.0)
    assert failure.other is not None
    corners = [cv2.imdecode(np.frombuffer(p, np.uint8), 1)[0, 0, 0] for p in (failure.now, failure.other)]
    np.testing.assert_allclose(corners, [GREYS[2], GREYS[0]], atol=6)


def test_the_evidence_of_both_candidates_ends_with_its_sum() -> None:
    run = run_of(decision(1, Verdict.WRONG_OBJECT, 0.9, 1))
    ((failure,),) = failures_of(Recording(), scan(), [run], 3)
    assert (failure.chosen, failure.runner_up) == ("#11", "new")
    assert failure.evidence == (("appearance", 3.0, None), ("prior", -1.0, -2.0), ("sum", 2.0, -2.0))
