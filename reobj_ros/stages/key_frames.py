"""The detector on key frames only, beside the frames; each camera's masks are carried along in between."""

from __future__ import annotations

import time
from collections.abc import Sequence

from reobj.detection.background_detector import BackgroundDetector
from reobj.detection.base import Detector
from reobj.detection.batches import detect_all
from reobj.detection.carrying.optical_flow import Flow, Image, OpticalFlow
from reobj.detection.propagation import PropagatingDetector, PropagationConfig, make_flow
from reobj.types import Frame, Instances
from reobj_ros.node.diagnostics import BESIDE
from reobj_ros.stages.networks import Held
from reobj_ros.stages.stage_node import StageNode


class HeldFlow(Held[OpticalFlow]):
    """An optical flow that can be put down."""

    def between(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """Like the flow's."""
        with self.lock:
            return self.get().between(a, b)


class KeyFrames:
    """Makes the detectors of a node's cameras out of the one that they have in common.

    Args:
        node: whose diagnostics hear how long a key frame takes.
        config: when the detector runs.
        device: of a flow that is a network.

    Attributes:
        flow: between the images of a camera.
    """

    def __init__(self, node: StageNode, config: PropagationConfig, device: str) -> None:
        self._node, self._config = node, config
        self.flow = HeldFlow(lambda: make_flow(config, device))
        self._cameras: list[PropagatingDetector] = []
        self._thread: BackgroundDetector | None = None

    def camera(self, detector: Detector) -> PropagatingDetector:
        """For one more camera; all with the same detector."""
        timed = _Timed(detector, self._node)
        detections = None
        if self._config.background:
            self._thread = self._thread or BackgroundDetector(timed)
            detections = self._thread.camera()
        made = PropagatingDetector(timed, self._config, self.flow, detections=detections)
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

    def __init__(self, detector: Detector, node: StageNode) -> None:
        self._detector, self._node = detector, node

    def detect(self, frame: Frame) -> Instances:
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        started = time.perf_counter()
        found = list(detect_all(self._detector, frames, len(frames)))
        self._node.diagnostics.latency({BESIDE: 1e3 * (time.perf_counter() - started)})
        return found
