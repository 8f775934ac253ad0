"""encoder_node: images and instance masks in, embeddings out."""

from __future__ import annotations

import time

from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings
from reobj_ros.conversions import embeddings_message, instances_from
from reobj_ros.frames import colour_frame
from reobj_ros.stage_node import StageNode
from reobj_ros.stages import DEVICE, ENCODER, Stages
from reobj_ros.stamp_join import Companion, Joined

PARAMETERS = (*DEVICE, *ENCODER)


class EncoderNode(StageNode):
    """Encodes each instance with its background.

    The masks come after the image that they were found in, so they are the primary input and
    the images wait for them.
    """

    def __init__(self) -> None:
        super().__init__("encoder_node", PARAMETERS)
        self._stages = Stages(self, "encoder")

    def configure(self) -> None:
        """Loads the network."""
        self._stages.choose_device()
        self._encoder = self._stages.encoder()
        self._publisher = self.create_publisher(ObjectEmbeddings, "embeddings", 10)

    def activate(self) -> None:
        """Subscribes."""
        self._stages.wake()
        self.listen("instances", {"image": Companion(required=True)}, str(self._stages.device))
        self.inputs.subscribe("instances", InstanceMasks, "instances", stage=True)
        self.inputs.subscribe_image("image", "image", "compressed", self.settings["image_transport"])

    def deactivate(self) -> None:
        """Frees the GPU."""
        super().deactivate()
        self._stages.sleep()

    def process(self, joined: Joined) -> None:
        masks = joined.primary
        image = Joined(joined.stamp_ns, joined.companions["image"], {})
        frame = colour_frame(image)
        started = time.perf_counter()
        embeddings = self._encoder.encode(frame, instances_from(masks))
        self.diagnostics.latency({"encode": (time.perf_counter() - started) * 1e3})
        self._publisher.publish(embeddings_message(embeddings, masks.instances, masks.header))
