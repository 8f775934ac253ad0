"""Carries the masks of a key frame along with the images that follow it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.ego_motion import EgoMotion
from reobj.detection.carrying.flow_chain import FlowChain
from reobj.detection.carrying.mask_borders import refine_borders
from reobj.detection.carrying.optical_flow import Flow, OpticalFlow
from reobj.detection.carrying.refiner_crops import CarriedView, Refiner
from reobj.detection.carrying.sampling import nearest
from reobj.errors import InputError, mismatch
from reobj.types import Frame, Instances

#: grey levels that a surface may look brighter or darker than in the key frame
_SAME_LOOK = 40
#: a border is off by one pixel at first, and by one more each so many frames (tuned on simulated walks)
_FRAMES_PER_PIXEL, _MOST_PIXELS = 8, 3


@dataclass(frozen=True, slots=True)
class CarrierParts:
    """What is made use of beside the flow itself; all of it, unless its worth is measured.

    Attributes:
        consistency: distrust what was hidden in between, by flow there and back.
        colour: move borders to where the colour changes.
        ego_motion: depth and pose in place of flow, where both are known and the scene stood still.
        refiner: has the last word on the masks, with the colour image and the flow before it.
    """

    consistency: bool = True
    colour: bool = True
    ego_motion: bool = True
    refiner: Refiner | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CarriedMasks:
    """The key frame's instances in a later image.

    Attributes:
        label_image: (H, W) uint16 with the numbers of the key frame.
        confidence: (N,) float32 in [0, 1]: share of each mask that could be followed all the way and
            still looks as it did; 0 for one that is out of view.
    """

    label_image: NDArray[np.uint16]
    confidence: NDArray[np.float32]


class Trail:
    """The way from a key frame to the present one. Its masks may become known later than the way.

    Args:
        key: the key frame.
        parts: what is made use of.

    Attributes:
        key: as given.
        last: the present frame.
        age: frames since the key frame.
    """

    def __init__(self, key: Frame, parts: CarrierParts | None = None) -> None:
        self.key, self.last, self.age = key, key, 0
        self._parts = parts or CarrierParts()
        self._grey = _grey(key)
        self._chain = FlowChain(key.height, key.width, self._parts.consistency)
        self._ego = EgoMotion.of(key) if self._parts.ego_motion else None
        self._back: Flow | None = None

    @property
    def known(self) -> float:
        """Share of the present image in [0, 1] that the key frame has seen."""
        return float(self._chain.trusted.mean())

    def follow(self, frame: Frame, flow: OpticalFlow) -> None:
        """Goes on to the next frame.

        Raises:
            InputError: it has another size than the key frame.
        """
        if frame.colour.shape != self.key.colour.shape:
            expected = f"{self.key.width}x{self.key.height}, as the key frame"
            raise InputError(mismatch("image", expected, f"{frame.width}x{frame.height}"))
        there, self._back = flow.between(self.last.colour, frame.colour)
        self._chain.add(there, self._back)
        self.last = frame
        self.age += 1
        rigid = None if self._ego is None else self._ego.source(frame, self.key)
        if rigid is not None:
            self._chain.correct(rigid.source, rigid.known, rigid.unseen)

    def carry(self, instances: Instances) -> CarriedMasks:
        """Masks of the key frame in the present one."""
        if self.age == 0:
            return CarriedMasks(instances.label_image, np.ones(len(instances), np.float32))
        moved = self._chain.labels(instances.label_image)
        count = len(instances)
        return CarriedMasks(self._refined(moved, count), self._confidence(moved, count))

    def _refined(self, moved: NDArray[np.uint16], count: int) -> NDArray[np.uint16]:
        labels, refine = self._bordered(moved), self._parts.refiner
        if refine is None or self._back is None or not count:
            return labels
        frame, trusted = self.last, self._chain.trusted
        return refine(CarriedView(frame.colour, labels, moved, trusted, self._back, frame.depth), count)

    def _bordered(self, moved: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """With borders where the colour changes; without that part only what was not hidden stays."""
        if self._parts.colour:
            band_px = min(1 + self.age // _FRAMES_PER_PIXEL, _MOST_PIXELS)
            return refine_borders(moved, self._chain.trusted, self.last.colour, band_px)
        return moved * self._chain.trusted if self._parts.consistency else moved

    def _confidence(self, moved: NDArray[np.uint16], count: int) -> NDArray[np.float32]:
        """(N,) share of each moved mask that is trusted and looks as in the key frame."""
        before = nearest(self._grey, self._chain.source).astype(np.int16)
        change = _grey(self.last).astype(np.int16) - before
        trusted = self._chain.trusted != 0
        sample = change[::8, ::8][trusted[::8, ::8]]
        brighter = int(np.median(sample)) if len(sample) else 0  # the exposure's doing
        good = (np.abs(change - brighter) <= _SAME_LOOK) & trusted
        areas = np.bincount(moved.ravel(), minlength=count + 1)
        right = np.bincount(moved[good], minlength=count + 1)
        return (right[1:] / np.maximum(areas[1:], 1)).astype(np.float32)


class MaskCarrier:
    """Follows all instances at once: their label image is moved, not one mask after the other.

    Args:
        flow: between two images.
        frame: the key frame.
        instances: its masks.
        parts: what is made use of.

    Raises:
        InputError: the masks do not have the frame's size.
    """

    def __init__(
        self, flow: OpticalFlow, frame: Frame, instances: Instances, parts: CarrierParts | None = None
    ) -> None:
        instances.check_size(frame.height, frame.width)
        self._flow, self._instances, self._trail = flow, instances, Trail(frame, parts)

    def advance(self, frame: Frame) -> CarriedMasks:
        """The masks in the next image.

        Raises:
            InputError: it has another size than the key frame.
        """
        self._trail.follow(frame, self._flow)
        return self._trail.carry(self._instances)


def _grey(frame: Frame) -> NDArray[np.uint8]:
    """(H, W)."""
    return cv2.cvtColor(frame.colour, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
