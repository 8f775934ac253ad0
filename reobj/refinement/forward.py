"""The forward run over a recording, and all that it says of each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reobj.config import PipelineConfig, build_associator, build_detector, build_encoder
from reobj.detection.base import Detector
from reobj.detection.masks import instances_from_label_image
from reobj.detection.propagation import PropagatingDetector
from reobj.detection.registry import TruthLookup
from reobj.encoding.base import Encoder
from reobj.offline import Moment
from reobj.pipeline import Pipeline
from reobj.refinement.claims import LEAST_PIXELS
from reobj.refinement.frame_masks import FrameMasks, MaskBook
from reobj.types import Embeddings, Event, Frame, FrameResult, Instances

#: share of the detector's least score with which an instance is still looked at later
_WEAK = 0.5


class WeakAside:
    """Keeps the findings below a score from the stages that follow, for a later look.

    Args:
        detector: with a lower least score.
        min_score: what the next stage sees has at least this much.
    """

    def __init__(self, detector: Detector, min_score: float) -> None:
        self._detector, self._min_score = detector, min_score
        self._weak: Instances | None = None

    def detect(self, frame: Frame) -> Instances:
        """The sure ones."""
        found = self._detector.detect(frame)
        weak = found.scores < self._min_score
        self._weak = _some(found, weak)
        return _some(found, ~weak)

    def take(self) -> Instances | None:
        """The others of the last frame that was detected in; None where there is none since the last call."""
        weak, self._weak = self._weak, None
        return weak


def _some(found: Instances, chosen: NDArray[np.bool_]) -> Instances:
    rows = np.flatnonzero(chosen)
    labels = [found.labels[row] for row in rows]
    return instances_from_label_image(found.label_image, rows + 1, labels, found.scores[rows])


def build_forward(
    config: PipelineConfig, device: str, truth_lookup: TruthLookup | None
) -> tuple[Pipeline, WeakAside | None]:
    """The pipeline, and where its detector has a least score, what lies below it.

    Raises:
        ReobjError: as ``build_pipeline``.
    """
    section, propagation = config.detector, config.detector.propagation
    if propagation is not None:  # there is time: every key frame's answer is waited for
        propagation = replace(propagation, background=False)
    min_score, options, weak = getattr(section.options, "min_score", None), section.options, None
    if min_score:
        options = replace(options, min_score=_WEAK * min_score)
    bare = replace(section, options=options, propagation=None)
    detector = build_detector(replace(config, detector=bare), device, truth_lookup)
    if min_score:
        detector = weak = WeakAside(detector, min_score)
    if propagation is not None:
        detector = PropagatingDetector(detector, propagation, device=device)
    return Pipeline(detector, build_encoder(config, device), build_associator(config)), weak


@dataclass(frozen=True, slots=True)
class ForwardFrame:
    """What is kept of a frame of the forward run beside its masks."""

    events: tuple[Event, ...]
    latency_ms: dict[str, float]


def record_forward(
    moments: Iterable[Moment],
    limited: Callable[[Frame], Frame],
    weak: WeakAside | None,
    encoder: Encoder,
    name: str,
) -> tuple[MaskBook, list[ForwardFrame]]:
    """Takes down a run.

    Args:
        moments: of the run.
        limited: a frame without what the run may not use.
        weak: what the detector found beside; none where it has no scores.
        encoder: of the pipeline.
        name: of the run.
    """
    book, kept = MaskBook(), []
    for moment in moments:
        result, frame = moment.results[name], limited(moment.frame)
        masks = _masks(frame, result)
        extra = None if weak is None else weak.take()
        if extra is not None and len(extra):
            masks = _with_weak(masks, frame, extra, encoder)
        book.append(result.stamp_ns, masks, frame.pose)
        kept.append(ForwardFrame(result.events, dict(result.latency_ms)))
    return book, kept


def _masks(frame: Frame, result: FrameResult) -> FrameMasks:
    count = len(result.instances)
    object_ids, track_ids = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for item in result.objects:
        object_ids[item.index], track_ids[item.index] = item.object_id, item.track_id
    return FrameMasks.of(frame, result.instances, result.embeddings, object_ids, track_ids)


def _with_weak(masks: FrameMasks, frame: Frame, weak: Instances, encoder: Encoder) -> FrameMasks:
    """Weak instances get the pixels that no sure one has."""
    free = np.where(masks.label_image == 0, weak.label_image, np.uint16(0))
    areas = np.bincount(free.ravel(), minlength=len(weak) + 1)[1:]
    rows = np.flatnonzero(areas >= LEAST_PIXELS)
    if not len(rows):
        return masks
    labels = [weak.labels[row] for row in rows]
    found = instances_from_label_image(free, rows + 1, labels, weak.scores[rows])
    embeddings: Embeddings = encoder.encode(frame, found)
    nobody = np.zeros(len(found), np.int64)
    other = FrameMasks.of(frame, found, embeddings, nobody, nobody)
    behind = np.where(found.label_image > 0, found.label_image + np.uint16(len(masks)), np.uint16(0))
    return masks.beside(other, np.where(masks.label_image > 0, masks.label_image, behind))
