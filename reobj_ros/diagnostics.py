"""What a node tells of itself: counts and latencies, on /diagnostics once a second."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

COUNTS = ("received", "processed", "failed")


class Diagnostics:
    """Counts of a node and the latencies of its stages over the last 1,000 frames. For several threads.

    Args:
        node: that publishes.
        hardware_id: the device that it runs on.
        dropped: gives the number of frames that were dropped so far.
        problem: gives a sentence while the node as a whole has failed, else nothing.
        concern: gives a sentence while the node works and somebody should look after it, else nothing.
    """

    def __init__(
        self,
        node: Node,
        hardware_id: str,
        dropped: Callable[[], int],
        problem: Callable[[], str] = lambda: "",
        concern: Callable[[], str] = lambda: "",
    ) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._dropped = dropped
        self._problem, self._concern = problem, concern
        self._lock = threading.Lock()
        self._counts = Counter(dict.fromkeys(COUNTS, 0))
        self._latency: dict[str, deque[float]] = {}
        self._bad_before = 0
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = node.create_timer(1.0, self.publish)

    def count(self, name: str) -> None:
        """Adds one to one of COUNTS."""
        with self._lock:
            self._counts[name] += 1

    def latency(self, milliseconds: Mapping[str, float]) -> None:
        """Takes the milliseconds per stage of one frame."""
        with self._lock:
            for stage, value in milliseconds.items():
                self._latency.setdefault(stage, deque(maxlen=1000)).append(value)

    def counts(self) -> dict[str, int]:
        """How many frames were received, processed, failed and dropped."""
        with self._lock:
            return {**self._counts, "dropped": self._dropped()}

    def percentiles(self) -> dict[str, float]:
        """``STAGE_p50_ms`` and ``STAGE_p95_ms`` per stage, milliseconds."""
        with self._lock:
            samples = {stage: list(values) for stage, values in self._latency.items()}
        found = {stage: np.percentile(values, [50, 95]) for stage, values in samples.items()}
        return {f"{stage}_p{p}_ms": both[i] for stage, both in found.items() for i, p in enumerate((50, 95))}

    def status(self) -> DiagnosticStatus:
        """All of it; WARN with a concern or where frames were lost since the last, ERROR with a problem."""
        counts = self.counts()
        bad = counts["dropped"] + counts["failed"]
        new, self._bad_before = bad - self._bad_before, bad
        values = {key: str(value) for key, value in counts.items()}
        values |= {key: f"{value:.3f}" for key, value in self.percentiles().items()}
        level = DiagnosticStatus.WARN if new else DiagnosticStatus.OK
        message = f"{new} frames dropped or failed" if new else "ok"
        if concern := self._concern():
            level, message = DiagnosticStatus.WARN, concern
        if problem := self._problem():
            level, message = DiagnosticStatus.ERROR, problem
        return DiagnosticStatus(
            level=level,
            name=self._node.get_fully_qualified_name(),
            message=message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )

    def publish(self) -> None:
        """Publishes the status."""
        array = DiagnosticArray(status=[self.status()])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
