"""The inputs of a node: subscriptions that feed a StampJoin."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from reobj_ros.stamp_join import Companion, Joined, StampJoin
from reobj_ros.stamps import to_ns

RELIABILITY = {"best_effort": ReliabilityPolicy.BEST_EFFORT, "reliable": ReliabilityPolicy.RELIABLE}
STAGE_QOS = QoSProfile(depth=10)

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
        settings: parameters ``sync_wait`` (longest wait for a companion, s) and ``reliability``.
    """

    def __init__(
        self,
        node: Node,
        primary: str,
        companions: dict[str, Companion],
        emit: Callable[[Joined], None],
        settings: Mapping[str, Any],
    ) -> None:
        self._node = node
        self._sensor_qos = QoSProfile(depth=5, reliability=RELIABILITY[settings["reliability"]])
        self._primary = primary
        self._last_heard_s = time.monotonic()
        self._topics: dict[str, str] = {}
        self.join = StampJoin(companions, emit, settings["sync_wait"])
        for companion_name, companion in companions.items():
            companion.expected = self._has_publisher(companion_name)
        self._timer = node.create_timer(0.02, lambda: self.join.flush(time.monotonic()))
        self._watch = node.create_timer(SILENCE_S, self._warn_of_silence)

    def subscribe(self, name: str, message_type: Any, topic: str, stage: bool = False) -> Subscription:
        """Feeds ``topic`` in as the input ``name``; ``stage`` says that it comes from another node of ours."""
        self._topics[name] = topic
        return self._node.create_subscription(
            message_type,
            topic,
            lambda message: self._take(name, message),
            STAGE_QOS if stage else self._sensor_qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def subscribe_image(self, name: str, topic: str, compressed_suffix: str, transport: str) -> ImageChooser:
        """Feeds an image topic in, raw or compressed. Gives what ends it.

        Args:
            name: of the input.
            topic: of the raw image; ``topic + "/" + compressed_suffix`` carries the compressed one.
            compressed_suffix: ``compressed`` or ``compressedDepth``.
            transport: ``raw``, ``compressed``, or ``auto``: whichever is published, raw first.
        """
        topics = {"raw": (Image, topic), "compressed": (CompressedImage, f"{topic}/{compressed_suffix}")}
        forms = topics if transport == "auto" else {transport: topics[transport]}
        self._topics[name] = next(iter(forms.values()))[1]
        return ImageChooser(self._node, forms, lambda *chosen: self.subscribe(name, *chosen))

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

    Args:
        node: that subscribes.
        forms: message type and topic of each form, the preferred one first.
        subscribe: makes the subscription of a form.
    """

    def __init__(
        self, node: Node, forms: dict[str, tuple[Any, str]], subscribe: Callable[[Any, str], Subscription]
    ) -> None:
        self._node = node
        self._forms = forms
        self._subscribe = subscribe
        self._chosen = ""
        self._subscription: Subscription | None = None
        self._timer = node.create_timer(0.2, self._look)

    def destroy(self) -> None:
        """Ends the subscription."""
        self._node.destroy_timer(self._timer)
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)

    def _look(self) -> None:
        published = [form for form, (_, topic) in self._forms.items() if self._node.count_publishers(topic)]
        if not published or self._chosen in published:
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._chosen = published[0]
        self._subscription = self._subscribe(*self._forms[self._chosen])
        topic = self._node.resolve_topic_name(self._forms[self._chosen][1])
        self._node.get_logger().info(f"listening to {topic}")
