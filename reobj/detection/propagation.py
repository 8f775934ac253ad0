"""A detector that runs on key frames only; in between its masks are carried along."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from reobj.detection.background_detector import BackgroundDetector
from reobj.detection.base import Detector
from reobj.detection.carrying.followed import Followed, Shown
from reobj.detection.carrying.mask_carrier import CarrierParts
from reobj.detection.carrying.optical_flow import DISFlow, OpticalFlow
from reobj.detection.carrying.optical_flow_raft import RaftFlow
from reobj.detection.carrying.refiner import SHIPPED, MaskRefiner
from reobj.detection.key_detections import DetectAtOnce, KeyDetections
from reobj.devices import resolve_device
from reobj.errors import ConfigError, ModelError, mismatch
from reobj.types import Frame, Instances

log = logging.getLogger(__name__)

#: the detector is said not to answer after so many seconds, or, once it has answered, after so many times the
#: patience: about when the masks that wait for it end
_SILENT_S, _SILENT_TIMES = 5.0, 1.5


@dataclass(frozen=True, slots=True)
class PropagationConfig:
    """When the detector runs, and how its masks get from one of its frames to the next.

    Attributes:
        every: frames from one key frame to the next at most, >= 1. More costs less and follows less well.
        max_age_s: seconds from one key frame to the next at most; what counts when frames are lost.
        min_confidence: in [0, 1]; a mask with less is given up, and a key frame is made. More gives
            masks up earlier.
        new_area: share of the image in [0, 1] that the key frame has not seen, at which another one is made.
        flow: ``dis`` (OpenCV, CPU), ``raft`` (torchvision), or ``auto``: ``raft`` on CUDA where its weights
            can be had, else ``dis``.
        weights: of ``raft``, see ``RaftFlow``.
        ego_motion: depth and pose in place of flow where both are known and the scene stands still.
        refiner: corrects masks where something came into view, for some milliseconds: ``shipped``, ``none``
            or weights that ``reobj train-refiner`` wrote.
        background: the detector runs beside the frames, which never wait for it. What it finds in a key
            frame is carried on to the present one when it comes; until the first time there are no masks.
    """

    every: int = 5
    max_age_s: float = 1.0
    min_confidence: float = 0.5
    new_area: float = 0.3
    flow: str = "auto"
    weights: str = "torchvision"
    ego_motion: bool = True
    refiner: str = "shipped"
    background: bool = False

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
    """The flow that a configuration asks for; ``auto`` is ``dis`` where RAFT's weights cannot be had.

    Raises:
        ModelError: no weights for ``raft``; names the key.
        DeviceError: no such device.
    """
    if config.flow == "raft":
        try:
            return RaftFlow(config.weights, device)
        except ModelError as error:
            raise ModelError(f"propagation.weights: {error}") from error
    if config.flow == "auto" and resolve_device(device).type == "cuda":
        try:
            return RaftFlow(config.weights, device)
        except ModelError as error:
            log.warning("optical flow dis, on the CPU, as raft has no weights: %s", error)
    return DISFlow()


def make_parts(config: PropagationConfig) -> CarrierParts:
    """What a configuration makes use of beside the flow. Raises ModelError, which names the key."""
    if config.refiner == "none":
        return CarrierParts(ego_motion=config.ego_motion)
    weights = SHIPPED if config.refiner == "shipped" else config.refiner
    try:
        return CarrierParts(ego_motion=config.ego_motion, refiner=MaskRefiner.load(weights))
    except ModelError as error:
        raise ModelError(f"propagation.refiner: {error}") from error


class PropagatingDetector:
    """Runs another detector on key frames and carries its masks along in between.

    A key frame is made after ``every`` frames, when a mask was lost, or when too much of the view is new;
    and, with nothing carried over, when the size, the camera or the order of time changes. In the
    background it waits until the detector is free. Scores are those of the key frame times the confidence
    of the mask.

    When the detector fails on a key frame, finds nothing, overlooks something or does not answer, the masks
    that nothing took the place of go on with less confidence, and soon end.

    Args:
        detector: for the key frames; in the background it runs in a thread of its own.
        config: when, and how.
        flow: between images; made as ``config`` says when left out.
        device: as for ``resolve_device``, of that.
        detections: runs the detector instead, as a thread for several cameras does.
    """

    def __init__(
        self,
        detector: Detector,
        config: PropagationConfig | None = None,
        flow: OpticalFlow | None = None,
        device: str = "auto",
        detections: KeyDetections | None = None,
    ) -> None:
        self._config = config or PropagationConfig()
        self._flow = flow or make_flow(self._config, device)
        self._parts = make_parts(self._config)
        self._thread: BackgroundDetector | None = None
        if detections is None and self._config.background:
            self._thread = BackgroundDetector(detector)
            detections = self._thread.camera()
        self._detections = detections or DetectAtOnce(detector)
        self._followed: Followed | None = None
        self._took_s = 0.0
        self._complained = False

    def detect(self, frame: Frame) -> Instances:
        """The detector's instances on a key frame, else those of the last one where they are now.

        Raises:
            Exception: what the detector raises, when there are no masks to go on with.
        """
        followed = self._followed
        if followed is None or followed.is_cut_off(frame):
            self._followed = followed = Followed(frame, None, frame.stamp_ns, self._parts)
        else:
            followed.follow(frame, self._flow)
        self._take_answer(followed)
        shown = followed.shown(self._config.min_confidence, self._patience_s)
        if self._detections.busy:
            self._complain_of_silence(len(shown.instances))
            return shown.instances
        if not (self._is_due(followed) or shown.lost):
            return shown.instances
        return self._make_key(frame, shown, followed.confirmed_ns)

    def reset(self) -> None:
        """Forgets all masks; what the detector still works on counts for nothing."""
        self._followed = None
        self._detections.forget()

    def close(self) -> None:
        """Ends the thread of the detector, if there is one, after the key frame that it works on."""
        self._detections.close()
        if self._thread is not None:
            self._thread.close()

    def _make_key(self, frame: Frame, shown: Shown, confirmed_ns: int) -> Instances:
        """Asks the detector; what it does not answer at once goes on as it is followed."""
        self._followed = followed = Followed(frame, shown, confirmed_ns, self._parts)
        followed.asked = True
        self._detections.ask(frame)
        self._take_answer(followed)
        return followed.shown(self._config.min_confidence, self._patience_s).instances

    def _take_answer(self, followed: Followed) -> None:
        """Merges what the detector found in the key frame, if it is there now."""
        answer = self._detections.take()
        if answer is None:
            return
        self._took_s, self._complained = answer.seconds, False
        if answer.frame is not followed.key:
            return  # of a view that was left since
        found, going_on = answer.found, len(followed.instances)
        if found is None:
            assert answer.error is not None
            if not going_on:
                self._followed = None
                raise answer.error
            log.warning("the detector failed, %d masks go on without it: %s", going_on, answer.error)
            found = Instances.empty(followed.key.height, followed.key.width)
        elif going_on and not len(found):
            log.warning("the detector found nothing, %d masks go on without it", going_on)
        followed.merge(found, self._config.min_confidence)

    @property
    def _patience_s(self) -> float:
        """Seconds from one answered key frame to the next that are nothing unusual."""
        return self._config.max_age_s + 2 * self._took_s

    def _is_due(self, followed: Followed) -> bool:
        """Whether it is time for a key frame."""
        config = self._config
        return (
            not followed.asked
            or followed.age >= config.every
            or followed.last_ns - followed.key.stamp_ns >= 1e9 * config.max_age_s
            or followed.known < 1 - config.new_area
        )

    def _complain_of_silence(self, going_on: int) -> None:
        waiting_s = self._detections.waiting_s
        usual_s = _SILENT_TIMES * self._patience_s if self._took_s else _SILENT_S
        if not self._complained and waiting_s > usual_s:
            self._complained = True
            log.warning(
                "the detector has not answered for %.0f s, %d masks go on without it", waiting_s, going_on
            )
