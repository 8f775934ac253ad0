"""The topics of another node that finds the masks, for the detector ``masks``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reobj.detection.given.given_detector import GivenMasksConfig
from reobj.detection.given.given_masks import MasksBuffer
from reobj.errors import ConfigError, InputError
from reobj_msgs.msg import InstanceMasks
from reobj_ros.input.given_masks import (
    Read,
    ReadBoxes,
    boxes_of,
    masks_of,
    masks_of_detections,
    masks_of_segments,
)
from reobj_ros.input.inputs import Inputs
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.messages.interfaces import message_class

DETECTIONS = "vision_msgs/msg/Detection2DArray"
TOPICS = {
    "masks": ("masks",),
    "segments": ("segments",),
    "detections": ("segments", "segments/detections"),
    "boxes": ("segments/detections",),
}
"""Value of ``detector.source``: the topics that are listened to."""


class MasksInput:
    """Feeds the masks of joined messages into a MasksBuffer.

    Args:
        config: of the detector.
        warn: takes one line when a part of a message is left out.
        buffer: of a detector that several cameras have in common; a frame is fed right before it is
            detected, so that it does not matter when two cameras have one stamp.

    Raises:
        ConfigError: vision_msgs is needed and not installed.
    """

    def __init__(self, config: GivenMasksConfig, warn: Callable[[str], None], buffer: MasksBuffer) -> None:
        self._config, self._warn, self._buffer = config, warn, buffer
        self._names = TOPICS[config.source]
        self._topic = self._names[-1]
        self._detections = message_class(DETECTIONS)
        if "segments/detections" in self._names and self._detections is None:
            raise ConfigError(
                f"detector.source: {config.source!r} needs vision_msgs, which is not installed; "
                "use 'masks' or 'segments'"
            )

    def companions(self) -> dict[str, Companion]:
        """The required companions of an image."""
        return {name: Companion(required=True, seldom=True) for name in self._names}

    def subscribe(self, node: Any, inputs: Inputs, prefix: str = "") -> None:
        """Subscribes; ``prefix`` is that of a camera's topics."""
        self._topic = node.resolve_topic_name(prefix + self._names[-1])
        if "masks" in self._names:
            inputs.subscribe("masks", InstanceMasks, f"{prefix}masks")
        if "segments" in self._names:
            inputs.subscribe_image("segments", f"{prefix}segments", "compressed", "auto")
        if "segments/detections" in self._names:
            inputs.subscribe("segments/detections", self._detections, f"{prefix}segments/detections")

    def feed(self, joined: Joined) -> None:
        """Puts the frame's masks where the detector looks them up. Raises InputError."""
        try:
            given, faults = self._read(joined.companions)
        except InputError as error:
            raise InputError(f"{self._topic}: {error}") from error
        if faults:
            self._warn(f"{self._topic}: {'; '.join(faults)}")
        self._buffer.put(joined.stamp_ns, given)

    def _read(self, companions: Mapping[str, Any]) -> Read | ReadBoxes:
        source = self._config.source
        if source == "masks":
            return masks_of(companions["masks"])
        if source == "segments":
            return masks_of_segments(companions["segments"])
        detections = companions["segments/detections"]
        if source == "boxes":
            return boxes_of(detections)
        return masks_of_detections(companions["segments"], detections, self._config.values == "id")
