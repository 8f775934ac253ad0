"""True ids over a whole recording from a few frames that a person drew in."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reobj.config import PipelineConfig, load_config, parse_config
from reobj.detection.masks import instances_from_label_image
from reobj.detection.propagation import PropagationConfig, make_flow, make_parts
from reobj.detection.registry import AUTO, detector_entry
from reobj.detection.truth import TruthBuffer
from reobj.encoding.base import Encoder
from reobj.encoding.registry import encoder_entry
from reobj.errors import InputError, mismatch
from reobj.offline import Mode, Run, run_offline
from reobj.refinement.archive import FrameArchive
from reobj.refinement.carrying import CarryConfig, MaskSweep
from reobj.refinement.drawing import Drawing, read_drawing
from reobj.refinement.forward import build_forward, record_forward
from reobj.refinement.frame_masks import FrameMasks, MaskBook
from reobj.refinement.places import PlaceSearch
from reobj.refinement.rounds import MOST_ROUNDS, Round, RoundProgress, Rounds, silent_rounds
from reobj.refinement.search import Search
from reobj.types import Frame, Instances

log = logging.getLogger(__name__)

#: of a mask that was found by its looks: less than of one that was carried from a drawn one, and too little
#: for others to be found by it, which spreads mistakes (tuned on a simulated walk)
_FOUND = 0.65
_NO_DETECTOR = (
    "no detector works without weights on frames without depth: objects that are lost are not found again by "
    "their looks; draw them in one more frame, or name a detector in a configuration"
)


@dataclass(frozen=True, slots=True)
class AnnotationConfig:
    """How masks are carried and found.

    Attributes:
        labels: folder with what was drawn, see ``read_drawing``.
        config: YAML file of the pipeline; None for the defaults, with the detector that ``choose_detector``
            takes.
        mode: which inputs may be used.
        device: of the networks.
        rounds: at most; the first one only carries what was drawn.
    """

    labels: Path
    config: Path | None = None
    mode: Mode = Mode.colour_depth_pose
    device: str = "auto"
    rounds: int = MOST_ROUNDS


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """What came of it.

    Attributes:
        book: masks of all frames; object ids are those that were drawn.
        drawing: what was drawn.
        rounds: what each round did; the first one carries what was drawn.
    """

    book: MaskBook
    drawing: Drawing
    rounds: tuple[Round, ...]


def annotate(
    archive: FrameArchive, config: AnnotationConfig, progress: RoundProgress = silent_rounds
) -> Annotation:
    """Carries what was drawn through the recording, and finds it again where it was lost.

    Raises:
        InputError: what was drawn does not fit the recording; see ``read_drawing``.
        ReobjError: the recording is damaged, or a stage failed.
    """
    first = next(iter(archive.source), (None, None))[0]
    if first is None:
        raise InputError(mismatch(f"recording {archive.name}", "at least one frame", "none"))
    drawing = read_drawing(config.labels, len(archive), (first.width, first.height))
    settings, truth = _settings(config), TruthBuffer()
    pipeline, weak = build_forward(settings, config.device, truth)
    if config.config is None and _cannot_detect(settings, config.mode.limit(first)):
        log.warning("%s", _NO_DETECTOR)
        pipeline.detector, weak = _Nothing(), None
    runs = {"run": Run(pipeline, config.mode)}
    moments = run_offline(archive, runs, truth, progress("detections"))
    book, _ = record_forward(moments, config.mode.limit, weak, pipeline.encoder, "run")
    draw(book, archive, drawing, config.mode, pipeline.encoder)
    rounds = _rounds(book, archive, settings, config, pipeline.encoder, progress)
    return Annotation(book, drawing, tuple(rounds))


def draw(book: MaskBook, archive: FrameArchive, drawing: Drawing, mode: Mode, encoder: Encoder) -> None:
    """Puts what was drawn into the book; nothing else has an identity."""
    for number in range(len(book)):
        rows = book.rows(number)
        book.relabel(number, replace(rows, object_ids=np.zeros(len(rows), np.int64)))
    for number, image in drawing.images.items():
        frame = mode.limit(archive[number][0])
        ids = np.unique(image[image > 0])
        drawn = instances_from_label_image(image, ids, [drawing.names[i] for i in ids.tolist()])
        object_ids = ids.astype(np.int64)
        masks = FrameMasks.of(
            frame, drawn, encoder.encode(frame, drawn), object_ids, np.zeros_like(object_ids)
        )
        book[number] = masks


def _rounds(
    book: MaskBook,
    archive: FrameArchive,
    settings: PipelineConfig,
    config: AnnotationConfig,
    encoder: Encoder,
    progress: RoundProgress,
) -> Iterator[Round]:
    """First what was drawn is carried; then rounds until one finds nothing new."""
    propagation = settings.detector.propagation or PropagationConfig()
    flow, parts = make_flow(propagation, config.device), make_parts(propagation)
    sweep = MaskSweep(archive, book, config.mode, flow, encoder, CarryConfig(adopt=False), parts)
    measured = encoder_entry(settings.encoder.name).calibrations(settings.encoder.options)
    search = Search(settings.association, encoder.model, measured, _FOUND)
    rounds = Rounds(book, search, sweep, progress, PlaceSearch(archive, book, config.mode, encoder))
    drawn = book.shown()
    rounds.carry(1)
    yield Round(1, 0, book.shown() - drawn, book.shown())
    for number in range(2, config.rounds + 1):
        done = rounds.run(number)
        yield done
        if not (done.found or done.carried):
            return


class _Nothing:
    """A detector that finds nothing."""

    def detect(self, frame: Frame) -> Instances:
        """No instances."""
        return Instances.empty(frame.height, frame.width)


def _settings(config: AnnotationConfig) -> PipelineConfig:
    """The pipeline whose detections lost objects are looked for among."""
    if config.config is not None:
        return load_config(config.config)
    return parse_config({"detector": {"name": AUTO}})


def _cannot_detect(settings: PipelineConfig, first: Frame) -> bool:
    needs_depth = detector_entry(settings.detector.name).needs_depth
    return needs_depth and (first.depth is None or first.intrinsics is None)
