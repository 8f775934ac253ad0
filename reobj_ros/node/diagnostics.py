"""What a node tells of itself: counts, rates, latencies, memory, and what somebody should look after."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from reobj_ros.node.status_topic import Status, StatusTopic
from reobj_ros.node.throttle import Throttle
from reobj_ros.node.vitals import idle_gpu, memory

COUNTS = ("received", "processed", "failed")

BEHIND_S = 60.0
"""That a node falls behind is logged at most so often, in seconds; diagnostics say it each time."""

CURES = {
    "detect": "a GPU (device), a smaller detector.input_size, or fewer images from the camera",
    "encode": "a GPU (device), a smaller encoder.model, or fewer images from the camera",
    "associate": "fewer images from the camera, or a smaller association.max_prototypes",
}
"""What helps when a stage is the slowest one."""

BESIDE = "key_frame"
"""What a detector does beside the frames: none of them waits for it."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What diagnostics ask of a node, once a second in the executor's thread.

    Attributes:
        overtaken: frames so far that a newer one replaced while the stage was busy.
        unmatched: frames so far without what they need, as masks or embeddings.
        rates: messages per second of each input, by topic.
        values: further figures or words by name, as the size of the map.
        problem: a sentence while the node as a whole has failed, else nothing.
        concerns: sentences while the node works and somebody should look after it.
    """

    overtaken: Callable[[], int] = int
    unmatched: Callable[[], int] = int
    rates: Callable[[], Mapping[str, float]] = dict
    values: Callable[[], Mapping[str, float | str]] = dict
    problem: Callable[[], str] = str
    concerns: Callable[[], Iterable[str]] = tuple


class Diagnostics:
    """Counts of a node and the latencies of its stages over the last 1,000 frames. For several threads.

    Args:
        node: that publishes.
        device: of the networks, as "cpu" or "cuda:0"; empty where there are none.
        vitals: what else there is to tell.
        clock: gives seconds.
    """

    def __init__(
        self,
        node: Node,
        device: str = "",
        vitals: Vitals | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node, self._device, self._vitals, self._clock = node, device, vitals or Vitals(), clock
        self._lock = threading.Lock()
        self._counts = Counter(dict.fromkeys(COUNTS, 0))
        self._latency: dict[str, deque[float]] = {}
        self._before, self._at_s = self.counts(), clock()
        self._settled = False
        self._idle_gpu = idle_gpu(device)
        self._may_log = Throttle(BEHIND_S, clock)
        StatusTopic(node, device, self.status)

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
        """How many frames were received, processed and failed; how many were dropped, in all and why."""
        overtaken, unmatched = self._vitals.overtaken(), self._vitals.unmatched()
        dropped = {"dropped": overtaken + unmatched, "overtaken": overtaken, "unmatched": unmatched}
        with self._lock:
            return {**self._counts, **dropped}

    def percentiles(self) -> dict[str, float]:
        """``STAGE_p50_ms`` and ``STAGE_p95_ms`` per stage, milliseconds."""
        with self._lock:
            samples = {stage: list(values) for stage, values in self._latency.items()}
        found = {stage: np.percentile(values, [50, 95]) for stage, values in samples.items()}
        return {f"{stage}_p{p}_ms": both[i] for stage, both in found.items() for i, p in enumerate((50, 95))}

    def status(self) -> Status:
        """All of it; WARN with a concern or where frames were lost since the last, ERROR with a problem."""
        counts, now_s = self.counts(), self._clock()
        new = {name: count - self._before[name] for name, count in counts.items()}
        self._settled = self._before["processed"] > 0  # what waits at the start says nothing of the speed
        passed_s, self._before, self._at_s = max(now_s - self._at_s, 1e-3), counts, now_s
        latency = self.percentiles()
        values: dict[str, float | str] = {
            **counts,
            **{f"{name}_hz": new[name] / passed_s for name in ("received", "processed")},
            **{f"{topic}_hz": rate for topic, rate in self._vitals.rates().items()},
            **latency,
            **({"device": self._device} if self._device else {}),
            **memory(self._device),
            **self._vitals.values(),
        }
        level, message = DiagnosticStatus.OK, "ok"
        if concerns := [*self._lost(new, latency), *self._vitals.concerns(), self._idle_gpu]:
            said = "; ".join(filter(None, concerns))
            level, message = (DiagnosticStatus.WARN, said) if said else (level, message)
        if problem := self._vitals.problem():
            level, message = DiagnosticStatus.ERROR, problem
        return Status(level, message, {name: shown(value) for name, value in values.items()})

    def _lost(self, new: Mapping[str, int], latency: Mapping[str, float]) -> list[str]:
        """Sentences about the frames that were lost since the last status."""
        said = []
        if new["overtaken"]:
            said.append(behind(new["overtaken"], new["received"], latency))
            if self._settled and self._may_log(said[0]):
                self._node.get_logger().warning(said[0])
        if new["unmatched"]:
            said.append(
                f"{new['unmatched']} frames dropped, as what they need came too late or never: "
                "raise sync_wait, or see to the node before this one"
            )
        if new["failed"]:
            said.append(f"{new['failed']} frames failed: the log says why")
        return said


def behind(dropped: int, received: int, latency: Mapping[str, float]) -> str:
    """That a node is too slow for its camera, which stage is, and what helps.

    Args:
        dropped, received: frames since the last status.
        latency: as ``Diagnostics.percentiles``.
    """
    said = f"falling behind: {dropped} of {received} frames overtaken by newer ones"
    medians = {name.removesuffix("_p50_ms"): ms for name, ms in latency.items() if name.endswith("_p50_ms")}
    medians.pop(BESIDE, None)
    if not medians:
        return said
    stage = max(medians, key=lambda name: medians[name])
    cure = f"; what helps: {CURES[stage]}" if stage in CURES else ""
    return f"{said}, as {stage} takes {medians[stage]:.0f} ms{cure}"


def shown(value: float | str) -> str:
    """A value as text: counts as they are, other numbers to a thousandth."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
