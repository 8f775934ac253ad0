"""Gathers, frame by frame, all that the report and the video of one run show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from reobj.association.map.map_object import MapObject
from reobj.evaluation.identity import IdentityEvaluator, IdentityScores
from reobj.types import Frame, FrameResult, LabelImage
from reobj.visual.images import encode_jpeg
from reobj.visual.overlay import draw_overlay
from reobj.visual.reid_pictures import ReidCollector, ReidPicture
from reobj.visual.report import Picture
from reobj.visual.timeline import TimelineCollector, draw_timeline
from reobj.visual.top_view import TopViewObject, draw_top_view
from reobj.visual.video import VideoWriter

STRIP_SIDE = 480
"""Longer side of a picture in the strip, pixels."""


class Story:
    """One run as a reader of the report sees it.

    Args:
        video: where each overlay goes; None for no video.
        strip_every: one picture of the strip each so many frames.
    """

    def __init__(self, video: VideoWriter | None, strip_every: int) -> None:
        self._video = video
        self._strip_every = max(strip_every, 1)
        self._evaluator = IdentityEvaluator()
        self._reids = ReidCollector()
        self._timeline = TimelineCollector()
        self._path: list[NDArray[np.float64]] = []
        self._stamps: list[int] = []
        self.strip: list[Picture] = []
        self.has_truth = False

    def add(self, frame: Frame, result: FrameResult, truth: LabelImage | None) -> None:
        """Takes one frame with what the run says of it, in the order of time."""
        true_ids = None
        if truth is not None:
            self.has_truth = True
            true_ids = self._evaluator.add(result.stamp_ns, truth, result.instances, result.objects)
        self._reids.add(frame, result.instances, result.objects, result.events, true_ids)
        self._timeline.add(result.stamp_ns, result.instances, result.objects, result.events, true_ids)
        if frame.pose is not None:
            self._path.append(frame.pose[:3, 3])
        self._draw(frame, result)
        self._stamps.append(result.stamp_ns)

    def _draw(self, frame: Frame, result: FrameResult) -> None:
        for_strip = len(self._stamps) % self._strip_every == 0
        if self._video is None and not for_strip:
            return
        overlay = draw_overlay(frame.colour, result.instances, result.objects)
        if self._video is not None:
            self._video.add(overlay)
        if for_strip:
            seconds = (result.stamp_ns - (self._stamps[0] if self._stamps else result.stamp_ns)) / 1e9
            self.strip.append(Picture(encode_jpeg(overlay, STRIP_SIDE), f"after {seconds:.0f} s"))

    @property
    def frames(self) -> int:
        """Frames so far."""
        return len(self._stamps)

    @property
    def duration_s(self) -> float:
        """From the first frame to the last, seconds."""
        return (self._stamps[-1] - self._stamps[0]) / 1e9 if self._stamps else 0.0

    def scores(self) -> IdentityScores:
        """How right the identities are, as far as the truth is known."""
        return self._evaluator.scores()

    def pictures(self) -> list[ReidPicture]:
        """Re-identifications worth looking at."""
        return self._reids.pictures()

    def timeline(self) -> Markup:
        """Which object was seen when."""
        return draw_timeline(self._timeline.rows)

    def top_view(self, objects: Iterable[MapObject], truth: Sequence[TopViewObject] = ()) -> Markup | None:
        """The map from above; None when no object has a position."""
        placed = [
            TopViewObject(item.object_id, item.label, item.position, item.extent)
            for item in objects
            if item.position is not None
        ]
        if not placed:
            return None
        return draw_top_view(placed, np.array(self._path) if self._path else None, truth)
