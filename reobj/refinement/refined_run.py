"""``reobj run --refine``: a run over a recording, then rounds over what it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reobj.association.associator import MapAssociator
from reobj.config import PipelineConfig
from reobj.detection.propagation import PropagationConfig, make_flow, make_parts
from reobj.detection.truth import TruthBuffer
from reobj.encoding.registry import encoder_entry
from reobj.evaluation.identity import IdentityEvaluator, IdentityScores
from reobj.offline import Mode, Moment, Run, run_offline
from reobj.refinement.archive import FrameArchive
from reobj.refinement.backfill import fill_tracks, resolve_merged
from reobj.refinement.carrying import CarryConfig, MaskSweep
from reobj.refinement.forward import ForwardFrame, WeakAside, build_forward, record_forward
from reobj.refinement.frame_masks import FrameMasks, MaskBook
from reobj.refinement.rounds import MOST_ROUNDS, Round, RoundProgress, Rounds, silent_rounds
from reobj.refinement.search import Search
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    Frame,
    FrameResult,
    LabelImage,
    ModelId,
    TrackedObject,
    TrackState,
)

#: name of the run among the results of a moment
RUN = "run"


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """What is told of one round.

    Attributes:
        round: None for the forward run before them.
        scores: of the identities after it; None where the truth is not known.
    """

    round: Round | None
    scores: IdentityScores | None

    @property
    def name(self) -> str:
        """For tables."""
        return "forward run" if self.round is None else f"round {self.round.number}"

    @property
    def note(self) -> str:
        """What it did, in a few words."""
        r = self.round
        return "before the rounds" if r is None else f"{r.found} masks named, {r.carried} masks carried"


class RefinedRun:
    """A run whose results are told after several rounds.

    Args:
        archive: the recording.
        config: of the pipeline.
        mode: which inputs may be used.
        device: of the networks.
        progress: of each part of the work.

    Attributes:
        pipeline: that of the forward run.
        outcomes: of the forward run and each round, once ``moments`` has begun.
    """

    def __init__(
        self,
        archive: FrameArchive,
        config: PipelineConfig,
        mode: Mode,
        device: str = "auto",
        progress: RoundProgress = silent_rounds,
    ) -> None:
        self._archive, self._config, self._mode, self._progress = archive, config, mode, progress
        self._device, self._truth = device, TruthBuffer()
        self._weak: WeakAside | None
        self.pipeline, self._weak = build_forward(config, device, self._truth)
        self.outcomes: list[RoundOutcome] = []

    def moments(self) -> Iterator[Moment]:
        """Each frame with what is said of it in the end, under the name ``RUN``.

        Raises:
            ReobjError: the recording is damaged, or a stage cannot process a frame.
        """
        book, kept = self._forward()
        if len(book):
            self._refine(book)
        progress = self._progress("pictures")
        for number, (frame, truth) in enumerate(self._archive.in_order(range(len(book)))):
            result = refined_result(frame, book[number], kept[number], self.pipeline.encoder.model)
            yield Moment(frame, truth, {RUN: result})
            progress(number + 1, len(book))

    def _forward(self) -> tuple[MaskBook, list[ForwardFrame]]:
        run = {RUN: Run(self.pipeline, self._mode)}
        evaluator, known = IdentityEvaluator(), False

        def judged() -> Iterator[Moment]:
            nonlocal known
            for moment in run_offline(self._archive, run, self._truth, self._progress("forward run")):
                if moment.truth is not None:
                    known, result = True, moment.results[RUN]
                    evaluator.add(result.stamp_ns, moment.truth, result.instances, result.objects)
                yield moment

        found = record_forward(judged(), self._mode.limit, self._weak, self.pipeline.encoder, RUN)
        self.outcomes.append(RoundOutcome(None, evaluator.scores() if known else None))
        return found

    def _refine(self, book: MaskBook) -> None:
        """Rounds until one finds nothing new."""
        encoder, associator = self.pipeline.encoder, self.pipeline.associator
        assert isinstance(associator, MapAssociator)
        resolve_merged(book, associator.object_map.identity)
        section, named = self._config.detector, fill_tracks(book, 1)
        propagation = section.propagation or PropagationConfig()
        flow = make_flow(propagation, self._device)
        carry = CarryConfig(propagation.min_confidence)
        parts = make_parts(propagation)
        sweep = MaskSweep(self._archive, book, self._mode, flow, encoder, carry, parts)
        entry = encoder_entry(self._config.encoder.name)
        measured = entry.calibrations(self._config.encoder.options)
        rounds = Rounds(
            book, Search(self._config.association, encoder.model, measured), sweep, self._progress
        )
        for number in range(1, MOST_ROUNDS + 1):
            done = rounds.run(number, named if number == 1 else 0)
            if number > 1 and not (done.found or done.carried):
                break
            self.outcomes.append(RoundOutcome(done, self._scores(book)))

    def _scores(self, book: MaskBook) -> IdentityScores | None:
        """Of all frames as they stand."""
        if not self._archive.has_truth:
            return None
        evaluator, frames = IdentityEvaluator(), 0
        for number in range(len(book)):
            truth: LabelImage | None = self._archive.truth(number)
            if truth is not None:
                masks, frames = book[number], frames + 1
                evaluator.add(book.stamps_ns[number], truth, masks.instances(), tracked(masks))
        return evaluator.scores() if frames else None


def tracked(masks: FrameMasks) -> tuple[TrackedObject, ...]:
    """The instances that have an object or a track; the probability is that of the mask."""
    located = masks.geometry.located.tolist()
    found = []
    for row in np.flatnonzero((masks.object_ids > 0) | (masks.track_ids > 0)).tolist():
        object_id, sure = int(masks.object_ids[row]), float(masks.confidence[row])
        decision = Decision(DecisionKind.DEFER)
        if object_id:
            decision = Decision(DecisionKind.MATCH, object_id, sure)
        place = masks.geometry.positions[row] if located[row] else None
        spread = masks.geometry.covariances[row] if located[row] else None
        track = int(masks.track_ids[row])
        found.append(TrackedObject(row, track, TrackState.CONFIRMED, decision, place, spread))
    return tuple(found)


def refined_result(frame: Frame, masks: FrameMasks, kept: ForwardFrame, model: ModelId) -> FrameResult:
    """As the pipeline tells of a frame; what was found and is nobody in the end is left out."""
    masks = masks.select(np.flatnonzero((masks.object_ids > 0) | (masks.track_ids > 0)))
    return FrameResult(
        frame.stamp_ns,
        frame.frame_id,
        masks.instances(),
        Embeddings(masks.embeddings, model),
        tracked(masks),
        kept.events,
        kept.latency_ms,
    )
