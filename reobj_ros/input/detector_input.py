"""What feeds a detector that reads other topics than the image's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from reobj.detection.given.given_masks import MasksBuffer
from reobj.detection.registry import DetectorEntry, Lookups
from reobj.detection.truth import TruthBuffer
from reobj_ros.input.inputs import Inputs
from reobj_ros.input.masks_input import MasksInput
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.input.truth_input import TruthInput


class DetectorInput(Protocol):
    """Feeds a detector with what belongs to the images of one camera."""

    def companions(self) -> dict[str, Companion]:
        """The inputs that an image waits for, by name."""
        ...

    def subscribe(self, node: Any, inputs: Inputs, prefix: str = "") -> None:
        """Subscribes to them; ``prefix`` is that of the camera's topics."""
        ...

    def feed(self, joined: Joined) -> None:
        """Puts what came where the detector looks it up, before it detects. Raises InputError."""
        ...


MakeInput = Callable[[], DetectorInput | None]


def detector_input(
    entry: DetectorEntry, config: Any, warn: Callable[[str], None]
) -> tuple[Lookups, MakeInput]:
    """Where a detector looks things up, and what makes the input of each camera that feeds it.

    Args:
        entry, config: of the detector.
        warn: takes one line when something cannot be read.

    Raises:
        ConfigError: the messages that it needs are not installed.
    """
    if entry.needs_truth:
        truth = TruthBuffer()
        return Lookups(truth=truth), lambda: TruthInput(warn, truth)
    if entry.needs_masks:
        masks = MasksBuffer()
        MasksInput(config, warn, masks)  # so that what it lacks is known at the start
        return Lookups(masks=masks), lambda: MasksInput(config, warn, masks)
    return Lookups(), lambda: None
