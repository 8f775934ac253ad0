"""The instances of a key frame, and what is left of them in the frames that follow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reobj.detection.carrying.mask_carrier import CarrierParts, Trail
from reobj.detection.carrying.missed import Confidence, with_missed
from reobj.detection.carrying.optical_flow import OpticalFlow
from reobj.detection.masks import instances_from_label_image
from reobj.types import Frame, Instances

#: smaller masks are not shown; they stay with the key frame, as they may grow again
_LEAST_PIXELS = 32
#: what is left of the confidence after each ``patience`` in which no detection came
_LESS = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is left of the key frame's instances.

    Attributes:
        instances: those in view that are certain enough.
        confidence: (N,) float32 in [0, 1], of each.
        lost: whether one that is in view is not certain enough.
    """

    instances: Instances
    confidence: Confidence
    lost: bool


class Followed:
    """From one key frame to the next. The detector's answer for the key frame may come later.

    Args:
        key: the key frame.
        shown: what is followed through it; None when nothing is.
        confirmed_ns: stamp of the last key frame that the detector has answered for.
        parts: of the trail.

    Attributes:
        key, confirmed_ns: as given.
        instances: of the key frame.
        confidence: (N,) float32 in [0, 1] of them there; below 1 for those that the detector overlooked.
        asked: whether the detector was given the key frame.
        last_ns: stamp of the present frame.
    """

    def __init__(self, key: Frame, shown: Shown | None, confirmed_ns: int, parts: CarrierParts) -> None:
        self.key, self.confirmed_ns, self.asked = key, confirmed_ns, False
        self.instances = Instances.empty(key.height, key.width) if shown is None else shown.instances
        self.confidence = np.zeros(0, np.float32) if shown is None else shown.confidence
        self._trail = Trail(key, parts)

    @property
    def last_ns(self) -> int:
        """Stamp of the present frame."""
        return self._trail.last.stamp_ns

    @property
    def age(self) -> int:
        """Frames since the key frame."""
        return self._trail.age

    @property
    def known(self) -> float:
        """Share of the present image in [0, 1] that the key frame has seen."""
        return self._trail.known

    def is_cut_off(self, frame: Frame) -> bool:
        """Whether nothing can be carried to this frame: another camera, another size, or time went back."""
        return (
            frame.colour.shape != self.key.colour.shape
            or frame.frame_id != self.key.frame_id
            or frame.stamp_ns <= self.last_ns
        )

    def follow(self, frame: Frame, flow: OpticalFlow) -> None:
        """Goes on to the next frame."""
        self._trail.follow(frame, flow)

    def merge(self, found: Instances, least: float) -> None:
        """Takes the detector's instances of the key frame, and keeps what it overlooked with less confidence.

        Args:
            found: in the key frame, whichever the present frame is.
            least: confidence with which an overlooked one is given up.
        """
        self.instances, self.confidence = with_missed(found, self.instances, self.confidence, least)
        self.confirmed_ns = self.key.stamp_ns

    def shown(self, least: float, patience_s: float) -> Shown:
        """The instances that can be shown in the present frame.

        Args:
            least: confidence from which on they are shown.
            patience_s: seconds > 0 after the last answered key frame from which on confidence falls.
        """
        masks = self._trail.carry(self.instances)
        left = masks.confidence * self._staleness(patience_s)
        confidence = self.confidence * left
        if self.age == 0:
            return Shown(self.instances, confidence, False)
        areas = np.bincount(masks.label_image.ravel(), minlength=len(self.instances) + 1)[1:]
        in_view, certain = areas >= _LEAST_PIXELS, confidence >= least
        rows = np.flatnonzero(in_view & certain)
        labels = [self.instances.labels[row] for row in rows]
        scores = self.instances.scores[rows] * left[rows]
        instances = instances_from_label_image(masks.label_image, rows + 1, labels, scores)
        return Shown(instances, confidence[rows], bool((in_view & ~certain).any()))

    def _staleness(self, patience_s: float) -> np.float32:
        """Factor in (0, 1] by the time without an answer of the detector, since the key frame."""
        unusual_ns = max(self.confirmed_ns + round(1e9 * patience_s), self.key.stamp_ns)
        return np.float32(_LESS ** (max(0, self.last_ns - unusual_ns) / 1e9 / patience_s))
