"""One detector for all cameras of a node, asked about each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reobj.config import PipelineConfig, build_detector
from reobj.detection.registry import detector_entry
from reobj_ros.input.detector_input import DetectorInput, detector_input
from reobj_ros.stages.networks import Held, HeldDetector
from reobj_ros.stages.stage_node import StageNode


class InCommon:
    """``CameraDetectors`` that are all the same one.

    Args:
        node: whose cameras they are.
        config: of the pipeline, without propagation.
        device: of the network.

    Attributes:
        detector: as all cameras have it.
        networks: see ``CameraDetectors``.

    Raises:
        ReobjError: the detector cannot be made.
    """

    def __init__(self, node: StageNode, config: PipelineConfig, device: str) -> None:
        entry = detector_entry(config.detector.name)
        read, self._make_input = detector_input(entry, config.detector.options, node.warn)
        self.detector = HeldDetector(lambda: build_detector(config, device, read.truth, read.masks))
        self.networks: Sequence[Held[Any]] = (self.detector,)

    def camera(self, name: str) -> HeldDetector:
        """See ``CameraDetectors``."""
        return self.detector

    def input(self, name: str) -> DetectorInput | None:
        """See ``CameraDetectors``."""
        return self._make_input()

    def reset(self) -> None:
        """See ``CameraDetectors``."""

    def close(self) -> None:
        """See ``CameraDetectors``."""
