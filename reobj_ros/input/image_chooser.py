"""Raw or compressed: which form of an image is listened to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription

from reobj_ros.node.steady_timer import steady_timer

LOOK_S = 0.2
"""How often it looks who publishes, seconds."""


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
        self,
        node: Node,
        forms: Mapping[str, tuple[Any, str]],
        subscribe: Callable[[Any, str], Subscription],
    ) -> None:
        self._node = node
        self._forms = forms
        self._subscribe = subscribe
        self._chosen = ""
        self._subscription: Subscription | None = None
        self._timer = steady_timer(node, LOOK_S, self.look)

    def look(self) -> None:
        """Looks who publishes, and subscribes or changes over."""
        published = [form for form, (_, topic) in self._forms.items() if publishers_of(self._node, topic)]
        if not published or self._chosen in published:
            return
        self._unsubscribe()
        self._chosen = published[0]
        kind, topic = self._forms[self._chosen]
        self._subscription = self._subscribe(kind, topic)
        self._node.get_logger().info(f"listening to {self._node.resolve_topic_name(topic)}")

    def destroy(self) -> None:
        """Ends the subscription."""
        self._node.destroy_timer(self._timer)
        self._unsubscribe()

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None


def publishers_of(node: Node, topic: str) -> int:
    """How many publish a topic of this node, as it is remapped; ``count_publishers`` alone does not remap."""
    return node.count_publishers(node.resolve_topic_name(topic))
