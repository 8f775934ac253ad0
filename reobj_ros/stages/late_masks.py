"""Masks of another node that no image waits for: they are carried to the present image when they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from reobj.detection.base import Detector
from reobj.detection.given.given_detector import GivenMasksConfig
from reobj.detection.given.given_masks import MasksBuffer
from reobj.detection.late_masks import LateMasksDetector
from reobj.detection.propagation import PropagationConfig, make_flow
from reobj.errors import ReobjError
from reobj_ros.input.inputs import Inputs
from reobj_ros.input.masks_input import MasksInput
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.stages.networks import Held, HeldFlow
from reobj_ros.stages.stage_node import StageNode


class LateMasks:
    """Makes the detectors of a node's cameras, each with masks of its own, and their inputs.

    Args:
        node: that listens.
        masks: what comes.
        config: how it is carried.
        make: a detector of what is in a buffer.
        device: of a flow that is a network.

    Attributes:
        networks: the flow between the images of a camera.

    Raises:
        ConfigError: the messages that are needed are not installed.
    """

    def __init__(
        self,
        node: StageNode,
        masks: GivenMasksConfig,
        config: PropagationConfig,
        make: Callable[[MasksBuffer], Detector],
        device: str,
    ) -> None:
        self._node, self._masks, self._config, self._make = node, masks, config, make
        self._flow = HeldFlow(lambda: make_flow(config, device))
        self.networks: Sequence[Held[Any]] = (self._flow,)
        self._buffers: dict[str, MasksBuffer] = {}
        self._cameras: list[LateMasksDetector] = []

    def camera(self, name: str) -> LateMasksDetector:
        """For one more camera."""
        self._buffers[name] = buffer = MasksBuffer()
        self._cameras.append(LateMasksDetector(self._make(buffer), buffer.last, self._config, self._flow))
        return self._cameras[-1]

    def input(self, name: str) -> LateMasksInput:
        """What feeds the detector of a camera."""
        return LateMasksInput(self._node, MasksInput(self._masks, self._node.warn, self._buffers[name]))

    def reset(self) -> None:
        """Forgets what was carried."""
        for camera in self._cameras:
            camera.reset()

    def close(self) -> None:
        """Nothing runs beside the images."""


class LateMasksInput:
    """Listens to masks beside the images of a camera.

    Args:
        node: that listens.
        masks: reads them.
    """

    def __init__(self, node: StageNode, masks: MasksInput) -> None:
        self._node, self._masks = node, masks
        self._first, *self._others = masks.companions()

    def companions(self) -> dict[str, Companion]:
        """None: no image waits."""
        return {}

    def subscribe(self, node: Any, inputs: Inputs, prefix: str = "") -> None:
        """Subscribes by inputs of its own, which end with those of the images."""
        others = {name: Companion(required=True) for name in self._others}
        own = Inputs(self._node, self._first, others, self._take, self._node.settings)
        self._masks.subscribe(node, own, prefix)
        self._node.inputs[f"{prefix}{self._first}"] = own

    def feed(self, joined: Joined) -> None:
        """What came is where it belongs already."""

    def _take(self, joined: Joined) -> None:
        companions = {**joined.companions, self._first: joined.primary}
        try:
            self._masks.feed(replace(joined, companions=companions))
        except ReobjError as error:
            self._node.warn(f"masks left out: {error}")
