"""What every recorded source of frames promises: ScanNet folders and bags alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from reobj.types import Frame, LabelImage


class FrameSource(Protocol):
    """A recording that is read frame by frame, in constant memory."""

    @property
    def name(self) -> str:
        """A short name for reports, e.g. ``scene0000_00``."""
        ...

    @property
    def has_truth(self) -> bool:
        """Whether there are true instances."""
        ...

    def __len__(self) -> int:
        """Number of frames."""
        ...

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        """Frames in the order of time, each with its true instances where they are known.

        The label image is for the label-image detector and for evaluation only.

        Raises:
            ScanError, BagError: the recording is damaged at the present frame.
        """
        ...
