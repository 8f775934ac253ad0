"""The inputs of a node: subscriptions that feed a StampJoin."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image

from reobj_ros.stamp_join import Companion, Joined, StampJoin
from reobj_ros.stamps import to_ns

SILENCE_S = 5.0
"""An expected input that says nothing for so long is warned about."""


class Inputs:
    """Subscribes to the inputs of a node and emits joined messages.

    Every subscription has ``qos_overrides`` parameters. Topics are relative to the namespace.

    Args:
        node: that subscribes.
        primary: name of the input that makes a frame.
        companions: the other inputs, by name.
        emit: called in the executor's thread with each Joined; it must be quick.
        wait_s: longest wait for a companion.
    """

    def __init__(
        self,
        node: Node,
        primary: str,
        companions: dict[str, Companion],
        emit: Callable[[Joined], None],
        wait_s: float,
    ) -> None:
        self._node = node
        self._primary = primary
        self._last_heard_s = time.monotonic()
        self._topics: dict[str, str] = {}
        self.join = StampJoin(companions, emit, wait_s)
        for companion_name, companion in companions.items():
            companion.expected = self._has_publisher(companion_name)
        self._timer = node.create_timer(0.02, lambda: self.join.flush(time.monotonic()))
        self._watch = node.create_timer(SILENCE_S, self._warn_of_silence)

    def subscribe(self, name: str, message_type: Any, topic: str, qos: QoSProfile = qos_profile_sensor_data) -> Any:
        """Feeds ``topic`` in as the input ``name``. Gives the subscription."""
        self._topics[name] = topic
        return self._node.create_subscription(
            message_type,
            topic,
            lambda message: self._take(name, message),
            qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def subscribe_image(self, name: str, topic: str, compressed_suffix: str, transport: str) -> None:
        """Feeds an image topic in, raw or compressed.

        Args:
            name: of the input.
            topic: of the raw image; ``topic + "/" + compressed_suffix`` carries the compressed one.
            compressed_suffix: ``compressed`` or ``compressedDepth``.
            transport: ``raw``, ``compressed``, or ``auto``: whichever is published, raw first.
        """
        topics = {"raw": (Image, topic), "compressed": (CompressedImage, f"{topic}/{compressed_suffix}")}
        self._topics[name] = topic
        if transport != "auto":
            self.subscribe(name, *topics[transport])
            return
        ImageChooser(self._node, topics, lambda *chosen: self.subscribe(name, *chosen))

    def _take(self, name: str, message: Any) -> None:
        now_s = time.monotonic()
        if name != self._primary:
            self.join.add(name, to_ns(message.header.stamp), message, now_s)
            return
        self._last_heard_s = now_s
        self.join.add_primary(to_ns(message.header.stamp), message, now_s)

    def _has_publisher(self, name: str) -> Callable[[], bool]:
        return lambda: name in self._topics and self._node.count_publishers(self._topics[name]) > 0

    def _warn_of_silence(self) -> None:
        if time.monotonic() - self._last_heard_s < SILENCE_S:
            return
        topic = self._topics.get(self._primary, self._primary)
        resolved = self._node.resolve_topic_name(topic)
        publishers = self._node.count_publishers(topic)
        cure = (
            "nobody publishes it: check the name and remap it"
            if publishers == 0
            else f"{publishers} publish it: check that they run and that QoS fits (qos_overrides.{resolved}.subscription)"
        )
        self._node.get_logger().warning(
            f"no message on {resolved} for {SILENCE_S:.0f} s; {cure}", throttle_duration_sec=30.0
        )


class ImageChooser:
    """Subscribes to the raw or the compressed form of an image, whichever is published.

    It never subscribes to both: a camera driver would compress for nobody. When the chosen one
    loses its publisher and the other has one, it changes over.
    """

    def __init__(self, node: Node, topics: dict[str, tuple[Any, str]], subscribe: Callable[..., Any]) -> None:
        self._node = node
        self._topics = topics
        self._subscribe = subscribe
        self._chosen = ""
        self._subscription: Any = None
        self._timer = node.create_timer(0.2, self._look)

    def _look(self) -> None:
        published = [form for form, (_, topic) in self._topics.items() if self._node.count_publishers(topic)]
        if not published or self._chosen in published:
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._chosen = published[0]
        self._subscription = self._subscribe(*self._topics[self._chosen])
        topic = self._node.resolve_topic_name(self._topics[self._chosen][1])
        self._node.get_logger().info(f"listening to {topic}")
