"""One camera of association_node: its embeddings and masks become identities."""

from __future__ import annotations

import time

from reobj.association.camera_associator import CameraAssociator
from reobj.types import Frame, FrameResult
from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings
from reobj_ros.input.cameras import prefix_of
from reobj_ros.input.frames import FrameMaker, geometry_companions, subscribe_geometry
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.map.camera_outputs import CameraOutputs
from reobj_ros.map.loop_closures import LoopClosures
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.map.map_services import MapServices
from reobj_ros.messages.conversions import embeddings_from, instances_from
from reobj_ros.messages.images import to_rgb
from reobj_ros.stages.stage_node import StageNode


class AssociationCamera:
    """Takes what was found in the images of one camera. Made when the node is configured.

    Embeddings come last of all that belongs to an image, so they are the primary input.
    The image itself is subscribed to only while somebody looks at the overlay.

    Args:
        node: that listens and publishes.
        associator: of this camera.
        outputs: of the map.
    """

    def __init__(self, node: StageNode, associator: CameraAssociator, outputs: MapOutputs) -> None:
        self._node, self._associator, self._name = node, associator, associator.name
        self._prefix = prefix_of(self._name)
        self._outputs = CameraOutputs(node, outputs, node.warn, self._prefix)

    def listen(self, services: MapServices, loops: LoopClosures, frames: FrameMaker) -> None:
        """Subscribes, when the node is activated.

        Args:
            services, loops: take note of the frames.
            frames: of this camera.
        """
        self._services, self._loops, self._frames = services, loops, frames
        settings = self._node.settings
        companions = {
            "instances": Companion(required=True),
            "image": Companion(),
            **geometry_companions(settings),
        }
        self._inputs = self._node.listen("embeddings", companions, self._process, self._name)
        self._inputs.subscribe("embeddings", ObjectEmbeddings, f"{self._prefix}embeddings", stage=True)
        self._inputs.subscribe("instances", InstanceMasks, f"{self._prefix}instances", stage=True)
        subscribe_geometry(self._inputs, settings, self._prefix)

    def follow_overlay(self) -> None:
        """Subscribes to the image when somebody looks at the overlay, and ends that again."""
        wanted = self._outputs.overlay_wanted
        if wanted and "image" not in self._inputs:
            transport = self._node.settings["image_transport"]
            self._inputs.subscribe_image("image", f"{self._prefix}image", "compressed", transport)
        elif not wanted and "image" in self._inputs:
            self._inputs.unsubscribe_image("image")

    def _process(self, joined: Joined) -> None:
        masks, header = joined.companions["instances"], joined.primary.header
        instances = instances_from(masks)
        height, width = instances.label_image.shape
        empty = Frame.without_colour(height, width, joined.stamp_ns, header.frame_id)
        frame = self._frames.with_geometry(empty, joined)
        embeddings = embeddings_from(joined.primary)
        started = time.perf_counter()
        found = self._associator.update(frame, instances, embeddings)
        latency = {"associate": (time.perf_counter() - started) * 1e3}
        self._node.diagnostics.latency(latency)
        result = FrameResult(
            joined.stamp_ns, header.frame_id, instances, embeddings, found.objects, found.events, latency
        )
        image = joined.companions.get("image")
        colour = None if image is None else to_rgb(image)
        self._loops.see(result.stamp_ns, result.frame_id, self._name)
        self._services.see(result, colour, self._name)
        self._outputs.publish(result, frame.pose, None if colour is None else lambda: colour)
