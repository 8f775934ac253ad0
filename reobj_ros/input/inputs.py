"""The inputs of a node: subscriptions that feed a StampJoin."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from reobj_ros.input.image_chooser import ImageChooser, publishers_of
from reobj_ros.input.input_watch import SILENCE_S, SLOPS, InputWatch
from reobj_ros.input.stamp_join import ANY_STAMP_NS, Companion, Interpolated, Joined, StampJoin
from reobj_ros.messages.stamps import to_ns
from reobj_ros.node.distribution import SubscriptionEventCallbacks
from reobj_ros.node.parameters import Parameter
from reobj_ros.node.steady_timer import steady_timer
from reobj_ros.node.throttle import Throttle

RELIABILITY = {"best_effort": ReliabilityPolicy.BEST_EFFORT, "reliable": ReliabilityPolicy.RELIABLE}

INPUT_PARAMETERS = (
    Parameter(
        "sync_wait",
        0.2,
        "longest wait for depth, pose and masks of an image, s; raising it delays frames that lack one",
        0.0,
        60.0,
        live=True,
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

_POSES = 20
"""A pose is so much smaller than an image that so many times as many wait."""


class Inputs:
    """Subscribes to the inputs of a node and emits joined messages.

    Every subscription has ``qos_overrides`` parameters. Topics are relative to the namespace.

    Args:
        node: that subscribes.
        primary: name of the input that makes a frame.
        companions: the other inputs, by name.
        emit: called in the executor's thread with each Joined; it must be quick.
        settings: the values of INPUT_PARAMETERS, and the slops where there are; ``sync_wait`` and the slops
            are followed as they change.
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
        self._node, self._settings = node, settings
        self._sensor_qos = QoSProfile(depth=keep, reliability=RELIABILITY[settings["reliability"]])
        self._stage_qos = QoSProfile(depth=2 * keep)
        self._primary = primary
        self._choosers: dict[str, ImageChooser] = {}
        self._subscriptions: list[Subscription] = []
        self._may_warn = Throttle(30.0)
        self.join = StampJoin(companions, emit, settings["sync_wait"], settings["sync_keep"])
        self._watched = InputWatch(node, primary, companions, settings)
        self._topics = self._watched.topics
        for name, companion in companions.items():
            companion.expected = self._has_publisher(name)
            if companion.slop_ns < ANY_STAMP_NS:
                companion.keep = settings["sync_keep"] * (
                    _POSES if isinstance(companion, Interpolated) else 1
                )
        self._flush_timer = steady_timer(node, 0.02, self._flush)
        self._watch_timer = steady_timer(node, SILENCE_S, self._watch)

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

    @property
    def primary_topic(self) -> str:
        """The topic of the input that makes a frame, by its full name."""
        return self._node.resolve_topic_name(self._topics.get(self._primary, self._primary))

    def rates(self) -> dict[str, float]:
        """Messages per second of each topic that is listened to, over the last seconds."""
        return self._watched.rates()

    def concerns(self) -> list[str]:
        """What is wrong with the inputs now, a sentence each: the topic, what it is, and the cure."""
        return self._watched.concerns()

    def __contains__(self, name: str) -> bool:
        return name in self._topics

    def _feed(self, name: str, message_type: Any, topic: str, qos: QoSProfile) -> Subscription:
        self._topics[name] = topic
        return self._listen(message_type, topic, lambda message: self._take(name, message), qos, name)

    def _listen(
        self,
        message_type: Any,
        topic: str,
        take: Callable[[Any], None],
        qos: QoSProfile,
        name: str = "",
        raw: bool = False,
    ) -> Subscription:
        def refuse(event: Any) -> None:
            self._watched.refused[name] = qos_policy_name_from_kind(event.last_policy_kind).lower()

        return self._node.create_subscription(
            message_type,
            topic,
            take,
            qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            # Else rclpy says in a line of its own that there is something, and not what to do.
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=refuse) if name else None,
            raw=raw,
        )

    def _take(self, name: str, message: Any) -> None:
        now_s, stamp_ns = time.monotonic(), to_ns(message.header.stamp)
        self._watched.heard(name, stamp_ns, now_s)
        if name != self._primary:
            self.join.add(name, stamp_ns, message, now_s)
            return
        self.join.add_primary(stamp_ns, message, now_s)

    def _has_publisher(self, name: str) -> Callable[[], bool]:
        return lambda: name in self._topics and publishers_of(self._node, self._topics[name]) > 0

    def _flush(self) -> None:
        self.join.wait_s = self._settings["sync_wait"]
        for name, parameter in SLOPS.items():
            if name in self.join.companions and parameter in self._settings:
                self.join.companions[name].slop_ns = int(self._settings[parameter] * 1e9)
        self.join.flush(time.monotonic())

    def _watch(self) -> None:
        """Warns of what is wrong, each thing once in a while."""
        for concern in self.concerns():
            if self._may_warn(concern):
                self._node.get_logger().warning(concern)
