"""What is published of the object map: the map itself, what happens to it, and its markers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence

from rclpy.node import Node
from visualization_msgs.msg import MarkerArray

from reobj.association.associator import MapAssociator
from reobj.association.map.map_object import MapObject, ObjectState
from reobj.errors import UnknownObjectError
from reobj.types import Event, FrameResult
from reobj_msgs.msg import ObjectEvent, ObjectMap
from reobj_ros.input.stamp_join import LOOP_NS
from reobj_ros.messages.conversions import event_message, map_object_message
from reobj_ros.messages.markers import PERIOD_S, MarkerRounds
from reobj_ros.messages.stamps import header as make_header
from reobj_ros.node.publishers import LATCHED, is_heard
from reobj_ros.node.steady_timer import steady_timer
from reobj_ros.node.vitals import map_size

SHORTEST_NS = 500_000_000
"""Without events, the map goes out at most so often, on the clock of the images."""

PER_OBJECT_NS = 1_000_000
"""And at most so often for each object, events or not: it costs 0.05 ms, so that is 5 % of a core."""


class MapOutputs:
    """Publishes the map of an associator, whichever camera it was seen by.

    Args:
        node: that publishes.
        associator: whose map is published.
        map_frame: frame of the positions.

    Attributes:
        associator, map_frame: as given.
    """

    def __init__(self, node: Node, associator: MapAssociator, map_frame: str) -> None:
        self.associator, self.map_frame = associator, map_frame
        self._publishing = threading.Lock()  # frames and services come in different threads
        self._last: tuple[int, int] | None = None  # stamp and size of the map that went out last
        self._unsaid_ns: int | None = None  # stamp of the last frame, while the map that went out is older
        self._said_s = time.monotonic()
        self._views = 0
        self._events = node.create_publisher(ObjectEvent, "events", 100)
        self._map = node.create_publisher(ObjectMap, "object_map", LATCHED)
        self._markers = node.create_publisher(MarkerArray, "markers", LATCHED)
        self._rounds = MarkerRounds(self.describe, map_frame)
        # Markers live on RViz's clock and a map is also looked at while a bag is paused: not on /clock.
        steady_timer(node, PERIOD_S, self.refresh)

    def see(self, result: FrameResult) -> None:
        """Publishes what a frame did to the map, and the map where that is due."""
        with self._publishing:
            self._tell(result.events, result.frame_id)
            self._rounds.touch(item.object_id for item in result.objects if item.object_id)
            self._unsaid_ns = result.stamp_ns
            if self._is_due(result.stamp_ns, bool(result.events)):
                self._publish_map(result.stamp_ns)

    def publish_map(self, stamp_ns: int, events: Iterable[Event] = (), frame_id: str = "") -> None:
        """Publishes the whole map now, merged and deleted objects too, and before it what happened to it.

        Args:
            stamp_ns: of the last image.
            events: in the order of their ids.
            frame_id: of the last image.
        """
        with self._publishing:
            self._tell(events, frame_id)
            self._publish_map(stamp_ns)

    def refresh(self) -> None:
        """Publishes the next markers, if somebody looks, and the map where no frame came that did."""
        if is_heard(self._markers):
            with self.associator.lock:
                living = self.associator.object_map.object_ids()
            self._markers.publish(self._rounds.build(living))
        with self._publishing:
            if self._unsaid_ns is not None and self._waited():
                self._publish_map(self._unsaid_ns)

    def describe(self, object_ids: Sequence[int]) -> list[MapObject]:
        """Copies of those of these objects that live; others are left out."""
        found = []
        with self.associator.lock:
            for object_id in object_ids:
                try:
                    found.append(self.associator.object_map.get(object_id))
                except UnknownObjectError:  # the map was reset or replaced
                    continue
        return [item for item in found if item.state != ObjectState.RETIRED]

    def size(self) -> dict[str, float]:
        """Of the map and its file, for diagnostics."""
        return map_size(self.associator.keeper, self._views)

    def _tell(self, events: Iterable[Event], frame_id: str) -> None:
        for event in events:
            self._events.publish(event_message(event, frame_id))
            self._rounds.touch(event.object_ids)

    def _is_due(self, stamp_ns: int, changed: bool) -> bool:
        if self._last is None:
            return True
        last_ns, size = self._last
        wait_ns = size * PER_OBJECT_NS
        # Of several cameras one may be a little behind; a bag that began again is more than that.
        return not -LOOP_NS <= stamp_ns - last_ns < (wait_ns if changed else max(wait_ns, SHORTEST_NS))

    def _waited(self) -> bool:
        size = self._last[1] if self._last is not None else 0
        return (time.monotonic() - self._said_s) * 1e9 >= max(SHORTEST_NS, size * PER_OBJECT_NS)

    def _publish_map(self, stamp_ns: int) -> None:
        with self.associator.lock:
            object_map = self.associator.object_map
            objects, model = object_map.objects(retired=True), object_map.model
        self._last, self._unsaid_ns, self._said_s = (stamp_ns, len(objects)), None, time.monotonic()
        self._views = sum(item.views for item in objects if item.state != ObjectState.RETIRED)
        message = ObjectMap(header=make_header(stamp_ns, self.map_frame))
        message.objects = [map_object_message(item) for item in objects]
        if model is not None:
            message.model, message.model_hash = model.name, model.content_hash
        self._map.publish(message)
