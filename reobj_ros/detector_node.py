"""detector_node: images in, instance masks out."""

from __future__ import annotations

import time

from reobj_msgs.msg import InstanceMasks
from reobj_ros.conversions import masks_message
from reobj_ros.frames import colour_frame
from reobj_ros.stage_node import StageNode
from reobj_ros.stages import DETECTOR, DEVICE, Stages
from reobj_ros.stamp_join import Joined
from reobj_ros.truth_input import COMPANION

PARAMETERS = (*DEVICE, *DETECTOR)


class DetectorNode(StageNode):
    """Finds the instances of each image and publishes their masks with the image's own header."""

    def __init__(self) -> None:
        super().__init__("detector_node", PARAMETERS)
        self._stages = Stages(self, "detector")

    def configure(self) -> None:
        """Loads the network."""
        self._stages.choose_device()
        self._detector = self._stages.detector()
        self._publisher = self.create_publisher(InstanceMasks, "instances", 10)

    def activate(self) -> None:
        """Subscribes."""
        self._stages.wake()
        self._truth = self._stages.truth
        companions = {} if self._truth is None else {COMPANION: self._truth.companion()}
        self.listen("image", companions, str(self._stages.device))
        self.inputs.subscribe_image("image", "image", "compressed", self.settings["image_transport"])
        if self._truth is not None:
            self._truth.subscribe(self, self.inputs)

    def deactivate(self) -> None:
        """Frees the GPU."""
        super().deactivate()
        self._stages.sleep()

    def process(self, joined: Joined) -> None:
        frame = colour_frame(joined)
        if self._truth is not None:
            self._truth.feed(joined)
        started = time.perf_counter()
        instances = self._detector.detect(frame)
        instances.check_size(frame.height, frame.width)
        self.diagnostics.latency({"detect": (time.perf_counter() - started) * 1e3})
        self._publisher.publish(masks_message(instances, joined.primary.header))
