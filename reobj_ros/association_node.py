"""association_node: embeddings, masks, depth and pose in; object ids, map and events out."""

from __future__ import annotations

import time
from typing import Any

from reobj.association.desk.map_desk import MapDesk
from reobj.types import Frame, FrameResult
from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings
from reobj_ros.camera_outputs import CameraOutputs
from reobj_ros.conversions import embeddings_from, instances_from
from reobj_ros.frames import GEOMETRY, FrameMaker, geometry_companions, subscribe_geometry
from reobj_ros.images import to_rgb
from reobj_ros.loop_closures import LOOP_CLOSURES, LoopClosures
from reobj_ros.map_outputs import MapOutputs
from reobj_ros.map_services import MapServices
from reobj_ros.stage_node import StageNode
from reobj_ros.stages import ENCODER, MAP, Stages
from reobj_ros.stamp_join import Companion, Joined

PARAMETERS = (*ENCODER, *GEOMETRY, *LOOP_CLOSURES, *MAP)


class AssociationNode(StageNode):
    """Says which object each instance is.

    Embeddings come last of all that belongs to an image, so they are the primary input.
    The image itself is subscribed to only while somebody looks at the overlay. Of the encoder's
    parameters it needs none but the model, to read what was measured of it.
    """

    def __init__(self) -> None:
        super().__init__("association_node", PARAMETERS)
        self._stages = Stages(self, "encoder", "association")

    def configure(self) -> None:
        """Opens the map."""
        self._associator = self._stages.associator()
        self._stages.open_map(self._associator)
        self._outputs = MapOutputs(self, self._associator, self.settings["map_frame"])
        self._camera = CameraOutputs(self, self._outputs, self.warn)
        self._desk = MapDesk(self._associator)

    def activate(self) -> None:
        """Subscribes, and offers the services."""
        self._frames = FrameMaker(self, self.settings, self.warn)
        self._map = MapServices(self, self._desk, self._outputs)
        self._loops = LoopClosures(self, self._desk, self._outputs)
        companions = {
            "instances": Companion(required=True),
            "image": Companion(),
            **geometry_companions(self.settings),
        }
        self.listen("embeddings", companions, concern=self._map.concern, values=self._outputs.size)
        self.inputs.subscribe("embeddings", ObjectEmbeddings, "embeddings", stage=True)
        self.inputs.subscribe("instances", InstanceMasks, "instances", stage=True)
        subscribe_geometry(self.inputs, self.settings)
        self._loops.subscribe(self.inputs)
        self.create_timer(0.5, self._follow_overlay)

    def process(self, joined: Joined) -> None:
        masks, header = joined.companions["instances"], joined.primary.header
        instances = instances_from(masks)
        height, width = instances.label_image.shape
        empty = Frame.without_colour(height, width, joined.stamp_ns, header.frame_id)
        frame = self._frames.with_geometry(empty, joined)
        embeddings = embeddings_from(joined.primary)
        started = time.perf_counter()
        found = self._associator.update(frame, instances, embeddings)
        latency = {"associate": (time.perf_counter() - started) * 1e3}
        self.diagnostics.latency(latency)
        result = FrameResult(
            joined.stamp_ns, header.frame_id, instances, embeddings, found.objects, found.events, latency
        )
        image = joined.companions.get("image")
        colour = None if image is None else to_rgb(image)
        self._loops.see(result.stamp_ns)
        self._map.see(result, colour)
        self._camera.publish(result, frame.pose, None if colour is None else lambda: colour)

    def deactivate(self) -> None:
        """Ends the tracks; the map stays."""
        super().deactivate()
        self._loops.stop()
        self._associator.reset_tracks()

    def tune(self, values: dict[str, Any]) -> None:
        """New thresholds hold from the next frame on."""
        self._stages.tune(values)

    def cleanup(self) -> None:
        """Closes the map."""
        self._stages.close_map()

    def _follow_overlay(self) -> None:
        wanted = self._camera.overlay_wanted
        if wanted and "image" not in self.inputs:
            self.inputs.subscribe_image("image", "image", "compressed", self.settings["image_transport"])
        elif not wanted and "image" in self.inputs:
            self.inputs.unsubscribe_image("image")
