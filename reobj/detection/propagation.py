"""A detector that runs on key frames only; in between its masks are carried along."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.base import Detector
from reobj.detection.mask_carrier import CarriedMasks, CarrierParts, MaskCarrier
from reobj.detection.masks import instances_from_label_image
from reobj.detection.missed import with_missed
from reobj.detection.optical_flow import DISFlow, OpticalFlow
from reobj.detection.optical_flow_raft import RaftFlow
from reobj.devices import resolve_device
from reobj.errors import ConfigError, mismatch
from reobj.types import Frame, Instances

log = logging.getLogger(__name__)

#: smaller masks are not shown; they stay with the key frame, as they may grow again
_LEAST_PIXELS = 32


@dataclass(frozen=True, slots=True)
class PropagationConfig:
    """When the detector runs, and how its masks get from one of its frames to the next.

    Attributes:
        every: frames from one key frame to the next at most, >= 1. More costs less and follows less well.
        max_age_s: seconds from one key frame to the next at most; what counts when frames are lost.
        min_confidence: in [0, 1]; a mask with less is given up, and a key frame is made. More gives
            masks up earlier.
        new_area: share of the image in [0, 1] that the key frame has not seen, at which another one is made.
        flow: ``auto`` (``raft`` on CUDA, else ``dis``), ``dis`` (OpenCV, CPU) or ``raft`` (torchvision).
        weights: of ``raft``, see ``RaftFlow``.
        ego_motion: depth and pose in place of flow where both are known and the scene stands still.
    """

    every: int = 5
    max_age_s: float = 1.0
    min_confidence: float = 0.5
    new_area: float = 0.3
    flow: str = "auto"
    weights: str = "torchvision"
    ego_motion: bool = True

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ConfigError(mismatch("every", "an integer >= 1", self.every))
        if not self.max_age_s > 0:
            raise ConfigError(mismatch("max_age_s", "seconds > 0", self.max_age_s))
        for name in ("min_confidence", "new_area"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(mismatch(name, "a number in [0, 1]", getattr(self, name)))
        if self.flow not in ("auto", "dis", "raft"):
            raise ConfigError(mismatch("flow", "auto, dis or raft", repr(self.flow)))


def make_flow(config: PropagationConfig, device: str = "auto") -> OpticalFlow:
    """The flow that a configuration asks for. Raises ModelError, DeviceError."""
    raft = config.flow == "raft" or (config.flow == "auto" and resolve_device(device).type == "cuda")
    return RaftFlow(config.weights, device) if raft else DISFlow()


class PropagatingDetector:
    """Runs another detector on key frames and carries its masks along in between.

    A key frame is made after ``every`` frames, when a mask was lost, or when too much of the view is new;
    and, with nothing carried over, when the size, the camera or the order of time changes. Scores are those
    of the key frame times the confidence of the mask.

    When the detector fails on a key frame, finds nothing or overlooks something, the masks that nothing
    took the place of go on with less confidence, and soon end.

    Args:
        detector: for the key frames.
        config: when, and how.
        flow: between images; made as ``config`` says when left out.
        device: as for ``resolve_device``, of that.
    """

    def __init__(
        self,
        detector: Detector,
        config: PropagationConfig | None = None,
        flow: OpticalFlow | None = None,
        device: str = "auto",
    ) -> None:
        self._detector, self._config = detector, config or PropagationConfig()
        self._flow = flow or make_flow(self._config, device)
        self._parts = CarrierParts(ego_motion=self._config.ego_motion)
        self._run: _Run | None = None

    def detect(self, frame: Frame) -> Instances:
        """The detector's instances on a key frame, else those of the last one where they are now.

        Raises:
            Exception: what the detector raises, when there are no masks to go on with.
        """
        run = self._run
        if run is None or run.is_cut_off(frame):
            return self._make_key(frame, None)
        masks = run.carrier.advance(frame)
        run.last_ns = frame.stamp_ns
        carried = run.carried(masks, self._config.min_confidence)
        if carried.lost or run.is_due(frame, masks, self._config):
            return self._make_key(frame, carried)
        return carried.instances

    def _make_key(self, frame: Frame, carried: _Carried | None) -> Instances:
        """Detects, and starts from that and from what was overlooked."""
        found = self._found(frame, 0 if carried is None else len(carried.instances))
        confidence: NDArray[np.float32] = np.ones(len(found), np.float32)
        if carried is not None:
            found, confidence = with_missed(
                found, carried.instances, carried.confidence, self._config.min_confidence
            )
        carrier = MaskCarrier(self._flow, frame, found, self._parts)
        self._run = _Run(frame, found, confidence, carrier, frame.stamp_ns)
        return found

    def _found(self, frame: Frame, going_on: int) -> Instances:
        """What the detector finds; nothing when it fails and there are masks to go on with."""
        try:
            found = self._detector.detect(frame)
            found.check_size(frame.height, frame.width)
        except Exception as error:  # a network may raise anything; without masks it is the caller's
            if not going_on:
                raise
            log.warning("the detector failed, %d masks go on without it: %s", going_on, error)
            return Instances.empty(frame.height, frame.width)
        if going_on and not len(found):
            log.warning("the detector found nothing, %d masks go on without it", going_on)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Carried:
    """What is left of the key frame's instances.

    Attributes:
        instances: those in view that are certain enough.
        confidence: (N,) float32 in [0, 1], of each.
        lost: whether one that is in view is not certain enough.
    """

    instances: Instances
    confidence: NDArray[np.float32]
    lost: bool


@dataclass(slots=True, eq=False)
class _Run:
    """From one key frame to the next.

    Attributes:
        key: its frame.
        instances: of the key frame.
        confidence: (N,) float32 in [0, 1] of them there; below 1 for those that the detector overlooked.
        carrier: takes them along.
        last_ns: stamp of the last frame.
    """

    key: Frame
    instances: Instances
    confidence: NDArray[np.float32]
    carrier: MaskCarrier
    last_ns: int

    def is_cut_off(self, frame: Frame) -> bool:
        """Whether nothing can be carried to this frame: another camera, another size, or time went back."""
        return (
            frame.colour.shape != self.key.colour.shape
            or frame.frame_id != self.key.frame_id
            or frame.stamp_ns <= self.last_ns
        )

    def is_due(self, frame: Frame, masks: CarriedMasks, config: PropagationConfig) -> bool:
        """Whether it is time for a key frame."""
        return (
            self.carrier.age >= config.every
            or frame.stamp_ns - self.key.stamp_ns >= 1e9 * config.max_age_s
            or masks.known < 1 - config.new_area
        )

    def carried(self, masks: CarriedMasks, least: float) -> _Carried:
        """The instances that can be shown."""
        count = len(self.instances)
        areas = np.bincount(masks.label_image.ravel(), minlength=count + 1)[1:]
        confidence = self.confidence * masks.confidence
        in_view, certain = areas >= _LEAST_PIXELS, confidence >= least
        rows = np.flatnonzero(in_view & certain)
        labels = [self.instances.labels[row] for row in rows]
        scores = self.instances.scores[rows] * masks.confidence[rows]
        instances = instances_from_label_image(masks.label_image, rows + 1, labels, scores)
        return _Carried(instances, confidence[rows], bool((in_view & ~certain).any()))
