"""What is published of the frames of one camera: identities, detections, landmarks and the overlay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from reobj.association.map.map_object import MapObject
from reobj.types import FrameResult
from reobj.visual.overlay import draw_overlay
from reobj_msgs.msg import TrackedObjects
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.messages.conversions import image_message, instance_messages, jpeg_message, objects_message
from reobj_ros.messages.detections import detections_2d, detections_3d
from reobj_ros.messages.interfaces import message_module
from reobj_ros.messages.landmarks import landmark_detections
from reobj_ros.messages.stamps import header as make_header
from reobj_ros.node.publishers import RESULTS, is_heard, publisher_if

Pose = NDArray[np.float64]
ColourOf = Callable[[], NDArray[np.uint8]]


class CameraOutputs:
    """Publishes the results of one camera; but for ``objects``, what nobody subscribes to is not made.

    The detections are there where ``vision_msgs`` is installed, the landmarks with ``rtabmap_msgs``.

    Args:
        node: that publishes.
        map_outputs: of the map that the camera's objects are in.
        warn: takes one line when something cannot be told.
        prefix: before the names of the topics, as "front/".
    """

    def __init__(
        self, node: Node, map_outputs: MapOutputs, warn: Callable[[str], None], prefix: str = ""
    ) -> None:
        self._of_map, self._warn = map_outputs, warn
        self._objects = node.create_publisher(TrackedObjects, f"{prefix}objects", RESULTS)
        self._overlay = node.create_publisher(Image, f"{prefix}overlay", 2)
        self._jpeg = node.create_publisher(CompressedImage, f"{prefix}overlay/compressed", 2)
        self._vision = vision = message_module("vision_msgs")
        self._in_image = publisher_if(node, vision, "Detection2DArray", f"{prefix}detections")
        self._in_map = publisher_if(node, vision, "Detection3DArray", f"{prefix}detections_3d")
        self._rtabmap = rtabmap = message_module("rtabmap_msgs")
        topic = f"{prefix}landmark_detections"
        self._landmarks = publisher_if(node, rtabmap, "LandmarkDetections", topic)

    @property
    def overlay_wanted(self) -> bool:
        """Whether anybody looks at the overlay, raw or compressed."""
        return is_heard(self._overlay) or is_heard(self._jpeg)

    def publish(self, result: FrameResult, pose: Pose | None, colour: ColourOf | None) -> None:
        """Publishes all of one frame.

        Args:
            result: of the pipeline.
            pose: (4, 4) camera to map; None where positions are not known.
            colour: gives the (H, W, 3) RGB image; called only when the overlay is looked at.
        """
        header = make_header(result.stamp_ns, result.frame_id)
        if colour is not None and self.overlay_wanted:
            self._publish_overlay(draw_overlay(colour(), result.instances, result.objects), header)
        self._publish_detections(result, pose, header)
        self._of_map.see(result)
        map_frame = self._of_map.map_frame if pose is not None else ""
        # Last, as a replay in lock-step takes this message as the end of the frame.
        self._objects.publish(objects_message(result, header, map_frame, instance_messages(result.instances)))

    def _publish_overlay(self, drawn: NDArray[np.uint8], header: Header) -> None:
        if is_heard(self._overlay):
            self._overlay.publish(image_message(drawn, "rgb8", header))
        if is_heard(self._jpeg):
            self._jpeg.publish(jpeg_message(drawn, header))

    def _publish_detections(self, result: FrameResult, pose: Pose | None, header: Header) -> None:
        if self._in_image is not None and is_heard(self._in_image):
            self._in_image.publish(detections_2d(self._vision, result, header))
        if self._in_map is not None and is_heard(self._in_map):
            placed = make_header(result.stamp_ns, self._of_map.map_frame)
            self._in_map.publish(detections_3d(self._vision, result, self._known(result), placed))
        if self._landmarks is not None and is_heard(self._landmarks) and pose is not None:
            self._landmarks.publish(
                landmark_detections(self._rtabmap, result, self._known(result), pose, header, self._warn)
            )

    def _known(self, result: FrameResult) -> dict[int, MapObject]:
        """The objects in view as the map has them now."""
        ids = [item.object_id for item in result.objects if item.object_id]
        return {item.object_id: item for item in self._of_map.describe(ids)}
