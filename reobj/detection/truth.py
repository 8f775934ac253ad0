"""True label images kept by stamp until the detector asks for them."""

from __future__ import annotations

from reobj.detection.stamp_buffer import StampBuffer
from reobj.types import LabelImage


class TruthBuffer(StampBuffer[LabelImage]):
    """The last true label images by stamp.

    Args:
        capacity: as for ``StampBuffer``.
    """

    def __init__(self, capacity: int = 64) -> None:
        super().__init__("label image", capacity)
