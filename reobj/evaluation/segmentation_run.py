"""Follows the true masks of key frames through recordings, in several ways, and scores every frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.mask_carrier import CarrierParts, MaskCarrier
from reobj.detection.carrying.optical_flow import Flow, Image, OpticalFlow
from reobj.detection.carrying.refiner import SHIPPED, MaskRefiner
from reobj.detection.label_image import LabelImageConfig, LabelImageDetector
from reobj.detection.masks import renumber
from reobj.errors import InputError, mismatch
from reobj.evaluation.segmentation import frame_scores
from reobj.progress import Progress, silent
from reobj.scans.base import FrameSource
from reobj.types import Frame, Instances, LabelImage

#: label of pixels that count for nobody
VOID = "void"


class Method(str, Enum):
    """How masks get to the next frame; each one adds a part to the one before.

    But for ``ego_motion``, which adds to ``colour``; ``refiner`` then has all parts.
    """

    copy = "copy"
    flow = "flow"
    consistency = "consistency"
    colour = "colour"
    colour_refiner = "colour_refiner"
    ego_motion = "ego_motion"
    refiner = "refiner"


_PARTS = {
    Method.flow: CarrierParts(consistency=False, colour=False, ego_motion=False),
    Method.consistency: CarrierParts(consistency=True, colour=False, ego_motion=False),
    Method.colour: CarrierParts(consistency=True, colour=True, ego_motion=False),
    Method.colour_refiner: CarrierParts(consistency=True, colour=True, ego_motion=False),
    Method.ego_motion: CarrierParts(consistency=True, colour=True, ego_motion=True),
    Method.refiner: CarrierParts(consistency=True, colour=True, ego_motion=True),
}
_REFINED = (Method.colour_refiner, Method.refiner)

_Follow = Callable[[Frame], NDArray[np.uint16]]


@dataclass(frozen=True, slots=True)
class SegmentationSettings:
    """What is run.

    Attributes:
        methods: side by side, over the same flow.
        gap: frames from one key frame to the next, the longest way that masks are followed; 0 follows
            those of the first frame to the end, all but the last frame, as DAVIS asks.
        objects: what counts as an object in a key frame.
        frames: at most so many of each recording; None for all.
        refiner: weights of the learned refiner, for the methods that have one.
    """

    methods: tuple[Method, ...] = tuple(Method)
    gap: int = 10
    objects: LabelImageConfig = field(default_factory=LabelImageConfig)
    frames: int | None = None
    refiner: Path = SHIPPED

    def __post_init__(self) -> None:
        if self.gap < 0:
            raise InputError(mismatch("gap", "an integer >= 0", self.gap))


@dataclass(frozen=True, slots=True, eq=False)
class FollowedObject:
    """One object from one key frame on.

    Attributes:
        label: of it.
        scores: by method, (T, 2) float64 J and F of the frames 1 to T after the key frame.
    """

    label: str
    scores: dict[Method, NDArray[np.float64]]


def follow_masks(
    source: FrameSource,
    settings: SegmentationSettings,
    flow: OpticalFlow,
    progress: Progress = silent,
) -> list[FollowedObject]:
    """All objects of all key frames of one recording; without those that no frame follows.

    Raises:
        InputError: it knows no truth, or changes its size.
        ReobjError: it is damaged, or the refiner's weights cannot be read.
    """
    total = len(source) if settings.frames is None else min(settings.frames, len(source))
    last = total - 1 if settings.gap == 0 else total
    shared, found, parts = SharedFlow(flow), [], _parts(settings)
    stretch: _Stretch | None = None
    for number, (frame, truth) in enumerate(source):
        if number >= last:
            break
        if truth is None:
            raise InputError(mismatch(f"recording {source.name}", "true instances", "none"))
        if stretch is not None:
            stretch.add(frame, truth)
        if stretch is None or (settings.gap and stretch.age >= settings.gap):
            found += [] if stretch is None else stretch.objects()
            stretch = _Stretch(frame, truth, settings, shared, parts)
        progress(number + 1, last)
    return found + ([] if stretch is None else stretch.objects())


class _Stretch:
    """From one key frame to the next."""

    def __init__(
        self,
        frame: Frame,
        truth: LabelImage,
        settings: SegmentationSettings,
        flow: OpticalFlow,
        parts: Mapping[Method, CarrierParts],
    ) -> None:
        instances = LabelImageDetector(lambda _: truth, settings.objects).detect(frame)
        self._ids, self._labels = true_ids(instances, truth), instances.labels
        self._follow = {m: _follower(parts.get(m), flow, frame, instances) for m in settings.methods}
        self._scores: dict[Method, list[NDArray[np.float64]]] = {m: [] for m in settings.methods}
        self.age = 0

    def add(self, frame: Frame, truth: LabelImage) -> None:
        """Follows to the next frame and scores it."""
        self.age += 1
        if not len(self._ids):
            return
        void_ids = [i for i, label in truth.labels.items() if label == VOID]
        void = np.isin(truth.ids, void_ids) if void_ids else None
        true = renumber(truth.ids, self._ids)
        for method, follow in self._follow.items():
            self._scores[method].append(frame_scores(follow(frame), true, len(self._ids), void))

    def objects(self) -> list[FollowedObject]:
        """Scores by object."""
        if not self.age or not len(self._ids):
            return []
        stacked = {method: np.stack(scores, axis=1) for method, scores in self._scores.items()}
        return [
            FollowedObject(label, {method: scores[row] for method, scores in stacked.items()})
            for row, label in enumerate(self._labels)
        ]


def true_ids(instances: Instances, truth: LabelImage) -> NDArray[np.int64]:
    """(N,) true id of each instance, whose masks are true ones."""
    ids = np.zeros(len(instances) + 1, np.int64)
    ids[instances.label_image] = truth.ids
    return ids[1:]


def _parts(settings: SegmentationSettings) -> dict[Method, CarrierParts]:
    """What each method makes use of; nothing is carried by one that is not here."""
    if not set(settings.methods) & set(_REFINED):
        return _PARTS
    refiner = MaskRefiner.load(settings.refiner)
    return {m: replace(parts, refiner=refiner) if m in _REFINED else parts for m, parts in _PARTS.items()}


def _follower(parts: CarrierParts | None, flow: OpticalFlow, key: Frame, instances: Instances) -> _Follow:
    """Gives the label image of each next frame; without parts always that of the key frame."""
    if parts is None:
        return lambda _: instances.label_image
    carrier = MaskCarrier(flow, key, instances, parts)
    return lambda frame: carrier.advance(frame).label_image


class SharedFlow:
    """Remembers the last flow, for several methods that take each frame in turn."""

    def __init__(self, flow: OpticalFlow) -> None:
        self._flow = flow
        self._images: Sequence[Image] = ()
        self._found: tuple[Flow, Flow] | None = None

    def between(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """See ``OpticalFlow``."""
        if self._found is None or self._images[0] is not a or self._images[1] is not b:
            self._images, self._found = (a, b), self._flow.between(a, b)
        return self._found
