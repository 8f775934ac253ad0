"""What every detector promises."""

from __future__ import annotations

from typing import Protocol

from reobj.types import Frame, Instances


class Detector(Protocol):
    """Finds the object instances of one frame. Identity is not its business."""

    def detect(self, frame: Frame) -> Instances:
        """Instances with masks of the frame's size; empty when there are none.

        Raises:
            ReobjError: the frame cannot be processed; the detector stays usable.
        """
        ...
