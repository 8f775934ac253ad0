"""What a node tells of itself: counts and latencies, on /diagnostics once a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node


class Diagnostics:
    """Counts of a node and the latencies of its stages over the last 1,000 frames."""

    def __init__(self, node: Node, hardware_id: str) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._counts: dict[str, int] = {"received": 0, "processed": 0, "dropped": 0, "failed": 0}
        self._latency: dict[str, deque[float]] = {}
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = node.create_timer(1.0, self.publish)

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a count."""
        self._counts[name] = self._counts.get(name, 0) + by

    def set(self, name: str, value: int) -> None:
        """Sets a count that somebody else keeps."""
        self._counts[name] = value

    def latency(self, milliseconds: Mapping[str, float]) -> None:
        """Takes the milliseconds per stage of one frame."""
        for stage, value in milliseconds.items():
            self._latency.setdefault(stage, deque(maxlen=1000)).append(value)

    def values(self) -> dict[str, str]:
        """All of it as text: the counts, and ``STAGE_p50_ms``, ``STAGE_p95_ms`` per stage."""
        values = {name: str(value) for name, value in self._counts.items()}
        for stage, samples in list(self._latency.items()):
            p50, p95 = np.percentile(list(samples), [50, 95])
            values |= {f"{stage}_p50_ms": f"{p50:.3f}", f"{stage}_p95_ms": f"{p95:.3f}"}
        return values

    def publish(self) -> None:
        """Publishes one status; WARN when frames were dropped or failed."""
        bad = self._counts["dropped"] + self._counts["failed"]
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if bad else DiagnosticStatus.OK,
            name=self._node.get_fully_qualified_name(),
            message=f"{bad} frames dropped or failed" if bad else "ok",
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in self.values().items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
