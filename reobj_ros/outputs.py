"""What comes out of association: objects, events, the map, markers and the overlay."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from reobj.association.associator import MapAssociator
from reobj.association.map.map_object import ObjectState
from reobj.types import Event, FrameResult
from reobj.visual.overlay import draw_overlay
from reobj_msgs.msg import ObjectEvent, ObjectMap, TrackedObjects
from reobj_ros.conversions import (
    event_message,
    image_message,
    instance_messages,
    map_object_message,
    objects_message,
)
from reobj_ros.markers import MarkerPublisher
from reobj_ros.stamps import header as make_header

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

MAP_PERIOD_NS = 500_000_000
"""Without events, the map and the markers go out at most so often, on the clock of the images."""


class Outputs:
    """Publishes the results of association; what nobody subscribes to is not made.

    Args:
        node: that publishes.
        associator: whose map is published.
        map_frame: frame of the positions.
    """

    def __init__(self, node: Node, associator: MapAssociator, map_frame: str) -> None:
        self._associator = associator
        self._map_frame = map_frame
        self._markers_made = MarkerPublisher()
        self._publishing = threading.Lock()  # frames and services come in different threads
        self._map_at_ns: int | None = None
        self._objects = node.create_publisher(TrackedObjects, "objects", 10)
        self._events = node.create_publisher(ObjectEvent, "events", 100)
        self._map = node.create_publisher(ObjectMap, "object_map", LATCHED)
        self._markers = node.create_publisher(MarkerArray, "markers", LATCHED)
        self._overlay = node.create_publisher(Image, "overlay", 2)

    @property
    def overlay_wanted(self) -> bool:
        """Whether anybody looks at the overlay."""
        return self._overlay.get_subscription_count() > 0

    def publish(
        self, result: FrameResult, has_pose: bool, colour: Callable[[], NDArray[np.uint8]] | None
    ) -> None:
        """Publishes all of one frame.

        Args:
            result: of the pipeline.
            has_pose: whether positions are in the map frame.
            colour: gives the (H, W, 3) RGB image; called only when the overlay is looked at.
        """
        header = make_header(result.stamp_ns, result.frame_id)
        if colour is not None and self.overlay_wanted:
            drawn = draw_overlay(colour(), result.instances, result.objects)
            self._overlay.publish(image_message(drawn, "rgb8", header))
        last = self._map_at_ns
        if result.events or last is None or not 0 <= result.stamp_ns - last < MAP_PERIOD_NS:
            self.publish_map(result.stamp_ns, result.events, result.frame_id)
        map_frame = self._map_frame if has_pose else ""
        # Last, as a replay in lock-step takes this message as the end of the frame.
        self._objects.publish(objects_message(result, header, map_frame, instance_messages(result.instances)))

    def publish_map(self, stamp_ns: int, events: Iterable[Event] = (), frame_id: str = "") -> None:
        """Publishes the whole map now, merged and deleted objects too, and before it what happened to it.

        Args:
            stamp_ns: of the last image.
            events: in the order of their ids.
            frame_id: of the last image.
        """
        with self._publishing:
            self._map_at_ns = stamp_ns
            for event in events:
                self._events.publish(event_message(event, frame_id))
            with self._associator.lock:
                object_map = self._associator.object_map
                objects, model = object_map.objects(retired=True), object_map.model
            header: Header = make_header(stamp_ns, self._map_frame)
            message = ObjectMap(header=header, objects=[map_object_message(item) for item in objects])
            if model is not None:
                message.model, message.model_hash = model.name, model.content_hash
            self._map.publish(message)
            living = [item for item in objects if item.state != ObjectState.RETIRED]
            self._markers.publish(self._markers_made.build(living, header))
