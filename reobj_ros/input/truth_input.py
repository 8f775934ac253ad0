"""The ground-truth topics, for the label-image detector and for nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from reobj.detection.truth import TruthBuffer
from reobj.scans.message_arrays import label_image_from
from reobj.types import LabelImage
from reobj_ros.input.inputs import Inputs
from reobj_ros.input.stamp_join import Companion, Joined

TOPIC = "ground_truth/instances"
NAMES_TOPIC = "ground_truth/label_names"
COMPANION = "truth"


class TruthInput:
    """Feeds the true label images of joined messages into a TruthBuffer.

    The names of the instances' labels come once, latched; the detector has a word for those without.

    Args:
        warn: takes one line when the names cannot be read.
        buffer: of a detector that several cameras have in common; a frame is fed right before it is
            detected, so that it does not matter when two cameras have one stamp.
    """

    def __init__(self, warn: Callable[[str], None], buffer: TruthBuffer | None = None) -> None:
        self.buffer = TruthBuffer() if buffer is None else buffer
        self._names: dict[int, str] = {}
        self._warn = warn

    def companions(self) -> dict[str, Companion]:
        """The required companion of an image."""
        return {COMPANION: Companion(required=True)}

    def subscribe(self, node: Any, inputs: Inputs, prefix: str = "") -> None:
        """Subscribes to the label images and to their names; ``prefix`` is that of a camera's topics."""
        inputs.subscribe_image(COMPANION, prefix + TOPIC, "compressed", "auto")
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        node.create_subscription(String, prefix + NAMES_TOPIC, self.take_names, latched)

    def feed(self, joined: Joined) -> None:
        """Puts the frame's label image where the detector looks it up. Raises InputError."""
        ids = label_image_from(joined.companions[COMPANION])
        self.buffer.put(joined.stamp_ns, LabelImage(ids, self._names))

    def take_names(self, message: String) -> None:
        """Takes the labels of all instances, or warns when they cannot be read."""
        try:
            self._names = {int(key): str(name) for key, name in json.loads(message.data).items()}
        except (ValueError, AttributeError):
            self._warn(f"{NAMES_TOPIC}: expected JSON of instance ids to labels, got {message.data[:80]!r}")
