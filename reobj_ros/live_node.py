"""live_node: all stages in one process. Images in; object ids, map and events out."""

from __future__ import annotations

from typing import Any

from reobj.association.desk.map_desk import MapDesk
from reobj.pipeline import Pipeline
from reobj.types import FrameResult
from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings
from reobj_ros.camera_outputs import CameraOutputs
from reobj_ros.conversions import embeddings_message, instance_messages, masks_message
from reobj_ros.frames import GEOMETRY, FrameMaker, geometry_companions, subscribe_geometry
from reobj_ros.loop_closures import LOOP_CLOSURES, LoopClosures
from reobj_ros.map_outputs import MapOutputs
from reobj_ros.map_services import MapServices
from reobj_ros.stage_node import StageNode
from reobj_ros.stages import DETECTOR, DEVICE, ENCODER, MAP, Stages
from reobj_ros.stamp_join import Joined
from reobj_ros.stamps import header as make_header
from reobj_ros.truth_input import COMPANION

PARAMETERS = (*DEVICE, *DETECTOR, *ENCODER, *GEOMETRY, *LOOP_CLOSURES, *MAP)


class LiveNode(StageNode):
    """The whole pipeline; no image crosses a topic between its stages."""

    def __init__(self) -> None:
        super().__init__("live_node", PARAMETERS)
        self._stages = Stages(self, "detector", "encoder", "association")

    def configure(self) -> None:
        """Loads networks and map."""
        stages = self._stages
        stages.choose_device()
        self._associator, encoder = stages.associator(), stages.encoder()
        self._pipeline = Pipeline(stages.detector(), encoder, self._associator)
        stages.open_map(self._associator, encoder.model)
        self._outputs = MapOutputs(self, self._associator, self.settings["map_frame"])
        self._camera = CameraOutputs(self, self._outputs, self.warn)
        self._desk = MapDesk(self._associator, encoder)
        self._masks = self.create_publisher(InstanceMasks, "instances", 10)
        self._embeddings = self.create_publisher(ObjectEmbeddings, "embeddings", 10)

    def activate(self) -> None:
        """Subscribes, and offers the services."""
        self._stages.wake()
        self._truth = self._stages.truth
        self._frames = FrameMaker(self, self.settings, self.warn)
        self._map = MapServices(self, self._desk, self._outputs)
        self._loops = LoopClosures(self, self._desk, self._outputs)
        companions = geometry_companions(self.settings)
        if self._truth is not None:
            companions[COMPANION] = self._truth.companion()
        device = str(self._stages.device)
        self.listen("image", companions, device, concern=self._map.concern, values=self._outputs.size)
        self.inputs.subscribe_image("image", "image", "compressed", self.settings["image_transport"])
        subscribe_geometry(self.inputs, self.settings)
        self._loops.subscribe(self.inputs)
        if self._truth is not None:
            self._truth.subscribe(self, self.inputs)

    def process(self, joined: Joined) -> None:
        frame = self._frames.with_colour(joined)
        if self._truth is not None:
            self._truth.feed(joined)
        result = self._pipeline.step(frame)
        self.diagnostics.latency(result.latency_ms)
        self._publish_stages(result)
        self._loops.see(result.stamp_ns)
        self._map.see(result, frame.colour)
        self._camera.publish(result, frame.pose, lambda: frame.colour)

    def deactivate(self) -> None:
        """Ends the tracks; the map stays."""
        super().deactivate()
        self._loops.stop()
        self._associator.reset_tracks()
        self._stages.sleep()

    def tune(self, values: dict[str, Any]) -> None:
        """New thresholds hold from the next frame on."""
        self._stages.tune(values)

    def cleanup(self) -> None:
        """Closes the map."""
        self._stages.close_map()

    def _publish_stages(self, result: FrameResult) -> None:
        """What the separate nodes would publish, for those who look."""
        header = make_header(result.stamp_ns, result.frame_id)
        if self._masks.get_subscription_count():
            self._masks.publish(masks_message(result.instances, header))
        if self._embeddings.get_subscription_count():
            messages = instance_messages(result.instances)
            self._embeddings.publish(embeddings_message(result.embeddings, messages, header))
