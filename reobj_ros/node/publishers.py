"""What the outputs have in common: optional publishers, and whether somebody listens."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

RESULTS = 50
"""Results that wait for a subscriber that is behind, as a recorder: those of a second or two."""


def publisher_if(node: Node, package: Any | None, name: str, topic: str) -> Publisher | None:
    """A publisher of an optional package's message; None where it is not installed, or lacks it.

    Args:
        node: that publishes.
        package: its module of message classes.
        name: of the class.
        topic: where it goes.
    """
    kind = getattr(package, name, None)
    return None if kind is None else node.create_publisher(kind, topic, 10)


def is_heard(publisher: Publisher | None) -> bool:
    """Whether there is such a publisher, it may publish now, and somebody subscribes to it."""
    if publisher is None or not getattr(publisher, "is_activated", True):  # of a node that is inactive
        return False
    return publisher.get_subscription_count() > 0
