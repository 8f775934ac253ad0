"""The detectors of a node's cameras, and what feeds them: three ways, chosen by the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from reobj.config import PipelineConfig, build_detector
from reobj.detection.base import Detector
from reobj.detection.registry import detector_entry
from reobj_ros.input.detector_input import DetectorInput
from reobj_ros.stages.in_common import InCommon
from reobj_ros.stages.key_frames import KeyFrames
from reobj_ros.stages.late_masks import LateMasks
from reobj_ros.stages.networks import Held
from reobj_ros.stages.stage_node import StageNode


class CameraDetectors(Protocol):
    """Makes what each camera of a node needs.

    Attributes:
        networks: what can be put down while the node sleeps.
    """

    networks: Sequence[Held[Any]]

    def camera(self, name: str) -> Detector:
        """The detector of one more camera."""
        ...

    def input(self, name: str) -> DetectorInput | None:
        """What feeds it, where it reads other topics than the image's; asked for after ``camera``."""
        ...

    def reset(self) -> None:
        """Forgets masks."""
        ...

    def close(self) -> None:
        """Ends what it does beside the images."""
        ...


def make_detectors(node: StageNode, config: PipelineConfig, device: str) -> CameraDetectors:
    """The detectors that a configuration asks for.

    Args:
        node: whose cameras they are.
        config: of the pipeline.
        device: of the networks.

    Raises:
        ReobjError: they cannot be made.
    """
    propagation, entry = config.detector.propagation, detector_entry(config.detector.name)
    alone = replace(config, detector=replace(config.detector, propagation=None))
    if propagation is None:
        return InCommon(node, alone, device)
    if entry.needs_masks:  # of another node, at its own pace
        return LateMasks(
            node,
            alone.detector.options,
            propagation,
            lambda masks: build_detector(alone, device, None, masks),
            device,
        )
    if entry.needs_truth:  # it is there at once, and not for long
        propagation = replace(propagation, background=False)
    return KeyFrames(node, InCommon(node, alone, device), propagation, device)
