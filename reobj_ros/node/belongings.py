"""What a node makes from a moment on, so that it can be given back together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher


class Belongings:
    """The publishers, subscriptions, services, clients and timers of a node that are not there yet.

    A lifecycle node makes some of them when it is configured and others when it is activated, in many
    places; what the opposite transition has to destroy is found by comparison, so that none is forgotten.

    Args:
        node: whose entities are watched from now on.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._before = {id(entity) for _, entity in _entities(node)}
        self._ends: list[Callable[[], object]] = []

    def end_with(self, end: Callable[[], object]) -> None:
        """Has something ended, too: called by ``destroy``, the last one first."""
        self._ends.append(end)

    def destroy(self, failed: Callable[[Exception], None]) -> None:
        """Destroys what was made since. For the executor's thread.

        Args:
            failed: told of an error in one of the ends, which must not keep the rest from ending.
        """
        while self._ends:
            try:
                self._ends.pop()()
            except Exception as error:
                failed(error)
        for kind, entity in _entities(self._node):
            if id(entity) in self._before:
                continue
            if isinstance(entity, LifecyclePublisher):
                self._node.destroy_lifecycle_publisher(entity)
            else:
                getattr(self._node, f"destroy_{kind}")(entity)


def _entities(node: LifecycleNode) -> list[tuple[str, Any]]:
    """Timers and subscriptions first: nothing calls any more while the rest goes."""
    groups = {
        "timer": node.timers,
        "subscription": node.subscriptions,
        "service": node.services,
        "client": node.clients,
        "publisher": node.publishers,
    }
    return [(kind, entity) for kind, found in groups.items() for entity in list(found)]
