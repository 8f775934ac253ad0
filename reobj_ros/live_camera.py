"""One camera of live_node: its images through the whole pipeline."""

from __future__ import annotations

from reobj.pipeline import Pipeline
from reobj.types import FrameResult
from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings
from reobj_ros.input.cameras import prefix_of
from reobj_ros.input.detector_input import DetectorInput
from reobj_ros.input.frames import FrameMaker, geometry_companions, subscribe_geometry
from reobj_ros.input.stamp_join import Joined
from reobj_ros.map.camera_outputs import CameraOutputs
from reobj_ros.map.loop_closures import LoopClosures
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.map.map_services import MapServices
from reobj_ros.messages.conversions import embeddings_message, instance_messages, masks_message
from reobj_ros.messages.stamps import header as make_header
from reobj_ros.node.publishers import RESULTS
from reobj_ros.stages.stage_node import StageNode


class LiveCamera:
    """Takes the images of one camera, and publishes what they show. Made when the node is configured.

    Args:
        node: that listens and publishes.
        name: of the camera; empty where there is one without.
        pipeline: with the associator of this camera; cameras may have the other stages in common.
        outputs: of the map.

    Attributes:
        pipeline: as given.
    """

    def __init__(self, node: StageNode, name: str, pipeline: Pipeline, outputs: MapOutputs) -> None:
        self._node, self._name, self.pipeline = node, name, pipeline
        prefix = prefix_of(name)
        self._outputs = CameraOutputs(node, outputs, node.warn, prefix)
        self._masks = node.create_publisher(InstanceMasks, f"{prefix}instances", RESULTS)
        self._embeddings = node.create_publisher(ObjectEmbeddings, f"{prefix}embeddings", RESULTS)

    def listen(
        self, services: MapServices, loops: LoopClosures, frames: FrameMaker, given: DetectorInput | None
    ) -> None:
        """Subscribes, when the node is activated.

        Args:
            services, loops: take note of the frames.
            frames: of this camera.
            given: feeds the detector; None where that looks at images.
        """
        self._services, self._loops, self._frames, self._given = services, loops, frames, given
        node, settings = self._node, self._node.settings
        companions = geometry_companions(settings)
        if given is not None:
            companions |= given.companions()
        inputs, prefix = node.listen("image", companions, self._process, self._name), prefix_of(self._name)
        inputs.subscribe_image("image", f"{prefix}image", "compressed", settings["image_transport"])
        subscribe_geometry(inputs, settings, prefix)
        if given is not None:
            given.subscribe(node, inputs, prefix)

    def _process(self, joined: Joined) -> None:
        frame = self._frames.with_colour(joined)
        if self._given is not None:
            self._given.feed(joined)
        result = self.pipeline.step(frame)
        self._node.diagnostics.latency(result.latency_ms)
        self._publish_stages(result)
        self._loops.see(result.stamp_ns, result.frame_id, self._name)
        self._services.see(result, frame.colour, self._name)
        self._outputs.publish(result, frame.pose, lambda: frame.colour)

    def _publish_stages(self, result: FrameResult) -> None:
        """What the separate nodes would publish, for those who look."""
        header = make_header(result.stamp_ns, result.frame_id)
        if self._masks.get_subscription_count():
            self._masks.publish(masks_message(result.instances, header))
        if self._embeddings.get_subscription_count():
            messages = instance_messages(result.instances)
            self._embeddings.publish(embeddings_message(result.embeddings, messages, header))
