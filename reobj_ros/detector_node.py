"""detector_node: images in, instance masks out."""

from __future__ import annotations

import time

from rclpy.publisher import Publisher

from reobj_msgs.msg import InstanceMasks
from reobj_ros.cameras import CAMERAS, camera_names, prefix_of
from reobj_ros.conversions import masks_message
from reobj_ros.frames import colour_frame
from reobj_ros.publishers import RESULTS
from reobj_ros.stage_node import StageNode
from reobj_ros.stages import DETECTOR, DEVICE, Stages
from reobj_ros.stamp_join import Joined
from reobj_ros.truth_input import COMPANION, TruthInput

PARAMETERS = (*CAMERAS, *DEVICE, *DETECTOR)


class DetectorNode(StageNode):
    """Finds the instances of each image and publishes their masks with the image's own header."""

    def __init__(self) -> None:
        super().__init__("detector_node", PARAMETERS)
        self._stages = Stages(self, "detector")

    def configure(self) -> None:
        """Loads the network, one for all cameras."""
        names = camera_names(self.settings)
        self._stages.choose_device()
        self._detector = self._stages.detector()
        self._masks = {
            name: self.create_publisher(InstanceMasks, f"{prefix_of(name)}instances", RESULTS)
            for name in names
        }

    def activate(self) -> None:
        """Subscribes."""
        self._stages.wake()
        self.at_end(self._stages.sleep)
        self.begin(str(self._stages.device))
        for name, publisher in self._masks.items():
            self._listen(name, publisher, self._stages.truth())

    def _listen(self, name: str, publisher: Publisher, truth: TruthInput | None) -> None:
        companions = {} if truth is None else {COMPANION: truth.companion()}
        inputs = self.listen("image", companions, lambda joined: self._detect(joined, publisher, truth), name)
        topic, transport = f"{prefix_of(name)}image", self.settings["image_transport"]
        inputs.subscribe_image("image", topic, "compressed", transport)
        if truth is not None:
            truth.subscribe(self, inputs, prefix_of(name))

    def _detect(self, joined: Joined, publisher: Publisher, truth: TruthInput | None) -> None:
        frame = colour_frame(joined)
        if truth is not None:
            truth.feed(joined)
        started = time.perf_counter()
        instances = self._detector.detect(frame)
        instances.check_size(frame.height, frame.width)
        self.diagnostics.latency({"detect": (time.perf_counter() - started) * 1e3})
        publisher.publish(masks_message(instances, joined.primary.header))
