"""What a lifecycle manager does: asks nodes for their states, and has them change."""

from __future__ import annotations

import time
from typing import Any

import rclpy
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor

TIMEOUT_S = 120.0
"""Longest wait for a node; one that loads a network does not answer meanwhile."""


class Manager:
    """Talks to nodes by the services of the life cycle. Close it in the end."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("manager", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def state(self, name: str) -> str:
        """Label of a node's state, such as ``active``; empty when it does not answer."""
        answer = self._call(GetState, f"{name}/get_state", GetState.Request(), 10.0)
        return str(answer.current_state.label) if answer else ""

    def reaches(self, name: str, state: str) -> bool:
        """Whether the node is in the state in time."""
        deadline = time.monotonic() + TIMEOUT_S
        while (found := self.state(name)) != state and time.monotonic() < deadline:
            time.sleep(0.1)
        return found == state

    def change(self, name: str, transition: int) -> bool:
        """Whether the node could take the transition."""
        request = ChangeState.Request()
        request.transition.id = transition
        answer = self._call(ChangeState, f"{name}/change_state", request, TIMEOUT_S)
        return bool(answer and answer.success)

    def close(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def _call(self, kind: Any, name: str, request: Any, timeout_s: float) -> Any | None:
        client = self.node.create_client(kind, name)
        try:
            assert client.wait_for_service(timeout_sec=TIMEOUT_S), f"nobody offers {name}"
            future = client.call_async(request)
            self.executor.spin_until_future_complete(future, timeout_sec=timeout_s)
            return future.result() if future.done() else None
        finally:
            self.node.destroy_client(client)
