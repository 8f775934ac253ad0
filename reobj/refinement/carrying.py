"""Masks carried through a recording, forwards or backwards, until their confidence ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.mask_carrier import CarrierParts, Trail
from reobj.detection.carrying.optical_flow import OpticalFlow
from reobj.detection.masks import renumber
from reobj.encoding.base import Encoder
from reobj.offline import Mode
from reobj.progress import Progress, silent
from reobj.refinement.archive import FrameArchive
from reobj.refinement.claims import Claims, settle
from reobj.refinement.frame_masks import FrameMasks, MaskBook
from reobj.types import Frame, Instances


@dataclass(frozen=True, slots=True)
class CarryConfig:
    """How far masks are carried.

    Attributes:
        min_confidence: in [0, 1]; a mask with less is given up. More gives masks up earlier.
        rekey: frames after which masks are carried on from where they are now, whose look is then what
            later frames are compared with. More drifts less and gives up sooner when the view changes.
        adopt: whether a detected mask without an object takes the place of a carried one of its outline.
    """

    min_confidence: float = 0.5
    rekey: int = 15
    adopt: bool = True


class MaskSweep:
    """One way through a recording: fresh masks go on to frames that lack their objects.

    Args:
        archive, book: frames, and their masks, which are changed.
        mode: which inputs of a frame may be used.
        flow: between two images.
        encoder: for the masks that are drawn.
        config: how far.
        parts: what carries the masks beside the flow; all but the refiner when left out.
    """

    def __init__(
        self,
        archive: FrameArchive,
        book: MaskBook,
        mode: Mode,
        flow: OpticalFlow,
        encoder: Encoder,
        config: CarryConfig | None = None,
        parts: CarrierParts | None = None,
    ) -> None:
        self._archive, self._book, self._mode = archive, book, mode
        self._flow, self._encoder, self._config = flow, encoder, config or CarryConfig()
        self._parts = parts

    def run(self, numbers: Sequence[int], round_number: int, progress: Progress = silent) -> None:
        """Goes through these frames in their order.

        Raises:
            ScanError: a frame is damaged.
        """
        last: Frame | None = None
        shown: FrameMasks | None = None
        carry: _Carry | None = None
        for done, (number, (frame, _)) in enumerate(
            zip(numbers, self._archive.in_order(numbers), strict=True), start=1
        ):
            frame, masks = self._mode.limit(frame), self._book.rows(number)
            if last is not None and shown is not None and last.colour.shape == frame.colour.shape:
                carry = self._source(carry, last, shown, masks)
                masks = self._step(carry, frame, number, round_number)
            else:
                carry, masks = None, self._book[number]
            last, shown = frame, masks
            progress(done, len(numbers))

    def _source(
        self, carry: _Carry | None, frame: Frame, shown: FrameMasks, following: FrameMasks
    ) -> _Carry | None:
        """What carries the masks of a frame to the following one; None where that has them all."""
        active = () if carry is None else carry.active
        wanted = []
        for row in np.flatnonzero(shown.object_ids).tolist():
            object_id = int(shown.object_ids[row])
            there = following.row_of(object_id)
            better = there < 0 or following.confidence[there] < shown.confidence[row]
            if better and (shown.fresh[row] or object_id in active):
                wanted.append(row)
        if not wanted:
            return None
        ids = {int(shown.object_ids[row]) for row in wanted}
        if carry is not None and ids <= set(active) and carry.age < self._config.rekey:
            carry.active = tuple(ids)
            return carry
        return _Carry.of(frame, shown, np.array(wanted, np.intp), self._parts)

    def _step(self, carry: _Carry | None, frame: Frame, number: int, round_number: int) -> FrameMasks:
        """The masks of the frame with what was carried there."""
        masks = self._book[number]
        if carry is None:
            return masks
        claims = carry.advance(frame, self._flow, self._config.min_confidence)
        settled = settle(masks, claims, round_number, self._config.adopt)
        if settled.changed:
            masks = settled.masks.described(frame, settled.drawn, self._encoder)
            self._book[number] = masks
        drawn = set(settled.masks.object_ids[settled.drawn].tolist())
        carry.active = tuple(i for i in carry.active if i in drawn)
        return masks


@dataclass(slots=True, eq=False)
class _Carry:
    """Masks on their way.

    Attributes:
        trail: from the frame that they were taken from.
        rows: the instances there.
        taken: the same as the trail takes them.
        active: the objects that are still followed.
    """

    trail: Trail
    rows: FrameMasks
    taken: Instances
    active: tuple[int, ...]

    @classmethod
    def of(
        cls, frame: Frame, shown: FrameMasks, wanted: NDArray[np.intp], parts: CarrierParts | None
    ) -> _Carry:
        """Takes some of the masks of a frame."""
        rows = shown.select(wanted)
        return cls(Trail(frame, parts), rows, rows.instances(), tuple(rows.object_ids.tolist()))

    @property
    def age(self) -> int:
        """Frames that they have come."""
        return self.trail.age

    def advance(self, frame: Frame, flow: OpticalFlow, least: float) -> Claims:
        """Where they are in the next frame, those that are sure enough."""
        self.trail.follow(frame, flow)
        found = self.trail.carry(self.taken)
        confidence = (self.rows.confidence * found.confidence).astype(np.float32)
        active = np.isin(self.rows.object_ids, self.active)
        keep = np.flatnonzero(active & (confidence >= least))
        return Claims(
            renumber(found.label_image, keep + 1),
            self.rows.object_ids[keep],
            self.rows.track_ids[keep],
            confidence[keep],
            tuple(self.rows.labels[k] for k in keep),
        )
