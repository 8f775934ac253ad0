"""The detectors of a node's cameras, and what feeds them: three ways, chosen by the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from reobj.config import PipelineConfig, build_detector
from reobj.detection.base import Detector
from reobj.detection.registry import detector_entry
from reobj_ros.input.detector_input import DetectorInput, detector_input
from reobj_ros.stages.key_frames import KeyFrames
from reobj_ros.stages.late_masks import LateMasks
from reobj_ros.stages.networks import Held, HeldDetector
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


class InCommon:
    """Each image of each camera goes through the same detector.

    Args:
        node: whose cameras they are.
        config: of the pipeline, without propagation.
        device: of the network.

    Raises:
        ReobjError: the detector cannot be made.
    """

    def __init__(self, node: StageNode, config: PipelineConfig, device: str) -> None:
        entry = detector_entry(config.detector.name)
        read, self._make_input = detector_input(entry, config.detector.options, node.warn)
        self._detector = HeldDetector(lambda: build_detector(config, device, read.truth, read.masks))
        self.networks: Sequence[Held[Any]] = (self._detector,)

    def camera(self, name: str) -> HeldDetector:
        """See ``CameraDetectors``."""
        return self._detector

    def input(self, name: str) -> DetectorInput | None:
        """See ``CameraDetectors``."""
        return self._make_input()

    def reset(self) -> None:
        """See ``CameraDetectors``."""

    def close(self) -> None:
        """See ``CameraDetectors``."""


class OnKeyFrames:
    """The same on key frames only; each camera's masks are carried along in between.

    Args:
        common: the detector.
        key_frames: when it runs.
    """

    def __init__(self, common: InCommon, key_frames: KeyFrames) -> None:
        self._common, self._key_frames = common, key_frames
        self.networks: Sequence[Held[Any]] = (*common.networks, key_frames.flow)
        self.input, self.reset, self.close = common.input, key_frames.reset, key_frames.close

    def camera(self, name: str) -> Detector:
        """See ``CameraDetectors``."""
        return self._key_frames.camera(self._common.camera(name))


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
    return OnKeyFrames(InCommon(node, alone, device), KeyFrames(node, propagation, device))
