"""Masks that somebody else finds at his own pace, for images of his own choice: carried to every image."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

from reobj.detection.base import Detector
from reobj.detection.carrying.followed import Followed
from reobj.detection.carrying.optical_flow import OpticalFlow
from reobj.detection.propagation import PropagationConfig, make_flow, make_parts
from reobj.types import Frame, Instances

log = logging.getLogger(__name__)

#: images that are remembered, at most: 2 s of 30 Hz
_MOST_FRAMES = 60


class LateMasksDetector:
    """Instances of every frame, of masks that come some time after theirs.

    Frames are remembered for ``max_age_s``. Masks that come for one of them are moved from there to the
    present frame in one step, and take the place of those that were followed meanwhile. What they do not
    cover goes on with less confidence, and soon ends.

    Args:
        detector: gives the instances of a frame whose masks have come.
        newest: gives the stamp of the newest masks in nanoseconds, None before the first ones.
        config: what counts are ``max_age_s``, ``min_confidence``, ``ego_motion``, ``refiner`` and the flow.
        flow: between images; made as ``config`` says when left out.
        device: as for ``resolve_device``, of that.
    """

    def __init__(
        self,
        detector: Detector,
        newest: Callable[[], int | None],
        config: PropagationConfig | None = None,
        flow: OpticalFlow | None = None,
        device: str = "auto",
    ) -> None:
        self._detector, self._newest = detector, newest
        self._config = config or PropagationConfig()
        self._flow = flow or make_flow(self._config, device)
        self._parts = make_parts(self._config)
        self._followed: Followed | None = None
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._taken: int | None = None

    def detect(self, frame: Frame) -> Instances:
        """The newest masks that have come and what they overlooked, where they are in this frame.

        Raises:
            ReobjError: the masks that came cannot be used; they are left out, the next frame goes on.
        """
        followed = self._followed
        if followed is None or followed.is_cut_off(frame):
            self._frames.clear()
            self._followed = followed = Followed(frame, None, frame.stamp_ns, self._parts)
        else:
            followed.follow(frame, self._flow)
        self._remember(frame)
        least, patience_s = self._config.min_confidence, self._config.max_age_s
        shown = followed.shown(least, patience_s)
        past = self._frame_of_new_masks()
        if past is None:
            return shown.instances
        found = self._moved(past, frame)
        self._followed = followed = Followed(frame, shown, past.stamp_ns, self._parts)
        followed.merge(found, least)
        return followed.instances

    def reset(self) -> None:
        """Forgets all masks and frames."""
        self._followed = None
        self._frames.clear()

    def _remember(self, frame: Frame) -> None:
        self._frames[frame.stamp_ns] = frame
        oldest = frame.stamp_ns - 1e9 * self._config.max_age_s
        while len(self._frames) > _MOST_FRAMES or next(iter(self._frames)) < oldest:
            self._frames.popitem(last=False)

    def _frame_of_new_masks(self) -> Frame | None:
        """The frame that masks have come for, once; None where none came or it is not known any more."""
        newest = self._newest()
        if newest is None or newest == self._taken or newest > next(reversed(self._frames)):
            return None  # those of a frame to come are taken then
        self._taken = newest
        if newest not in self._frames:
            seconds = self._config.max_age_s
            log.warning(
                "masks left out: expected those of an image of the last %g s, got another stamp", seconds
            )
        return self._frames.get(newest)

    def _moved(self, past: Frame, frame: Frame) -> Instances:
        """What was found in a past frame, where it is in the present one."""
        way = Followed(past, None, past.stamp_ns, self._parts)
        way.merge(self._detector.detect(past), self._config.min_confidence)
        if past is not frame:
            way.follow(frame, self._flow)
        return way.shown(self._config.min_confidence, self._config.max_age_s).instances
