"""The detector on key frames only, beside the frames; each camera's masks are carried along in between."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from reobj.detection.background_detector import BackgroundDetector
from reobj.detection.propagation import PropagatingDetector, PropagationConfig, make_flow
from reobj.types import Frame, Instances
from reobj_ros.node.diagnostics import BESIDE
from reobj_ros.stages.in_common import InCommon
from reobj_ros.stages.networks import Held, HeldDetector, HeldFlow
from reobj_ros.stages.stage_node import StageNode


class KeyFrames:
    """``CameraDetectors`` that ask the one that they have in common now and then.

    Args:
        node: whose diagnostics hear how long a key frame takes.
        common: the detector.
        config: when it runs.
        device: of a flow that is a network.

    Attributes:
        networks: see ``CameraDetectors``.
    """

    def __init__(self, node: StageNode, common: InCommon, config: PropagationConfig, device: str) -> None:
        self._config, self._timed = config, _Timed(common.detector, node)
        self._flow = HeldFlow(lambda: make_flow(config, device))
        self._thread = BackgroundDetector(self._timed) if config.background else None
        self._cameras: list[PropagatingDetector] = []
        self.networks: Sequence[Held[Any]] = (*common.networks, self._flow)
        self.input = common.input

    def camera(self, name: str) -> PropagatingDetector:
        """See ``CameraDetectors``."""
        detections = None if self._thread is None else self._thread.camera()
        made = PropagatingDetector(self._timed, self._config, self._flow, detections=detections)
        self._cameras.append(made)
        return made

    def reset(self) -> None:
        """Forgets all masks."""
        for camera in self._cameras:
            camera.reset()

    def close(self) -> None:
        """Ends the thread, without waiting for what it works on."""
        for camera in self._cameras:
            camera.close()
        if self._thread is not None:
            self._thread.close()


class _Timed:
    """A detector whose time is on /diagnostics."""

    def __init__(self, detector: HeldDetector, node: StageNode) -> None:
        self._detector, self._node = detector, node

    def detect(self, frame: Frame) -> Instances:
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        started = time.perf_counter()
        found = self._detector.detect_batch(frames)
        self._node.diagnostics.latency({BESIDE: 1e3 * (time.perf_counter() - started)})
        return found
