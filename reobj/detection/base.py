"""What every detector promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from reobj.types import Frame, Instances


class Detector(Protocol):
    """Finds the object instances of one frame. Identity is not its business."""

    def detect(self, frame: Frame) -> Instances:
        """Instances with masks of the frame's size; empty when there are none.

        Raises:
            ReobjError: the frame cannot be processed; the detector stays usable.
        """
        ...


@runtime_checkable
class BatchDetector(Detector, Protocol):
    """A detector that looks at several frames at once, of one camera or of several."""

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        """The same as ``detect`` of each frame; faster on a GPU. Raises what ``detect`` raises."""
        ...
