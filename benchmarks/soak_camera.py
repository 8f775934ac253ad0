"""The camera of soak.py: shows frames to the nodes and hears what they say."""

from __future__ import annotations

import time
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from reobj.scans.bag_faults import Step
from reobj.scans.bag_raw import RawMessage
from reobj_msgs.msg import ObjectMap, TrackedObjects
from reobj_ros.messages.interfaces import message_class
from reobj_ros.messages.stamps import to_ns, to_time
from reobj_ros.node.spin import make_executor

IMAGE, TRUTH = "/image/compressed", "/ground_truth/instances/compressed"
LATCHED = "/ground_truth/label_names"
SHOWN = (IMAGE, TRUTH, "/camera_info", "/depth/compressedDepth", "/pose")


class Camera:
    """Shows frames to the nodes, hears what they answer, and keeps what they say of themselves."""

    def __init__(self, messages: list[RawMessage]) -> None:
        rclpy.init()
        self._node = rclpy.create_node("camera")
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._publishers = {}
        for message in messages:
            kind: Any = message_class(message.msgtype)
            qos = latched if message.topic == LATCHED else QoSProfile(depth=50)
            self._publishers[message.topic] = self._node.create_publisher(kind, message.topic, qos)
        self._clock = self._node.create_publisher(Clock, "/clock", 10)
        self.objects, self.reported = 0, dict[str, dict[str, str]]()
        self._heard: set[int] = set()
        hear = self._node.create_subscription
        hear(TrackedObjects, "/objects", lambda m: self._heard.add(to_ns(m.header.stamp)), 50)
        hear(ObjectMap, "/object_map", self._see_map, latched)
        hear(DiagnosticArray, "/diagnostics", self._see_diagnostics, 50)
        self._executor = make_executor()
        self._executor.add_node(self._node)

    def wait_for_nodes(self, images: int) -> None:
        """Until all that is shown is listened to, the images by so many nodes, and objects are answered."""
        wanted = {topic: images if topic == IMAGE else 1 for topic in SHOWN}
        while not self._node.count_publishers("/objects") or any(
            self._publishers[topic].get_subscription_count() < count for topic, count in wanted.items()
        ):
            self._executor.spin_once(timeout_sec=0.1)
        self.spin(2.0)

    def spin(self, seconds: float) -> None:
        """Hears, and says nothing."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.05)

    def publish(self, message: RawMessage) -> None:
        """One message, as it is."""
        self._publishers[message.topic].publish(message.cdr)

    def show(self, step: Step, stamps: list[int], timeout_s: float = 10.0) -> bool:
        """Publishes a step and waits for the objects of these stamps. Whether they came."""
        self._heard.clear()
        if step.messages:
            self._clock.publish(Clock(clock=to_time(step.messages[-1].stamp_ns)))
        for message in step.messages:
            self.publish(message)
        end = time.monotonic() + timeout_s
        while not self._heard.issuperset(stamps):
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.1)
        return True

    def _see_map(self, message: Any) -> None:
        self.objects = sum(item.state != item.RETIRED for item in message.objects)

    def _see_diagnostics(self, message: Any) -> None:
        for status in message.status:
            self.reported[status.name] = {pair.key: pair.value for pair in status.values}
