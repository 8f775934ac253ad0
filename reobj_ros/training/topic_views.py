"""A bag that is being played as a source of views: its topics, and when there is enough."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from reobj_msgs.msg import InstanceMasks
from reobj_ros.input.frames import FrameMaker, geometry_companions, subscribe_geometry
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.input.truth_input import TruthInput
from reobj_ros.messages.conversions import instances_from
from reobj_ros.stages.stage_node import Process, StageNode
from reobj_ros.training.gathering import Gatherer

WAITING = 100
"""Frames that wait until their views are written, 100 MB at 640x480: none is lost when it hesitates."""


class TopicViews:
    """Turns joined messages into frames with their truth, and feeds them to a Gatherer.

    Args:
        node: that listens; its ``settings`` have INPUT_PARAMETERS and those of trainer_node.
        gatherer: takes the frames.

    Attributes:
        truth: what came on the ground-truth topics.

    Raises:
        ConfigError: poses from tf without tf2_ros.
    """

    def __init__(self, node: StageNode, gatherer: Gatherer) -> None:
        self._node, self._gatherer = node, gatherer
        self._settings: Mapping[str, Any] = node.settings
        self.truth = TruthInput(node.warn)
        # Depth says nothing to the encoders.
        self._geometry = ChainMap({"depth_transport": "none"}, node.settings)
        self._frames = FrameMaker(node, self._geometry, node.warn)
        self._frames_seen = 0
        self._new_at_s = 0.0

    def listen(self, device: str, process: Process) -> None:
        """Subscribes to all topics that are needed; ``process`` takes what is joined."""
        companions = {**self.truth.companions(), **geometry_companions(self._geometry)}
        detected = self._settings["masks"] == "detector"
        if detected:
            companions["instances"] = Companion(required=True)
        self._node.begin(device, WAITING)
        inputs = self._node.listen("image", companions, process)
        inputs.subscribe_image("image", "image", "compressed", self._settings["image_transport"])
        if detected:
            inputs.subscribe("instances", InstanceMasks, "instances", stage=True)
        subscribe_geometry(inputs, self._geometry)
        self.truth.subscribe(self._node, inputs)

    def take(self, joined: Joined) -> None:
        """Adds the views of one moment. Raises what ``Gatherer.add`` does, InputError for a bad message."""
        frame = self._frames.with_colour(joined)
        self.truth.feed(joined)
        found = joined.companions.get("instances")
        instances = None if found is None else instances_from(found)
        self._gatherer.add(frame, instances, self.truth.buffer(joined.stamp_ns))

    def is_enough(self, now_s: float) -> bool:
        """Whether it is time to train: so many views, or nothing new for a while. Ask it now and then."""
        gatherer, enough, silence_s = (
            self._gatherer,
            self._settings["enough_views"],
            self._settings["silence"],
        )
        if gatherer.frames != self._frames_seen:
            self._frames_seen, self._new_at_s = gatherer.frames, now_s
        if not gatherer.views:
            return False
        return 0 < enough <= gatherer.views or 0 < silence_s <= now_s - self._new_at_s
