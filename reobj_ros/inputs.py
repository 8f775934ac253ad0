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

from reobj_ros.image_chooser import ImageChooser, publishers_of
from reobj_ros.parameters import Parameter
from reobj_ros.stamp_join import ANY_STAMP_NS, Companion, Joined, StampJoin
from reobj_ros.stamps import to_ns
from reobj_ros.throttle import Throttle

RELIABILITY = {"best_effort": ReliabilityPolicy.BEST_EFFORT, "reliable": ReliabilityPolicy.RELIABLE}

INPUT_PARAMETERS = (
    Parameter(
        "sync_wait",
        0.2,
        "longest wait for depth, pose and masks of an image, s; raising it delays frames that lack one",
        0.0,
        60.0,
    ),
    Parameter(
        "sync_keep",
        150,
        "messages of each input that wait for the stage before; raising it takes memory, "
        "too few lose frames where that stage is slow",
        2,
        10_000,
    ),
    Parameter(
        "image_transport", "auto", "which form of images to take", choices=("auto", "raw", "compressed")
    ),
    Parameter(
        "reliability",
        "best_effort",
        "of the camera's topics; reliable loses nothing and hears only reliable publishers",
        choices=("best_effort", "reliable"),
    ),
)

SILENCE_S = 5.0
"""An input that says nothing for so long is warned about."""

MISSED = 10
"""So many frames in a row without an input that is published are warned about; fewer happen at the start."""


class Inputs:
    """Subscribes to the inputs of a node and emits joined messages.

    Every subscription has ``qos_overrides`` parameters. Topics are relative to the namespace.

    Args:
        node: that subscribes.
        primary: name of the input that makes a frame.
        companions: the other inputs, by name.
        emit: called in the executor's thread with each Joined; it must be quick.
        settings: the values of INPUT_PARAMETERS.
        keep: messages of an input that wait for the executor at most; what is more is lost.
    """

    def __init__(
        self,
        node: Node,
        primary: str,
        companions: dict[str, Companion],
        emit: Callable[[Joined], None],
        settings: Mapping[str, Any],
        keep: int = 5,
    ) -> None:
        self._node = node
        self._sensor_qos = QoSProfile(depth=keep, reliability=RELIABILITY[settings["reliability"]])
        self._stage_qos = QoSProfile(depth=2 * keep)
        self._primary = primary
        self._last_heard_s = time.monotonic()
        self._topics: dict[str, str] = {}
        self._choosers: dict[str, ImageChooser] = {}
        self._subscriptions: list[Subscription] = []
        self._may_warn = Throttle(30.0)
        self.join = StampJoin(companions, emit, settings["sync_wait"])
        for name, companion in companions.items():
            companion.expected = self._has_publisher(name)
            if companion.slop_ns < ANY_STAMP_NS:
                companion.keep = settings["sync_keep"]
        self._flush_timer = node.create_timer(0.02, lambda: self.join.flush(time.monotonic()))
        self._watch_timer = node.create_timer(SILENCE_S, self._watch)

    def subscribe(self, name: str, message_type: Any, topic: str, stage: bool = False) -> None:
        """Feeds ``topic`` in as the input ``name``; ``stage``: it comes from another node of ours."""
        qos = self._stage_qos if stage else self._sensor_qos
        self._subscriptions.append(self._feed(name, message_type, topic, qos))

    def hear(self, message_type: Any, topic: str, take: Callable[[bytes], None]) -> None:
        """Hands the messages of a topic that belongs to no frame over as they are, serialised."""
        self._subscriptions.append(self._listen(message_type, topic, take, self._sensor_qos, raw=True))

    def subscribe_image(self, name: str, topic: str, compressed_suffix: str, transport: str) -> None:
        """Feeds an image topic in, raw or compressed, as soon as somebody publishes it.

        Args:
            name: of the input.
            topic: of the raw image; ``topic + "/" + compressed_suffix`` carries the compressed one.
            compressed_suffix: ``compressed`` or ``compressedDepth``.
            transport: ``raw``, ``compressed``, or ``auto``: whichever is published, raw first.
        """
        topics = {"raw": (Image, topic), "compressed": (CompressedImage, f"{topic}/{compressed_suffix}")}
        forms = topics if transport == "auto" else {transport: topics[transport]}
        self._topics[name] = next(iter(forms.values()))[1]
        self._choosers[name] = ImageChooser(
            self._node, forms, lambda kind, form: self._feed(name, kind, form, self._sensor_qos)
        )

    def unsubscribe_image(self, name: str) -> None:
        """Ends an image input; nothing waits for it any more."""
        self._choosers.pop(name).destroy()
        del self._topics[name]
        self.join.companions[name].waiting.clear()

    def close(self) -> None:
        """Ends all inputs; nothing is emitted or warned about any more. For the executor's thread."""
        for timer in (self._flush_timer, self._watch_timer):
            self._node.destroy_timer(timer)
        for chooser in self._choosers.values():
            chooser.destroy()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def __contains__(self, name: str) -> bool:
        return name in self._topics

    def _feed(self, name: str, message_type: Any, topic: str, qos: QoSProfile) -> Subscription:
        self._topics[name] = topic
        return self._listen(message_type, topic, lambda message: self._take(name, message), qos)

    def _listen(
        self,
        message_type: Any,
        topic: str,
        take: Callable[[Any], None],
        qos: QoSProfile,
        raw: bool = False,
    ) -> Subscription:
        return self._node.create_subscription(
            message_type,
            topic,
            take,
            qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            raw=raw,
        )

    def _take(self, name: str, message: Any) -> None:
        now_s, stamp_ns = time.monotonic(), to_ns(message.header.stamp)
        if name != self._primary:
            self.join.add(name, stamp_ns, message, now_s)
            return
        self._last_heard_s = now_s
        self.join.add_primary(stamp_ns, message, now_s)

    def _has_publisher(self, name: str) -> Callable[[], bool]:
        return lambda: name in self._topics and publishers_of(self._node, self._topics[name]) > 0

    def _watch(self) -> None:
        """Warns of inputs that say nothing, or nothing that belongs to the frames."""
        if time.monotonic() - self._last_heard_s >= SILENCE_S:
            self._warn(self._primary, f"no message for {SILENCE_S:.0f} s")
            return
        for name, companion in self.join.companions.items():
            if companion.missed >= MISSED:
                lack = "frames are dropped" if companion.required else "frames go without it"
                slop = f"within {companion.slop_ns / 1e6:g} ms of" if companion.slop_ns else "of exactly"
                self._warn(name, f"{lack}, as nothing {slop} their stamps comes")

    def _warn(self, name: str, what: str) -> None:
        topic = self._node.resolve_topic_name(self._topics.get(name, name))
        publishers = publishers_of(self._node, topic)
        cure = "nobody publishes it: check its name and remap it"
        if publishers:
            qos = f"qos_overrides.{topic}.subscription"
            cure = f"{publishers} publish it: check that they run, their stamps and their QoS ({qos})"
        if self._may_warn(f"{topic}: {what}"):
            self._node.get_logger().warning(f"{topic}: {what}; {cure}")
