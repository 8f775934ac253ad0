"""encoder_node: images and instance masks in, embeddings out."""

from __future__ import annotations

import time

from rclpy.publisher import Publisher

from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings
from reobj_ros.input.cameras import CAMERAS, camera_names, prefix_of
from reobj_ros.input.frames import colour_frame
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.messages.conversions import embeddings_message, instances_from
from reobj_ros.node.publishers import RESULTS
from reobj_ros.stages.stage_node import StageNode
from reobj_ros.stages.stages import DEVICE, ENCODER, Stages

PARAMETERS = (*CAMERAS, *DEVICE, *ENCODER)


class EncoderNode(StageNode):
    """Encodes each instance with its background.

    The masks come after the image that they were found in, so they are the primary input and
    the images wait for them.
    """

    def __init__(self) -> None:
        super().__init__("encoder_node", PARAMETERS)
        self._stages = Stages(self, "encoder")

    def configure(self) -> None:
        """Loads the network, one for all cameras."""
        names = camera_names(self.settings)
        self._stages.choose_device()
        self._encoder = self._stages.encoder()
        self._embeddings = {
            name: self.create_publisher(ObjectEmbeddings, f"{prefix_of(name)}embeddings", RESULTS)
            for name in names
        }

    def activate(self) -> None:
        """Subscribes."""
        self._stages.wake()
        self.at_end(self._stages.sleep)
        self.begin(str(self._stages.device))
        for name, publisher in self._embeddings.items():
            self._listen(name, publisher)

    def _listen(self, name: str, publisher: Publisher) -> None:
        companions, prefix = {"image": Companion(required=True)}, prefix_of(name)
        inputs = self.listen("instances", companions, lambda joined: self._encode(joined, publisher), name)
        inputs.subscribe("instances", InstanceMasks, f"{prefix}instances", stage=True)
        inputs.subscribe_image("image", f"{prefix}image", "compressed", self.settings["image_transport"])

    def _encode(self, joined: Joined, publisher: Publisher) -> None:
        masks = joined.primary
        frame = colour_frame(Joined(joined.stamp_ns, joined.companions["image"], {}))
        started = time.perf_counter()
        embeddings = self._encoder.encode(frame, instances_from(masks))
        self.diagnostics.latency({"encode": (time.perf_counter() - started) * 1e3})
        publisher.publish(embeddings_message(embeddings, masks.instances, masks.header))
